import math
import os
import signal
import threading
import time

import psutil
import pytest

from chapters.hyperparameters.cluster import cluster_search


def space(trial):
    trial.suggest_float("x", 0, 1)


def search(objective, folder, **options):
    options = {"trials": 4, "smallest": 1, "largest": 3, "seed": 0, "max_concurrent": 2} | options
    return cluster_search(objective, space, storage_path=folder, **options)


@pytest.mark.parametrize(
    "options", [{"trials": 0}, {"max_concurrent": 0}, {"retries": -1}, {"smallest": 9}]
)
def test_bad_arguments_are_named_before_ray_starts(options, tmp_path):
    with pytest.raises(ValueError, match=f"got .*{next(iter(options.values()))}"):
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

    assert found.num_errors == 0
    failed = [result for result in found if math.isnan(result.metrics["value"])]
    assert [result.metrics["error"] for result in failed] == ["RuntimeError: a bug"]
    others = [result for result in found if not math.isnan(result.metrics["value"])]
    assert len(others) == 5
    for result in others:
        assert result.metrics["budget"] in (1, 3)
        assert result.metrics["value"] == result.config["x"] * result.metrics["budget"]
    assert found.get_best_result().metrics["budget"] == 3
    assert victim.read_text() and dies.exists()
    assert not {
        child.name() for child in psutil.Process().children(recursive=True)
        if child.pid not in before and child.status() != psutil.STATUS_ZOMBIE
    }  # fmt: skip
