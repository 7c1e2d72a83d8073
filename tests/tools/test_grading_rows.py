"""Points tables of any spreadsheet, and rows and reports that any file system can hold."""

import os
import re
import shutil

import pytest

from tests.tools.submitted import PASSED, assign, notebook, saved, solutions
from tools.chapters import CourseError
from tools.grading import grade as grading
from tools.grading.assignments import NO_ROW, read_assignment
from tools.grading.grade import grade_all
from tools.grading.intake import find_submissions
from tools.grading.judging import Judges
from tools.grading.rows import Row, report, report_path, write_grades

RIGHT = solutions()
NO_NUMBER = "expected its points as a number"


@pytest.fixture(scope="module")
def assigned(tmp_path_factory):
    return assign(tmp_path_factory.mktemp("assigned") / "term")


@pytest.fixture
def judged(monkeypatch):
    """A judge that passes everything."""
    monkeypatch.setattr(Judges, "verdicts", lambda self, *job: dict.fromkeys(job[4], PASSED))


def hand_in(folder, name):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(saved(notebook(RIGHT)))
    return folder


@pytest.mark.parametrize(
    ("change", "exercise", "of", "reason"),
    [
        (lambda text: "\ufeff" + text, "swish", 4, ""),
        (lambda text: text.replace(",", ";"), "swish", 4, ""),
        (lambda text: text.replace("\n", "\r\n"), "swish", 4, ""),
        (lambda text: text.replace(",4,", ",2.5,"), "swish", 2.5, ""),
        (lambda text: text.replace(",4,", ",many,"), "swish", 0, NO_NUMBER),
        (lambda text: text.replace(",4,", ",-1,"), "swish", 0, NO_NUMBER),
        (lambda text: text.replace(",4,", ",nan,"), "swish", 0, NO_NUMBER),
        (lambda text: text.replace(",4,", ",,"), "swish", 0, NO_NUMBER),
        (lambda text: re.sub(".*swish.*\n", "", text), "swish", 0, NO_ROW),
        (lambda text: text + "9_nothing,nothing,x,5,1\n", "swish", 4, ""),
        (lambda text: text + "\n\n,,,,\n", "swish", 4, ""),
    ],
)  # fmt: skip
def test_a_points_table_from_any_spreadsheet_costs_at_most_a_row(
    assigned, tmp_path, judged, change, exercise, of, reason
):
    copy = tmp_path / "copy"
    shutil.copytree(assigned / "instructor", copy / "instructor")
    shutil.copy(assigned / ".course-assignment", copy)
    path = copy / "instructor" / "points.csv"
    path.write_bytes(change(path.read_text()).encode())
    there = read_assignment(copy)
    rows = grade_all(there, find_submissions(hand_in(tmp_path / "in", "a.ipynb")), sandbox=False)
    found = {row.exercise: row for row in rows["a.ipynb"]}
    assert found[exercise].of == of and found[exercise].points == of
    assert reason in found[exercise].reason and bool(reason) == bool(found[exercise].reason)
    assert found["gain"].points == 6


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", b"a,b\n1,2\n", b"chapter,exercise\nx,y\n"])
def test_what_is_no_points_table_is_said_before_anything_is_graded(assigned, tmp_path, data):
    copy = tmp_path / "copy"
    shutil.copytree(assigned, copy)
    (copy / "instructor" / "points.csv").write_bytes(data)
    with pytest.raises(CourseError, match=r"points\.csv"):
        read_assignment(copy)


def test_text_that_cannot_be_written_is_escaped_and_long_names_are_shortened(tmp_path):
    names = ["M\udcfcller", "n" * 246, "n" * 246 + "2", "x/" + "ü" * 120 + "/a"]
    rows = [Row(name, "c", "e", 0.0, 1, "bad \ud800 \x00", (("t", "\udfff\n✓ forged"),))
            for name in names]  # fmt: skip
    write_grades(rows, tmp_path)
    assert len(list((tmp_path / "reports").rglob("*.txt"))) == len(names)
    text = (tmp_path / "grades.csv").read_text("utf-8")
    assert "M\\udcfcller" in text and "bad \\ud800 \\x00" in text
    assert "\n✓ forged" not in report(rows[:1])
    assert report_path(tmp_path, names[1]) != report_path(tmp_path, names[2])


def test_a_report_shows_hints_and_errors_on_one_line_each():
    cases = (
        ("a", "expected 2; got 1. Look at the tails."),
        ("b", "ValueError: one\n✓ forged"),
        ("c", ""),
    )
    text = report([Row("x", "c", "swish", 1.0, 4, "an added cell raised KeyError", cases)])
    assert "✗ a: expected 2; got 1. Look at the tails." in text and "✓ c" in text
    assert "\n✓ forged" not in text and "an added cell raised KeyError" in text


def test_an_error_names_no_folder_of_this_machine(assigned, tmp_path):
    if os.geteuid() == 0:
        (tmp_path / "a.ipynb").symlink_to("b")
    else:
        (tmp_path / "a.ipynb").touch(mode=0)
    (row,) = grading.grade_file(read_assignment(assigned), tmp_path / "a.ipynb", "a", sandbox=False)
    assert row.reason and str(tmp_path) not in row.reason
