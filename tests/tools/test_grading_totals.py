"""Totals: who is who, what lateness and corrections change, and what Canvas and Moodle import."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tools.chapters import CourseError
from tools.course_file import Course, Late, Part
from tools.grading.exports import Student
from tools.grading.gradebooks import write_pages, write_totals
from tools.grading.intake import Found
from tools.grading.people import Matcher, Person, read_people
from tools.grading.rows import Row
from tools.grading.tables import number, read_table, table_text
from tools.grading.totals import UNTIMED, total_up

DUE = datetime(2026, 10, 1, 22, tzinfo=UTC)
COURSE = Course("Nets", Late(15, 10, 3), {"01_a": Part(DUE, 1), "02_b": Part(None, 3)})
POINTS = {("01_a", "x"): 4, ("01_a", "y"): 6, ("02_b", "z"): 5}
TITLES = {"01_a": "Activations", "02_b": "Preprocessing"}
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Activations (99)
    Points Possible,,,,,10
"Doe, Jane",4711,u042,jdoe,S1,
"Müller, Jörg",4712,u043,jm,S1,
"Student, Test",4799,,abc,S1,
"""
MOODLE = """\
Identifier,Full name,ID number,Email address,Status,Grade,Maximum grade,Last modified (grade)
Participant 815,Jane Doe,u042,jane@example.edu,Submitted,,10,-
Participant 816,Jörg Müller,u043,jm@example.edu,Submitted,,10,-
"""


def people(text, tmp_path):
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_people(read_table(path))


def found(name, *students):
    return Found(name, bytes, students or (Student(hints=(name.split(".")[0],)),))


def rows_for(name, x=4.0, y=6.0):
    return [Row(name, "01_a", "x", x, 4, ""), Row(name, "01_a", "y", y, 6, "")]


def totals(submissions, roster=None, overrides=(), rows=None):
    rows = rows or {one.name: rows_for(one.name) for one in submissions}
    return total_up(submissions, rows, COURSE, POINTS, roster, overrides)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_roster_is_read_as_spreadsheets_save_it(tmp_path, encoding, delimiter):
    text = MOODLE.replace(",", delimiter).replace("\n", "\r\n")
    known, problems = people(text.encode(encoding), tmp_path)
    assert [person.name for person in known] == ["Jane Doe", "Jörg Müller"] and not problems
    assert known[0].ids == ("u042", "815")


@pytest.mark.parametrize(
    ("student", "name"),
    [
        (Student("doejane", "4711"), "Doe, Jane"),
        (Student("doejane"), "Doe, Jane"),
        (Student("Jane Doe"), "Doe, Jane"),
        (Student("jane doe", "unknown"), "Doe, Jane"),
        (Student(id="U042"), "Doe, Jane"),
        (Student(hints=("jdoe",)), "Doe, Jane"),
        (Student("Jorg Muller"), "Müller, Jörg"),
        (Student("müllerjörg", "4712"), "Müller, Jörg"),
        (Student(hints=("Jörg Müller",)), "Müller, Jörg"),
        (Student("John Doe"), None),
        (Student(), None),
    ],
)
def test_a_student_is_found_by_number_login_or_name(tmp_path, student, name):
    known, problems = people(CANVAS, tmp_path)
    assert len(known) == 2 and not problems  # neither the row of points nor the test student
    person, reason = Matcher(known).find(student)
    assert (person.name if person else None) == name
    assert bool(reason) == (name is None)


def test_who_could_be_two_is_nobody():
    twins = [Person("Kim Lee", ("1",)), Person("Lee, Kim", ("2",))]
    person, reason = Matcher(twins).find(Student("Kim Lee"))
    assert person is None and "may be any of Kim Lee, Lee, Kim" in reason
    assert Matcher(twins).find(Student("Kim Lee", "2"))[0] == twins[1]


def test_a_group_of_moodle_is_not_taken_for_the_student_with_its_number(tmp_path):
    known, _ = people(MOODLE, tmp_path)
    found_by = Matcher(known).find
    person, reason = found_by(Student("Red Team", "815", column="Identifier"))
    assert person is None and "is Red Team a group?" in reason
    for name in ("", "Jane Doe", "Doe Jane M."):
        assert found_by(Student(name, "815", column="Identifier"))[0] == known[0]


def test_a_bad_row_of_the_roster_costs_its_own_row(tmp_path):
    known, problems = people(
        "name,id,email\nAnn,1,\n,,x\n,,\nBob,1,\nCleo\nDan,4,d@e,more\n", tmp_path
    )
    assert [person.name for person in known] == ["Ann", "", "Cleo", "Dan"]
    assert problems == ["line 4 of the roster names Bob again"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "id,id\n1,2\n"])
