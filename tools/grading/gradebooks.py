"""Writes the totals: a table, a page for each student, and files for Canvas and Moodle.

- canvas.csv: Student, ID, SIS User ID, SIS Login ID, Section, then a column for each assignment,
  and the row "Points Possible" (community.canvaslms.com, "How do I import grades in the
  Gradebook?"; instructure/canvas-lms, lib/gradebook_importer.rb: row_has_student_headers?,
  update_column_count, process_student). Students are found by ID, else by SIS ID, login or name. A
  column belongs to an assignment if it has its title, or ends with its number in parentheses.
- moodle.csv: an offline grading worksheet, Identifier, Full name, Email address, Grade, Last
  modified (grade), Feedback comments (docs.moodle.org, "Assignment settings", "Offline grading
  worksheet"; moodle/moodle, mod/assign/feedback/offline/importgradeslib.php, which requires
  Identifier, Grade and Last modified (grade)). Other columns of such a roster are kept.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.files import write_atomically
from tools.course_file import Course
from tools.grading.rows import Row, report, report_path
from tools.grading.tables import printable, table_text
from tools.grading.totals import Total

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("Identifier", "Full name", "Email address", "Grade", "Last modified (grade)",
          "Feedback comments")  # fmt: skip


def write_totals(
    totals: Sequence[Total], course: Course, titles: Mapping[str, str], out: Path
) -> None:
    """Write `totals.csv`, `canvas.csv` and `moodle.csv`, the latter for each chapter, too.

    Args:
        titles: the chapters' titles by name.
    """
    write_atomically(out / "totals.csv", _totals(totals, course))
    write_atomically(out / "canvas.csv", _canvas(totals, course, titles))
    write_atomically(out / "moodle.csv", _moodle(totals, list(titles)))
    if len(titles) > 1:
        for name in titles:
            write_atomically(out / f"moodle-{name}.csv", _moodle(totals, [name]))


def _totals(totals: Sequence[Total], course: Course) -> str:
    columns = ["student", "id", "email"]
    for name in course.parts:
        columns += [name, f"{name} of", f"{name} days late"]
    rows = []
    for total in totals:
        person, row = total.person, []
        for result in total.results.values():
            row += [f"{result.points:g}", f"{result.of:g}", result.days]
        rows.append([person.name, " ".join(person.ids), person.email, *row, f"{total.points:g}",
                     f"{total.of:g}", f"{total.percent(course):g}", _remarks(total)])  # fmt: skip
    return table_text([*columns, "points", "of", "percent", "remarks"], rows)


def _remarks(total: Total) -> str:
    said = [f"{name}: {text}" for name, result in total.results.items() for text in result.remarks]
    return "; ".join([*said, *total.remarks])


def _canvas(totals: Sequence[Total], course: Course, titles: Mapping[str, str]) -> str:
    columns = [*CANVAS, *(course.parts[name].canvas or title for name, title in titles.items())]
    most = {name: next((total.results[name].of for total in totals), 0) for name in titles}
    possible = ["    Points Possible", "", "", "", "", *(f"{most[name]:g}" for name in titles)]
    rows = []
    for total in totals:
        person = total.person
        known = [person.row.get(column, "") for column in CANVAS[1:]]
        if not any(known[:3]):  # the column ID is for Canvas's own numbers alone
            known = ["", *(person.ids[:1] or [""]), person.email, ""]
        rows.append([person.name, *known, *(f"{total.results[name].points:g}" for name in titles)])
    return table_text(columns, [possible, *rows])


def _moodle(totals: Sequence[Total], chapters: Sequence[str]) -> str:
    columns = list(MOODLE)
    if totals and "Identifier" in totals[0].person.row:
        columns = list(dict.fromkeys([*totals[0].person.row, *MOODLE]))
    rows = []
    for total in totals:
        person = total.person
        results = {name: total.results[name] for name in chapters}
        said = ["; ".join([f"{name}: {result.points:g} of {result.of:g}", *result.remarks])
                for name, result in results.items()]  # fmt: skip
        known = {"Full name": person.name, "Email address": person.email,
                 "Last modified (grade)": "-"}  # fmt: skip
        made = {"Grade": f"{sum(result.points for result in results.values()):g}",
                "Feedback comments": ". ".join(said)}  # fmt: skip
        row = {**known, **person.row, **made}
        rows.append([row.get(column, "") for column in columns])
    return table_text(columns, rows)


def write_pages(
    totals: Sequence[Total], rows: Mapping[str, Sequence[Row]], course: Course, out: Path
) -> list[Path]:
    """Write a page for each student: the total, and the report of each submission that counts."""
    written: list[Path] = []
    for number, total in enumerate(totals, start=1):
        name = printable(total.person.name).replace("/", " ").strip(". ") or f"student {number}"
        path = report_path(out, name)
        path = out / "students" / path.name
        if path in written:
            path = path.with_stem(f"{path.stem} {number}")
        lines = [total.person.name, f"{total.points:g} of {total.of:g} points, "
                 f"{total.percent(course):g}% with the weights of the chapters", ""]  # fmt: skip
        for chapter, result in total.results.items():
            lines.append(f"{chapter}: {result.points:g} of {result.of:g}")
            lines += [f"  {remark}" for remark in result.remarks]
        lines += total.remarks
        text = "\n".join(map(printable, lines)) + "\n"
        for result in total.results.values():
            if result.submission:
                text += "\n" + report(rows[result.submission])
        write_atomically(path, text)
        written.append(path)
    return written
