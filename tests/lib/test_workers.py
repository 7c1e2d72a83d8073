import os
import subprocess
import sys
import threading

import joblib
import pytest
import torch
from torch import nn

from lib import runtime, workers
from lib.workers import spread, worker_count
from tools.chapters import ROOT


@pytest.mark.parametrize("count", [1, 2])  # in this process, and in others
def test_calls_come_back_in_order_from_one_thread_each(count):
    network = nn.Linear(2, 1)

    def call(x):
        return network(x).detach(), torch.get_num_threads()

    found = spread(call, list(torch.eye(2)), workers=count)
    for x, (value, threads) in zip(torch.eye(2), found, strict=True):
        torch.testing.assert_close(value, network(x).detach())
        assert threads == 1


@pytest.mark.nightly
def test_workers_need_no_fork_as_on_macos():
    """Neither joblib's workers nor those of PyTorch's loaders."""
    command = [sys.executable, "-m", "tests.lib.without_fork"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300)


def test_nothing_to_do_takes_no_worker():
    assert spread(abs, [], workers=2) == []


def test_the_threads_of_this_process_come_back():
    torch.set_num_threads(2)
    spread(abs, [-1], workers=1)
    assert torch.get_num_threads() == 2


def test_errors_of_the_function_arrive():
    with pytest.raises(ZeroDivisionError):
        spread(lambda x: 1 / x, [1, 0], workers=2)


def test_no_workers_is_an_error():
    with pytest.raises(ValueError, match="at least 1; got 0"):
        spread(abs, [1], workers=0)


def test_there_is_a_worker_for_each_core_up_to_a_limit(monkeypatch):
    run = runtime.start("quick", device="cpu")
    for cores, expected in ((1, 1), (2, 2), (64, workers.MAX_WORKERS)):
        monkeypatch.setattr(joblib, "cpu_count", lambda cores=cores: cores)
        assert worker_count(run) == expected


def test_a_place_that_shares_its_cores_can_allow_fewer(monkeypatch):
    run = runtime.Run("quick", 0, torch.device("cpu"), 1)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    monkeypatch.setenv("COURSE_WORKERS", "2")
    assert worker_count(run) == 2
    for wrong in ("0", "-1", "two"):
        monkeypatch.setenv("COURSE_WORKERS", wrong)
        with pytest.raises(ValueError, match="COURSE_WORKERS must be a positive integer; got"):
            worker_count(run)


def who(_: int) -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


def who_below(item: int) -> list[tuple[int, int]]:
    return [who(item), *spread(who, range(4), workers=2)]


def test_a_worker_makes_the_calls_that_it_spreads_itself():
    for found in spread(who_below, range(2), workers=2):
        assert len(set(found)) == 1  # threads would share networks, and hooks on them


def test_one_after_another_the_calls_may_be_spread_below():
    (found,) = spread(who_below, [0], workers=1)
    assert found[0] == (os.getpid(), threading.get_ident())
    assert {process for process, _ in found[1:]} != {os.getpid()}