def test_what_is_no_roster_is_refused(tmp_path, text):
    with pytest.raises(CourseError):
        people(text, tmp_path)


@pytest.mark.parametrize(
    ("late", "days", "points"),
    [
        (timedelta(hours=-5), 0, 10),
        (timedelta(minutes=15), 0, 10),
        (timedelta(minutes=16), 1, 9),
        (timedelta(days=1), 1, 9),
        (timedelta(days=1, seconds=1), 2, 8),
        (timedelta(days=3), 3, 7),
        (timedelta(days=3, minutes=1), 4, 0),
    ],
)
def test_lateness_takes_off_what_the_policy_says(late, days, points):
    (total,), _ = totals([found("a.ipynb", Student("Ann", submitted=DUE + late))])
    result = total.results["01_a"]
    assert (result.days, result.points, result.of) == (days, points, 10)
    assert total.percent(COURSE) == pytest.approx(100 * (points / 10) * 1 / 4)


def test_a_mark_without_a_time_counts_as_a_day_until_it_is_corrected():
    submissions = [found("a.ipynb", Student("Ann", "7", late=True))]
    (total,), _ = totals(submissions)
    assert total.results["01_a"].points == 9 and UNTIMED in total.results["01_a"].remarks
    fix = {"student": "ann", "chapter": "01_a", "days_late": "0", "reason": "was ill"}
    (total,), problems = totals(submissions, overrides=[fix])
    assert total.results["01_a"].points == 10 and not problems
    assert total.results["01_a"].remarks == ["corrected: was ill"]


def test_corrections_replace_points_of_exercises_and_of_chapters():
    submissions = [found("ann.ipynb"), found("bob.ipynb")]
    fixes = [
        {"student": "ann", "chapter": "01_a", "exercise": "x", "points": "2,5"},
        {"student": "bob", "chapter": "01_a", "points": "1", "reason": "oral"},
        {"student": "bob", "chapter": "02_b", "exercise": "z", "points": "5"},
        {"student": "zoe", "chapter": "01_a", "points": "1"},
        {"student": "ann", "chapter": "01_a", "exercise": "nothing", "points": "1"},
        {"student": "ann", "chapter": "01_a", "points": "many"},
        {"student": "ann", "chapter": "01_a"},
        {},
    ]
    (ann, bob), problems = totals(submissions, overrides=fixes)
    assert ann.results["01_a"].points == 8.5
    assert (bob.results["01_a"].points, bob.results["02_b"].points) == (1, 5)
    assert len(problems) == 5 and all("of the overrides is left out" in text for text in problems)


def test_the_submission_that_earns_most_after_lateness_counts():
    early = Student("Ann", "7", submitted=DUE)
    late = Student("Ann", "7", submitted=DUE + timedelta(days=2))
    submissions = [found("1.ipynb", early), found("2.ipynb", late), found("3.ipynb", early)]
    rows = {"1.ipynb": rows_for("1.ipynb", 4, 0), "2.ipynb": rows_for("2.ipynb"),
            "3.ipynb": rows_for("3.ipynb", 0, 0)}  # fmt: skip
    (total,), _ = totals(submissions, rows=rows)
    assert (total.results["01_a"].submission, total.results["01_a"].points) == ("2.ipynb", 8)


def test_everyone_of_a_group_and_of_the_roster_has_a_row_and_strangers_are_named(tmp_path):
    known, _ = people("name,id\nAnn,1\nBob,2\nCleo,3\n", tmp_path)
    group = found("g.ipynb", Student("Ann"), Student("Bob", "2"))
    broken = found("c.ipynb", Student("Cleo"))
    stranger = found("z.ipynb", Student("Zoe"))
    rows = {"g.ipynb": rows_for("g.ipynb"), "z.ipynb": rows_for("z.ipynb"),
            "c.ipynb": [Row("c.ipynb", "", "", 0.0, 0, "not a notebook")]}  # fmt: skip
    got, problems = totals([group, broken, stranger], known, rows=rows)
    assert [total.points for total in got] == [10, 10, 0]
    assert got[2].remarks == ["c.ipynb: not a notebook"]
    assert problems == ["z.ipynb counts for nobody: nobody in the roster"]


