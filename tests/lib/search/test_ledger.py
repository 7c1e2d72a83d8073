import os
import signal
import subprocess
import sys
import time

import optuna
import psutil
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from lib.search import SearchError, Uniform, grid_search, random_search, successive_halving
from tools.chapters import ROOT

SPACE = {"x": Uniform(0, 1)}
SCRIPT = """
import sys, time
from lib.search import Uniform, successive_halving

def slow(config, budget):
    time.sleep(0.05)
    return config["x"] * budget

successive_halving(
    slow, {"x": Uniform(0, 1)}, trials=9, smallest=1, largest=9, seed=0,
    storage=sys.argv[1], workers=int(sys.argv[2]), progress=None,
)
"""


class Counting:
    """An objective that notes what it was asked, and can be interrupted."""

    def __init__(self, stop_after=None):
        self.asked = []
        self.stop_after = stop_after

    def __call__(self, config, budget):
        if len(self.asked) == self.stop_after:
            raise KeyboardInterrupt
        self.asked.append((config["x"], budget))
        return config["x"] * budget


def halving(objective, storage=None, **options):
    options = {"trials": 9, "smallest": 1, "largest": 9, "seed": 0, "progress": None} | options
    return successive_halving(objective, SPACE, storage=storage, **options)


def told(search):
    """All of a search but the times."""
    return [(t.number, t.config, t.state, t.value, t.values, t.error) for t in search.trials]


@pytest.mark.parametrize("done", [0, 4, 10, 12])
def test_a_search_that_was_interrupted_goes_on_where_it_was(tmp_path, done):
    whole, first, second = Counting(), Counting(stop_after=done), Counting()
    with pytest.raises(KeyboardInterrupt):
        halving(first, tmp_path / "log")
    resumed = halving(second, tmp_path / "log")
    assert told(resumed) == told(halving(whole))
    assert first.asked + second.asked == whole.asked


def test_a_finished_search_is_read_and_not_run_again(tmp_path):
    finished = halving(Counting(), tmp_path / "log")
    idle = Counting()
    assert halving(idle, tmp_path / "log") == finished
    assert idle.asked == []


@pytest.mark.parametrize(
    ("workers", "how"), [(1, signal.SIGKILL), (2, signal.SIGKILL), (2, signal.SIGINT)]
)
def test_a_search_that_was_killed_goes_on_and_loses_nothing(tmp_path, workers, how):
    storage = tmp_path / "log"
    command = [sys.executable, "-c", SCRIPT, str(storage), str(workers)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    # Two values in the journal, and others to come.
    while not (storage.exists() and storage.read_bytes().count(b'"values":[[') >= 2):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    its_workers = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, how)
    assert process.wait() != 0
    assert psutil.wait_procs(its_workers, timeout=60)[1] == []

    done = storage.read_bytes().count(b'"values":[[')
    again = Counting()
    assert told(halving(again, storage)) == told(halving(Counting()))
    assert len(again.asked) == 13 - done > 0


def test_a_journal_cut_at_any_place_can_be_gone_on_with(tmp_path):
    halving(Counting(), tmp_path / "whole", trials=3, largest=3)
    content = (tmp_path / "whole").read_bytes()
    expected = told(halving(Counting(), trials=3, largest=3))
    for kept in range(0, len(content), 97):
        cut = tmp_path / f"cut-{kept}"
        cut.write_bytes(content[:kept])
        assert told(halving(Counting(), cut, trials=3, largest=3)) == expected, f"cut at {kept}"
        assert told(halving(Counting(), cut, trials=3, largest=3)) == expected, f"cut at {kept}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "seed 0 there, seed 1 here; nothing was changed"),
        ({"trials": 10}, "trials 9 there, trials 10 here"),
        ({"largest": 3}, "largest 9 there, largest 3 here"),
    ],
)
def test_a_storage_of_another_plan_is_named_and_left_as_it_is(tmp_path, change, message):
    halving(Counting(), tmp_path / "log")
    before = (tmp_path / "log").read_bytes()
    with pytest.raises(SearchError, match=message):
        halving(Counting(), tmp_path / "log", **change)
    with pytest.raises(SearchError, match=r"strategy successive halving, .*strategy grid"):
        grid_search(Counting(), {"x": [1]}, budget=1, storage=tmp_path / "log", progress=None)
    with pytest.raises(SearchError, match=r"space x: Uniform.*high=1.* there.*high=2"):
        successive_halving(
            Counting(), {"x": Uniform(0, 2)}, trials=9, smallest=1, largest=9, seed=0,
            storage=tmp_path / "log", progress=None,
        )  # fmt: skip
    assert (tmp_path / "log").read_bytes() == before


def test_a_file_that_is_no_journal_is_named_and_left_as_it_is(tmp_path):
    (tmp_path / "notes").write_text("my notes")
    with pytest.raises(SearchError, match="must be a journal of Optuna; it starts with b'my notes"):
        halving(Counting(), tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "my notes"


def test_a_journal_of_another_study_is_named(tmp_path):
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "log")))
    optuna.create_study(storage=storage, study_name="mine")
    with pytest.raises(SearchError, match=r"one study named 'search'; it holds \['mine'\]"):
        halving(Counting(), tmp_path / "log")


def test_the_lock_of_a_search_killed_while_it_wrote_is_taken_over(tmp_path, monkeypatch):
    dying = "import os; os.fsync = lambda file: os.kill(os.getpid(), 9)\n" + SCRIPT
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", dying, "below/log", "1"]
    ended = subprocess.run(command, cwd=tmp_path, env=environment)
    assert ended.returncode == -signal.SIGKILL
    # A link that leads nowhere Optuna would never take over.
    assert (tmp_path / "below/log.lock").is_symlink() and (tmp_path / "below/log.lock").exists()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lib.search.ledger.LOCK_SECONDS", 3)
    assert told(halving(Counting(), "below/log")) == told(halving(Counting()))
    assert not (tmp_path / "below/log.lock").is_symlink()


def test_optuna_itself_reads_the_journal(tmp_path):
    search = halving(Counting(), tmp_path / "log")
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "log")))
    study = optuna.load_study(study_name="search", storage=storage)
    assert study.best_params == search.best.config
    assert study.best_value == search.best.value
    assert study.best_trial.intermediate_values == search.best.values
    states = [trial.state.name.lower() for trial in study.get_trials()]
    assert states == [trial.state for trial in search.trials]


def test_failures_are_kept_and_not_run_again(tmp_path):
    def fails(config, budget):
        raise RuntimeError("no")

    def search(objective):
        return random_search(
            objective, SPACE, trials=3, budget=1, seed=0, storage=tmp_path / "log", progress=None
        )

    first = search(fails)
    assert {(trial.state, trial.error) for trial in first.trials} == {
        ("failed", "RuntimeError: no")
    }
    assert search(Counting()) == first
