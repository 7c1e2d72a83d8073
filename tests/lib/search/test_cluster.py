import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from lib.search import Uniform, cluster_search
from tools.chapters import ROOT

SPACE = {"x": Uniform(0, 1)}


def search(objective, folder, **options):
    options = {"trials": 4, "smallest": 1, "largest": 3, "seed": 0, "max_concurrent": 2} | options
    return cluster_search(objective, SPACE, storage_path=folder, **options)


def test_importing_the_search_does_not_import_ray():
    code = "import sys, lib.search; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_missing_ray_names_the_file_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "lib.search.tuning", raising=False)
    with pytest.raises(ImportError, match=r"pip install -r requirements-optional\.txt"):
        search(None, tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "trials must be at least 1; got 0"),
        ({"max_concurrent": 0}, "max_concurrent must be at least 1; got 0"),
        ({"retries": -1}, "retries must be at least 0; got -1"),
        ({"smallest": 9}, "0 < smallest <= largest; got 9 and 3"),
    ],
)
def test_bad_arguments_are_named_before_ray_starts(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        search(None, tmp_path, **options)


def test_workers_that_die_cost_no_trial_and_errors_are_recorded(tmp_path):
    """A worker kills itself in its first trial, and another is killed from outside."""
    fails, dies, victim = (tmp_path / name for name in ("fails", "dies", "victim"))

    def first(marker):
        try:
            marker.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def objective(config, budget):
        if first(fails):
            raise RuntimeError("a bug")
        if first(dies):
            os.kill(os.getpid(), signal.SIGKILL)
        if first(victim):
            victim.write_text(str(os.getpid()))
            time.sleep(600)
        return config["x"] * budget

    def kill_the_victim():
        while not (victim.exists() and victim.read_text()):
            time.sleep(0.05)
        psutil.Process(int(victim.read_text())).kill()

    threading.Thread(target=kill_the_victim, daemon=True).start()
    before = {process.pid for process in psutil.process_iter()}
    found = search(objective, tmp_path / "ray", trials=6)

    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert [trial.error for trial in failed] == ["RuntimeError: a bug"]
    others = [trial for trial in found.trials if trial.state != "failed"]
    assert len(others) == 5
    assert {trial.state for trial in others} <= {"complete", "pruned"}
    for trial in others:
        assert trial.values == {b: trial.config["x"] * b for b in (1, 3) if b <= trial.budget}
    assert found.best.budget == 3
    assert victim.read_text() and dies.exists()
    assert not {
        child.name() for child in psutil.Process().children(recursive=True)
        if child.pid not in before and child.status() != psutil.STATUS_ZOMBIE
    }  # fmt: skip
