import subprocess
import sys
import time

import pytest
from optuna.trial import TrialState

from chapters.hyperparameters import studies
from tools.chapters import ROOT

GRID = [{"x": x / 4, "y": y} for x in range(4) for y in (0, 1)]
PROGRAM = """\
import sys, time
from pathlib import Path
from chapters.hyperparameters import studies

log = Path(sys.argv[2])

def objective(trial):
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_int("y", 0, 1)
    with log.open("a") as file:
        print(x, y, file=file)
    time.sleep(float(sys.argv[3]))
    return x - y

grid = [{"x": x / 4, "y": y} for x in range(4) for y in (0, 1)]
studies.evaluate(objective, grid, path=sys.argv[1])
"""


def objective(trial):
    return trial.suggest_float("x", 0, 1) - trial.suggest_int("y", 0, 1)


def start(path, log, seconds):
    command = [sys.executable, "-c", PROGRAM, str(path), str(log), str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def wait_for_lines(log, count):
    while not log.is_file() or len(log.read_text().splitlines()) < count:
        time.sleep(0.05)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_configuration_is_evaluated_once_and_the_best_is_found(tmp_path, workers):
    study = studies.evaluate(objective, GRID, path=tmp_path / "a.db", workers=workers)
    assert [trial.params for trial in study.trials] == GRID
    assert [trial.value for trial in study.trials] == [c["x"] - c["y"] for c in GRID]
    assert study.best_params == {"x": 0.75, "y": 0}


def test_a_second_call_evaluates_what_is_new_alone(tmp_path):
    studies.evaluate(objective, GRID[:3], path=tmp_path / "a.db")
    study = studies.evaluate(lambda trial: objective(trial) + 10, GRID, path=tmp_path / "a.db")
    assert [trial.value > 5 for trial in study.trials] == [False] * 3 + [True] * 5


def test_a_failure_is_recorded_and_ends_nothing(tmp_path):
    def fails(trial):
        x = trial.suggest_float("x", 0, 1)
        if x == 0.25:
            raise KeyError("lr")
        return float("nan") if x == 0.5 else x

    study = studies.evaluate(fails, [{"x": c} for c in (0, 0.25, 0.5, 1)], path=tmp_path / "a.db")
    failed = study.get_trials(states=[TrialState.FAIL])
    errors = [trial.user_attrs["error"] for trial in failed]
    assert errors == ["KeyError: 'lr'", "ValueError: the objective returned nan"]
    assert study.best_value == 1


def test_a_killed_search_goes_on_where_it_was(tmp_path):
    path, log = tmp_path / "a.db", tmp_path / "log"
    process = start(path, log, 0.3)
    wait_for_lines(log, 4)
    process.kill()
    process.wait()
    first = log.read_text().splitlines()
    assert start(path, log, 0).wait() == 0
    second = log.read_text().splitlines()[len(first) :]
    assert set(first) | set(second) == {f"{c['x']} {c['y']}" for c in GRID}
    assert len(second) <= len(GRID) - len(first) + 1  # the one that was cut short
    study = studies.evaluate(objective, GRID, path=path)
    complete = study.get_trials(states=[TrialState.COMPLETE])
    assert sorted(trial.value for trial in complete) == sorted(c["x"] - c["y"] for c in GRID)


def test_a_second_process_is_refused_and_harms_nothing(tmp_path):
    path, log = tmp_path / "a.db", tmp_path / "log"
    process = start(path, log, 0.5)
    wait_for_lines(log, 1)
    with pytest.raises(studies.StudyBusyError, match=r"another process works on .*a\.db"):
        studies.evaluate(objective, GRID, path=path)
    assert process.wait() == 0
    assert len(log.read_text().splitlines()) == len(GRID)
