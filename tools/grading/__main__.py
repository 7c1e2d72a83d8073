"""The command line: `python -m tools.grading ASSIGNMENT SUBMISSIONS`, or `make grade`."""

import argparse
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lib.files import write_atomically
from tools.build import BUILD, reporting
from tools.chapters import CourseError, read_source, title_of
from tools.course_file import DIGEST, Course, read_course
from tools.grading.assignments import Assignment, read_assignment
from tools.grading.class_page import render_class_page
from tools.grading.grade import SECONDS, grade_all
from tools.grading.gradebooks import write_pages, write_totals
from tools.grading.intake import Intake, find_submissions
from tools.grading.journal import Journal
from tools.grading.people import read_people
from tools.grading.rows import Row, report_path, write_report, write_table
from tools.grading.sandbox import is_possible
from tools.grading.similarity import similar_pairs
from tools.grading.statistics import items_of, mistakes_of
from tools.grading.submissions import code_of
from tools.grading.tables import read_table
from tools.grading.totals import Total, total_up

JOURNAL = "journal.jsonl"
NO_SANDBOX = """\
Bubblewrap (Debian: apt-get install bubblewrap) cannot be used here. Without it a submission can
read this machine's files and use its network; only time, memory and processes are limited. If you
trust your students with that, add UNSANDBOXED=yes."""
NO_LINUX = """\
Grading needs Linux, since bubblewrap does: it is what keeps submissions from this machine's files
and from its network. Grade in a virtual machine or a container with Linux. If you trust your
students, add UNSANDBOXED=yes; here only time and processes are limited then, and memory is not."""


def main() -> int:
    """Grade; return 0 if every file has its rows, or 1 with the reason on stderr."""
    options = parse_arguments()
    out = options.out
    with reporting("What was graded is kept.") as status, storing():
        sandbox = is_possible()
        if not sandbox and not options.unsandboxed:
            raise CourseError(NO_SANDBOX if sys.platform == "linux" else NO_LINUX)
        assignment = read_assignment(options.assignment)
        if said := changed(options.assignment, assignment):
            tell(said)
        course = read_course(assignment.course, assignment.chapters)
        roster = read_people(read_table(options.roster)) if options.roster else (None, [])
        overrides = read_table(options.overrides) if options.overrides else []
        intake = find_submissions(options.submissions)
        for name, reason in intake.skipped:
            tell(f"skipped {name}: {reason}")
        rows = grade_into(out, assignment, intake, options, sandbox)
        totals, problems = total_up(
            intake.submissions, rows, course, assignment.points, roster[0], overrides
        )
        for problem in [*roster[1], *problems]:
            tell(problem)
        titles = {
            name: title_of(read_source(chapter)) for name, chapter in assignment.chapters.items()
        }
        write_totals(totals, course, titles, out)
        pages = write_pages(totals, rows, course, out)
        remove_others(out / "students", pages)
        write_class(totals, rows, course, assignment, intake, out)
        print(f"{len(rows)} submissions: {out / 'grades.csv'}, {out / 'reports'}")
        print(f"{len(totals)} students: {out / 'totals.csv'}, canvas.csv, moodle.csv, class.html")
    return status.code


@contextmanager
def storing() -> Iterator[None]:
    """Turn a disk that is full, or a folder that cannot be written, into a message."""
    try:
        yield
    except OSError as error:
        raise CourseError(f"the grades could not be written: {error}") from error


def changed(folder: Path, assignment: Assignment) -> str:
    """What to say if the assignment is not as it was handed out; "" if it is."""
    written = folder / DIGEST
    if not written.is_file() or written.read_text("ascii").strip() == assignment.digest:
        return ""
    return f"{folder / 'instructor'} has changed since it was handed out; it grades as it is now"


def grade_into(
    out: Path, assignment: Assignment, intake: Intake, options: argparse.Namespace, sandbox: bool
) -> dict[str, list[Row]]:
    """Grade, with every row written as soon as it is known; return the rows by submission."""
    known: dict[str, list[Row]] = {}

    def watch(name: str, rows: list[Row]) -> None:
        known[name] = rows
        write_report(rows, out)
        write_table((row for name in sorted(known) for row in known[name]), out)
        points, of = sum(row.points for row in rows), sum(row.of for row in rows)
        said = f"{points:g} of {of:g}" if of else rows[0].reason
        tell(f"[{len(known)}/{len(intake.submissions)}] {name}: {said}")

    remove_others(out / "reports", [report_path(out, found.name) for found in intake.submissions])
    return grade_all(
        assignment, intake, sandbox=sandbox, jobs=options.jobs, seconds=options.seconds,
        journal=Journal(out / JOURNAL), regrade=options.regrade, watch=watch,
    )  # fmt: skip


def write_class(
    totals: Sequence[Total], rows: Mapping[str, Sequence[Row]], course: Course,
    assignment: Assignment, intake: Intake, out: Path,
) -> None:  # fmt: skip
    """Write `class.html`: statistics of what counts, and answers to look at."""
    counted = {
        total.person.name: [row for result in total.results.values() if result.submission
                            for row in rows[result.submission]]
        for total in totals
    }  # fmt: skip
    loads = {found.name: found.load for found in intake.submissions}
    sources = {
        total.person.name: [source for result in total.results.values() if result.submission
                            for source in code_of(loads[result.submission](), assignment.chapters)]
        for total in totals
    }  # fmt: skip
    public = [cell.source for chapter in assignment.chapters.values()
              for cell in read_source(chapter).cells]  # fmt: skip
    page = render_class_page(
        course.title or ", ".join(assignment.chapters),
        [total.percent(course) for total in totals], items_of(counted), mistakes_of(counted),
        similar_pairs(sources, public),
        [(name, row) for name, mine in counted.items() for row in mine if row.remarks],
    )  # fmt: skip
    write_atomically(out / "class.html", page)


def remove_others(folder: Path, kept: Sequence[Path]) -> None:
    """Remove reports of what is no longer there."""
    for path in folder.rglob("*.txt"):
        if path not in kept:
            path.unlink()


def tell(text: str) -> None:
    """Say something on stderr."""
    print(text, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.grading", description=__doc__)
    parser.add_argument("assignment", type=Path, help="a folder that `make assignment` wrote")
    parser.add_argument("submissions", type=Path, help="a folder of notebooks, or an archive")
    parser.add_argument("--out", type=Path, default=BUILD / "grades", help="where grades go")
    parser.add_argument("--jobs", type=_count, default=2, help="notebooks judged at once")
    parser.add_argument("--seconds", type=_time, default=SECONDS, help="an exercise may take")
    parser.add_argument("--roster", type=Path, help="a table of the course's students")
    parser.add_argument("--overrides", type=Path, help="a table of corrections")
    parser.add_argument("--regrade", nargs="+", default=[], help="submissions to grade again")
    parser.add_argument("--unsandboxed", action="store_true", help="grade without bubblewrap, too")
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1; got {text!r}")
    return int(text)


def _time(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds; got {text!r}")
    return value


if __name__ == "__main__":
    sys.exit(main())