def test_without_a_roster_a_folder_is_a_student_unless_it_is_a_class():
    paths = ["ann/1.ipynb", "ann/2.ipynb", "week1/bob.ipynb", "week1/cleo.ipynb"]
    submissions = [found(p, Student(hints=(p.split("/")[0], p[:-6].split("/")[1]))) for p in paths]
    rows = {path: rows_for(path) for path in paths}
    rows["ann/2.ipynb"] = [Row("ann/2.ipynb", "02_b", "z", 5.0, 5, "")]
    got, _ = totals(submissions, rows=rows)
    assert [(total.person.name, total.points) for total in got] == [
        ("ann", 15), ("bob", 10), ("cleo", 10)]  # fmt: skip


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def test_canvas_imports_what_it_exported_with_points(tmp_path):
    known, _ = people(CANVAS, tmp_path)
    got, _ = totals([found("a.ipynb", Student("doejane", "4711"))], known)
    write_totals(got, COURSE, TITLES, tmp_path)
    possible, jane, jörg = table(tmp_path / "canvas.csv")
    assert possible["Student"] == "    Points Possible" and possible["Activations"] == "10"
    assert jane == {"Student": "Doe, Jane", "ID": "4711", "SIS User ID": "u042", "Section": "S1",
                    "SIS Login ID": "jdoe", "Activations": "10", "Preprocessing": "0"}  # fmt: skip
    assert jörg["Activations"] == "0"


def test_without_a_roster_of_canvas_no_number_is_taken_for_canvas_own(tmp_path):
    known, _ = people("name,id,email\nAnn,1,a@e\n", tmp_path)
    write_totals(totals([found("a.ipynb", Student("Ann"))], known)[0], COURSE, TITLES, tmp_path)
    ann = table(tmp_path / "canvas.csv")[1]
    assert (ann["ID"], ann["SIS User ID"], ann["SIS Login ID"]) == ("", "1", "a@e")
    write_totals(totals([found("a.ipynb", Student("ann", "9", column="ID"))])[0], COURSE, TITLES,
                 tmp_path)  # fmt: skip
    assert table(tmp_path / "canvas.csv")[1]["ID"] == "9"


def test_moodle_imports_its_worksheet_with_grades_and_comments(tmp_path):
    known, _ = people(MOODLE, tmp_path)
    student = Student("Jane Doe", "815", column="Identifier")
    write_totals(totals([found("a.ipynb", student)], known)[0], COURSE, TITLES, tmp_path)
    jane, _ = table(tmp_path / "moodle-01_a.csv")
    assert (jane["Identifier"], jane["Grade"]) == ("Participant 815", "10")
    assert jane["Maximum grade"] == "10" and jane["Last modified (grade)"] == "-"
    assert jane["Feedback comments"] == "01_a: 10 of 10"
    assert table(tmp_path / "moodle.csv")[0]["Grade"] == "10"
    write_totals(totals([found("a.ipynb", student)])[0], COURSE, TITLES, tmp_path)
    assert table(tmp_path / "moodle.csv")[0]["Identifier"] == "Participant 815"


def test_totals_state_points_lateness_percent_and_remarks(tmp_path):
    late = Student("Ann", "7", "a@e", submitted=DUE + timedelta(hours=1))
    write_totals(totals([found("a.ipynb", late)])[0], COURSE, TITLES, tmp_path)
    (ann,) = table(tmp_path / "totals.csv")
    assert (ann["student"], ann["id"], ann["email"]) == ("Ann", "7", "a@e")
    assert (ann["01_a"], ann["01_a of"], ann["01_a days late"]) == ("9", "10", "1")
    assert (ann["points"], ann["of"], ann["percent"]) == ("9", "15", "22.5")
    assert ann["remarks"] == "01_a: 1 day late: 9 of 10 remain; 02_b: nothing was handed in"


def test_each_student_gets_a_page_also_those_of_one_name(tmp_path):
    names = {"1": "Kim/Lee", "2": "Kim Lee", "3": ".."}
    submissions = [found(f"{n}/a.ipynb", Student(name, n)) for n, name in names.items()]
    got, _ = totals(submissions)
    rows = {one.name: rows_for(one.name) for one in submissions}
    pages = write_pages(got, rows, COURSE, tmp_path)
    assert len(set(pages)) == 3 and all(path.parent == tmp_path / "students" for path in pages)
    text = pages[0].read_text("utf-8")
    assert text.startswith("Kim/Lee\n10 of 15 points") and "01_a x: 4 of 4" in text


def test_no_cell_of_a_table_is_a_formula():
    bad = ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "=\n1"]
    rows = list(csv.reader(io.StringIO(table_text(["a"], [[text] for text in bad]))))
    assert all(row[0].lstrip().startswith("'") for row in rows[1:])
    assert list(csv.reader(io.StringIO(table_text(["a"], [["-"]]))))[1] == ["-"]


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-1", "1e999"])
def test_what_is_no_number_of_points_is_refused(text):
    with pytest.raises(ValueError):
        number(text)
    assert number("2,5") == 2.5 and number("4.0") == 4 and isinstance(number("4.0"), int)
