import pytest
import torch

from lib import runtime


def test_budget_comes_from_the_argument_then_the_environment_then_standard(monkeypatch):
    monkeypatch.delenv("COURSE_BUDGET", raising=False)
    assert runtime.start(device="cpu").budget == "standard"
    monkeypatch.setenv("COURSE_BUDGET", "quick")
    assert runtime.start(device="cpu").budget == "quick"
    assert runtime.start("full", device="cpu").budget == "full"


def test_pick_returns_the_value_of_the_budget():
    choices = {"quick": 1, "standard": 2, "full": 3}
    for budget, value in choices.items():
        assert runtime.start(budget, device="cpu").pick(**choices) == value
    assert runtime.start("full", device="cpu").pick(quick=1, standard=2) == 2


def test_streams_repeat_and_differ():
    run = runtime.start("quick", seed=3, device="cpu")

    def draw(run, *stream):
        return torch.rand(4, generator=run.generator(*stream))

    assert torch.equal(draw(run, "init", 0), draw(run, "init", 0))
    assert not torch.equal(draw(run, "init", 0), draw(run, "init", 1))
    other = runtime.start("quick", seed=4, device="cpu")
    assert not torch.equal(draw(run, "init", 0), draw(other, "init", 0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": "fast"}, "quick, standard, full; got 'fast'"),
        ({"seed": -1}, "at least 0; got -1"),
        ({"device": "tpu9"}, "got 'tpu9'"),
        ({"device": "mps:0"}, "'cuda:N' or 'mps'; got 'mps:0'"),
        ({"device": "cuda:99"}, "torch finds \\d+ CUDA"),
        ({"threads": 0}, "at least 1; got 0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        runtime.start(**{"budget": "quick", "device": "cpu"} | arguments)


def test_an_unusable_thread_count_in_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("COURSE_THREADS", "")
    runtime.start("quick", device="cpu")
    monkeypatch.setenv("COURSE_THREADS", "many")
    with pytest.raises(ValueError, match="COURSE_THREADS must be a positive integer; got 'many'"):
        runtime.start("quick", device="cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="the error is for machines without CUDA")
def test_asking_for_cuda_where_there_is_none_is_an_error():
    with pytest.raises(ValueError, match=r"torch finds 0 CUDA device\(s\)"):
        runtime.start("quick", device="cuda")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="there is an Apple GPU")
def test_asking_for_mps_where_there_is_none_is_an_error():
    with pytest.raises(ValueError, match=r"'mps' was asked for; torch finds no Apple GPU here"):
        runtime.start("quick", device="mps")


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_is_a_gpu_if_there_is_one_and_otherwise_the_cpu(cuda, mps, chosen, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert runtime.choose_device("auto") == torch.device(chosen)


def test_a_run_says_on_which_device_it_computes(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert str(runtime.start("quick", device="mps")).startswith("Apple GPU (MPS), ")
    assert str(runtime.start("quick", device="cpu")).startswith("CPU, ")


def test_a_run_on_other_data_says_so():
    run = runtime.start("quick", device="cpu", as_written=False)
    assert not run.as_written
    assert "other data than the text's" in str(run)
    assert runtime.start("quick", device="cpu").as_written


def test_threads_are_set(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setenv("COURSE_THREADS", "1")
    try:
        assert runtime.start("quick", device="cpu").threads == 1
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
