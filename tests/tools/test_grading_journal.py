"""Nothing that was graded is lost, and nothing is graded twice."""

import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.tools.submitted import CHAPTER, PASSED, assign, notebook, saved, solutions
from tools.chapters import ROOT
from tools.grading import __main__ as command
from tools.grading.assignments import read_assignment
from tools.grading.grade import grade_all
from tools.grading.intake import find_submissions
from tools.grading.journal import Journal
from tools.grading.judging import JudgeError, Judges
from tools.grading.rows import Row

RIGHT = solutions()


@pytest.fixture(scope="module")
def assigned(tmp_path_factory):
    return assign(tmp_path_factory.mktemp("assigned") / "term")


@pytest.fixture
def judged(monkeypatch):
    """The submissions' answers that were judged, by a judge that passes everything."""
    seen = []

    def verdicts(self, definitions, hidden, checks, constants, programs, fallbacks, seconds):
        seen.append(programs)
        return dict.fromkeys(programs, PASSED)

    monkeypatch.setattr(Judges, "verdicts", verdicts)
    monkeypatch.setattr(command, "is_possible", lambda: False)
    return seen


def hand_in(folder, *names, answers=RIGHT):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(saved(notebook(answers)))
    return folder


def run(monkeypatch, assigned, folder, *more):
    arguments = ["grading", str(assigned), str(folder), "--unsandboxed",
                 "--out", str(folder.parent / "out"), *more]  # fmt: skip
    monkeypatch.setattr("sys.argv", arguments)
    return command.main()


def table(folder):
    return (folder.parent / "out" / "grades.csv").read_text().splitlines()[1:]


def test_only_what_is_missing_or_changed_is_graded_again(monkeypatch, assigned, tmp_path, judged):
    folder = hand_in(tmp_path / "in", "ann.ipynb", "bob.ipynb", "cleo.ipynb")
    assert run(monkeypatch, assigned, folder) == 0
    assert len(judged) == 3
    first = table(folder)
    assert len(first) == 9
    assert run(monkeypatch, assigned, folder) == 0
    assert len(judged) == 3 and table(folder) == first
    hand_in(folder, "bob.ipynb", answers=RIGHT | {"gain": "def gain(f): return 1.0"})
    hand_in(folder, "dan.ipynb")
    assert run(monkeypatch, assigned, folder) == 0
    assert len(judged) == 5 and len(table(folder)) == 12
    assert run(monkeypatch, assigned, folder, "--regrade", "a*", "cleo.ipynb") == 0
    assert len(judged) == 7
    assert run(monkeypatch, assigned, folder, "--seconds", "5") == 0
    assert len(judged) == 11


def test_changed_points_or_hidden_tests_grade_again(
    monkeypatch, assigned, tmp_path, judged, capsys
):
    copy, folder = tmp_path / "copy", hand_in(tmp_path / "in", "ann.ipynb")
    shutil.copytree(assigned, copy)
    assert run(monkeypatch, copy, folder) == 0
    assert "has changed since" not in capsys.readouterr().err
    for name in ("points.csv", f"hidden/{CHAPTER}.py", "code/lib/activations.py"):
        path = copy / "instructor" / name
        path.write_text(path.read_text().replace(",4,", ",8,") + "\n")
        assert run(monkeypatch, copy, folder) == 0
        assert "has changed since it was handed out" in capsys.readouterr().err
    assert len(judged) == 3  # other points need no other verdict
    assert ",swish,8,8," in table(folder)[0].replace(".0", "")


def test_progress_is_said_and_what_is_skipped(monkeypatch, assigned, tmp_path, judged, capsys):
    folder = hand_in(tmp_path / "in", "ann.ipynb")
    (folder / "essay.pdf").write_bytes(b"%PDF")
    (folder / ".hidden").touch()
    assert run(monkeypatch, assigned, folder, "--jobs", "1") == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "skipped .hidden: a hidden file",
        "[1/2] ann.ipynb: 15 of 15",
        "[2/2] essay.pdf: not a notebook (JSONDecodeError)",
    ]
    assert said.out.startswith("2 submissions: ")


def test_a_folder_that_cannot_be_written_is_named(monkeypatch, assigned, tmp_path, judged, capsys):
    folder = hand_in(tmp_path / "in", "ann.ipynb")
    (tmp_path / "out").write_text("a file")
    assert run(monkeypatch, assigned, folder) == 1
    said = capsys.readouterr().err
    assert "could not be written" in said and str(tmp_path / "out") in said


@pytest.mark.parametrize("bad", [["--jobs", "0"], ["--jobs", "x"], ["--seconds", "nan"],
                                 ["--seconds", "0"], ["--seconds", "soon"]])  # fmt: skip
def test_a_number_without_sense_is_refused(monkeypatch, assigned, tmp_path, judged, bad, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, assigned, hand_in(tmp_path / "in", "ann.ipynb"), *bad)
    assert f"expected a number of {'at least 1' if bad[0] == '--jobs' else 'seconds'}" in (
        capsys.readouterr().err
    )


def test_make_passes_on_what_it_is_given():
    given = ["ASSIGNMENT=a", "SUBMISSIONS=s", "JOBS=3", "SECONDS=5", "ROSTER=r 1.csv",
             "OVERRIDES=o.csv", "REGRADE=ann* bob.ipynb", "UNSANDBOXED=yes"]  # fmt: skip
    done = subprocess.run(["make", "-n", "grade", *given], cwd=ROOT, capture_output=True, text=True)
    for option in ("--jobs 3", "--seconds 5", '--roster "r 1.csv"', '--overrides "o.csv"',
                   "--regrade 'ann*' 'bob.ipynb'", "--unsandboxed"):  # fmt: skip
        assert option in done.stdout, done


