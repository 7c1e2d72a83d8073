import os
import subprocess
import sys

import pytest

from tools import check
from tools.changes import Changes
from tools.chapters import ROOT


@pytest.fixture
def ran(monkeypatch):
    """What the command ran: its steps all pass, and tests are noted instead of run."""
    files = []
    monkeypatch.setattr(check, "STEPS", (check.Step("lint", lambda: 0),))
    monkeypatch.setattr(check, "run_tests", lambda names, seconds: files.extend(names))
    monkeypatch.setattr(sys, "argv", ["check"])
    return files


def changed(monkeypatch, *files, since="main"):
    monkeypatch.setattr(check, "find_changes", lambda root: Changes(list(files), since))


def test_the_tests_that_reach_a_change_run_and_slow_ones_are_said_to_be_left_out(
    ran, monkeypatch, capsys
):
    changed(monkeypatch, "tests/tools/test_grading.py", "tests/lib/test_checks.py")
    assert check.main() == 0
    assert ran == ["tests/lib/test_checks.py"]
    said = capsys.readouterr().out
    assert "2 files differ from main" in said
    assert "tests/lib/test_checks.py" in said
    assert "Left out: 1 slow test files" in said


@pytest.mark.parametrize("since", ["main", ""])
def test_without_a_change_a_small_set_runs(since, ran, monkeypatch, capsys):
    changed(monkeypatch, since=since)
    assert check.main() == 0
    assert ran == list(check.SMOKE)
    assert "Running 8 test files of a small fixed set" in capsys.readouterr().out


def test_a_step_that_fails_is_named_and_the_others_still_run(ran, monkeypatch, capsys):
    changed(monkeypatch)
    monkeypatch.setattr(check, "STEPS", (check.Step("lint", lambda: 3),))
    assert check.main() == 1
    assert "FAILED: lint in " in capsys.readouterr().out
    assert ran


def test_files_that_are_named_exist():
    assert [name for name in (*check.SLOW, *check.SMOKE) if not (ROOT / name).exists()] == []


def pytest_run(tmp_path, seconds):
    tests = "def test_one(): pass\ndef test_two(): pass\ndef test_three(): pass\n"
    (tmp_path / "test_it.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-p", "tools.clock", "-p", "no:cacheprovider"]
    environment = os.environ | {"COURSE_TESTS_SECONDS": seconds, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "."], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    return done.stdout


def test_tests_that_are_not_reached_in_time_are_skipped_and_counted(tmp_path):
    said = pytest_run(tmp_path, "0")
    assert "1 passed, 2 skipped" in said
    assert "2 tests were not reached in time" in said
    said = pytest_run(tmp_path, "9e9")
    assert "3 passed" in said
    assert "not reached" not in said
