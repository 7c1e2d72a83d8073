import errno
import fcntl
import math
import os
import subprocess
import sys
import time

import pytest
from optuna.trial import TrialState

from chapters.hyperparameters import studies
from tests.faults.processes import count_lines, killed_at_line
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


def test_of_two_that_start_at_once_one_searches_and_the_other_is_refused(tmp_path):
    path, log = tmp_path / "a.db", tmp_path / "log"
    both = [start(path, log, 0.3) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    assert any("StudyBusyError: another process works on" in error for error in errors)
    assert len(log.read_text().splitlines()) == len(GRID)
    study = studies.evaluate(objective, GRID, path=path)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * len(GRID)


def finishes_after_two_kills(path, line):
    """Whether a search that is killed before this line, twice, still evaluates everything."""
    search = lambda: studies.evaluate(objective, GRID, path=path)  # noqa: E731
    for _ in range(2):
        killed_at_line(search, ["chapters/hyperparameters/studies.py"], line)
    study = search()
    values = [t.value for t in study.get_trials(states=[TrialState.COMPLETE])]
    return sorted(values) == sorted(c["x"] - c["y"] for c in GRID)


@pytest.mark.parametrize("line", [40, 90])
def test_a_search_that_is_killed_goes_on(tmp_path, line):
    assert finishes_after_two_kills(tmp_path / "a.db", line)


@pytest.mark.nightly
def test_a_search_that_is_killed_anywhere_goes_on(tmp_path):
    search = lambda: studies.evaluate(objective, GRID, path=tmp_path / "a.db")  # noqa: E731
    lines = count_lines(search, ["chapters/hyperparameters/studies.py"])
    assert lines > 100
    for line in range(0, lines, 4):
        assert finishes_after_two_kills(tmp_path / f"{line}.db", line), f"killed at line {line}"


@pytest.mark.parametrize("values", [(1.0, math.nan), (1.0, math.inf, None), (math.nan,)])
def test_any_choice_can_be_searched_and_taken_up(tmp_path, values):
    def chosen(trial):
        trial.suggest_categorical("clip", values)
        return 1.0

    for _ in range(2):
        study = studies.evaluate(chosen, [{"clip": v} for v in values], path=tmp_path / "a.db")
        assert str([trial.params["clip"] for trial in study.trials]) == str(list(values))
        assert study.best_value == 1


@pytest.mark.parametrize("name", ["a?b=1#c.db", "100%20.db", "ä ö.db"])
def test_a_file_may_have_any_name(tmp_path, name):
    studies.evaluate(objective, GRID[:1], path=tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {name, f"{name}.lock"}


def test_what_cannot_hold_a_study_is_named(tmp_path):
    (tmp_path / "text.db").write_text("not a study " * 100)
    for path in (tmp_path, tmp_path / "missing" / "a.db"):
        with pytest.raises(ValueError, match=rf"a file in a folder that exists; got {path}"):
            studies.evaluate(objective, GRID, path=path)
    with pytest.raises(
        ValueError, match=r"the SQLite file of a study; got .*text\.db: file is not"
    ):
        studies.evaluate(objective, GRID, path=tmp_path / "text.db")


def test_a_folder_without_links_holds_a_study(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "symlink", refuse)
    monkeypatch.setattr(os, "link", refuse)
    assert len(studies.evaluate(objective, GRID[:2], path=tmp_path / "a.db").trials) == 2


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match=r"cannot lock files.*use a local disk for.*a\.db"):
        studies.evaluate(objective, GRID, path=tmp_path / "a.db")