def test_a_roster_and_corrections_reach_the_totals(monkeypatch, assigned, tmp_path, judged, capsys):
    folder = hand_in(tmp_path / "in", "ann.ipynb", "zoe.ipynb")
    (tmp_path / "roster.csv").write_text("name;id\nAnn;1\nBob;2\n;\n", "utf-8-sig")
    (tmp_path / "fixes.csv").write_text("student,chapter,points\nBob,01_activations,7\nx,y,1\n")
    more = ["--roster", str(tmp_path / "roster.csv"), "--overrides", str(tmp_path / "fixes.csv")]
    assert run(monkeypatch, assigned, folder, *more) == 0
    totals = (tmp_path / "out" / "totals.csv").read_text().splitlines()
    assert [row.split(",")[3] for row in totals[1:]] == ["15", "7"]
    said = capsys.readouterr().err
    assert "zoe.ipynb counts for nobody" in said and "line 3 of the overrides" in said


def test_reports_of_what_is_gone_are_removed(monkeypatch, assigned, tmp_path, judged):
    folder = hand_in(tmp_path / "in", "ann.ipynb", "bob.ipynb")
    run(monkeypatch, assigned, folder)
    (folder / "bob.ipynb").unlink()
    run(monkeypatch, assigned, folder)
    reports = [path.name for path in (tmp_path / "out").rglob("*.txt")]
    assert sorted(reports) == ["ann.ipynb.txt", "ann.txt"]
    assert not any("bob" in row for row in table(folder))


def test_an_interrupt_loses_nothing_finished(monkeypatch, assigned, tmp_path, judged):
    folder = hand_in(tmp_path / "in", "ann.ipynb", "bob.ipynb", "cleo.ipynb")
    fine = Judges.verdicts

    def interrupted(self, *arguments):
        if len(judged) == 2:
            raise KeyboardInterrupt
        return fine(self, *arguments)

    monkeypatch.setattr(Judges, "verdicts", interrupted)
    assert run(monkeypatch, assigned, folder, "--jobs", "1") == 130
    assert len(table(folder)) == 6
    monkeypatch.setattr(Judges, "verdicts", fine)
    assert run(monkeypatch, assigned, folder) == 0
    assert len(judged) == 3 and len(table(folder)) == 9


def interruptible():
    """A shell starts what it runs in the background so that it ignores interrupts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_stopped_keeps_its_rows(assigned, tmp_path, how):
    folder = hand_in(tmp_path / "in", "blank.ipynb", answers={})
    hand_in(folder, "endless.ipynb", answers=RIGHT | {"swish": "while True: pass"})
    arguments = [sys.executable, "-m", "tools.grading", assigned, folder, "--out", tmp_path / "out",
                 "--unsandboxed", "--jobs", "1", "--seconds", "60"]  # fmt: skip
    process = subprocess.Popen(
        arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=interruptible,
    )  # fmt: skip
    assert "[1/2] blank.ipynb" in process.stderr.readline()
    process.send_signal(how)
    started = time.monotonic()
    process.wait(30)
    assert time.monotonic() - started < 20
    assert len(table(folder)) == 3
    assert Journal(tmp_path / "out" / "journal.jsonl").names == {"blank.ipynb"}


def test_a_line_that_was_cut_short_costs_only_itself(tmp_path):
    path, rows = tmp_path / "journal.jsonl", [Row("a", "c", "e", 1.5, 2, "x\ud800", (("t", ""),))]
    Journal(path).add("a\udcfc", "1", "c", rows)
    Journal(path).add("b", "2", "c", rows)
    path.write_bytes(path.read_bytes()[:-20])
    again = Journal(path)
    assert again.find("a\udcfc", "1", "c") == rows and again.find("b", "2", "c") is None
    again.add("b", "2", "c", rows)
    assert Journal(path).find("b", "2", "c") == rows
    path.write_bytes(b"\xff\n[]\n{}\n" + path.read_bytes() + b'{"name": "c", "rows": 5}\n')
    assert Journal(path).names == {"a\udcfc", "b"}


def test_a_judge_that_failed_is_asked_again_and_others_keep_their_rows(
    assigned, tmp_path, monkeypatch
):
    folder = hand_in(tmp_path / "in", "ann.ipynb", "bob.ipynb")
    calls = []

    def verdicts(self, definitions, hidden, checks, constants, programs, fallbacks, seconds):
        calls.append(programs)
        if len(calls) == 1:
            raise JudgeError("its judge gave no verdict")
        return dict.fromkeys(programs, PASSED)

    monkeypatch.setattr(Judges, "verdicts", verdicts)
    there, journal = read_assignment(assigned), Journal(tmp_path / "journal")
    intake = find_submissions(folder)
    rows = grade_all(there, intake, sandbox=False, jobs=1, journal=journal)
    assert [row.reason for row in rows["ann.ipynb"]] == ["its judge gave no verdict"]
    rows = grade_all(there, intake, sandbox=False, jobs=1, journal=journal)
    assert len(calls) == 3 and sum(row.points for row in rows["ann.ipynb"]) == 15
