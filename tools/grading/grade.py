"""Grades a folder of submissions against an assignment, each notebook in a process of its own."""

import csv
import io
import json
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lib.colab import EDITION
from lib.files import write_atomically
from tools.assignment import MARK, find_chapter
from tools.chapters import Chapter, CourseError
from tools.exercises import definitions, list_exercises
from tools.grading.sandbox import JUDGE, environment, sandboxed
from tools.grading.submissions import SubmissionError, read_submission

SECONDS = 60.0  # time limit of an exercise
START = 120.0  # time limit for a judge's imports, in seconds
COLUMNS = ("submission", "chapter", "exercise", "points", "of", "reason")


@dataclass(frozen=True)
class Row:
    """Points for one exercise of a submission, or for the whole file if it cannot be graded."""

    submission: str
    chapter: str
    exercise: str
    points: float
    of: int
    reason: str
    cases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Assignment:
    """What `make assignment` wrote for instructors.

    Attributes:
        chapters: the chapters by name.
        hidden: the source of the hidden tests, by chapter.
        points: points by (chapter, exercise).
    """

    chapters: dict[str, Chapter]
    hidden: dict[str, str]
    points: dict[tuple[str, str], int]


def read_assignment(folder: Path) -> Assignment:
    """Read the instructors' part.

    Raises:
        CourseError: the folder holds no assignment, or one for chapters that do not exist.
    """
    instructor = folder / "instructor"
    if not (folder / MARK).is_file() or not (instructor / "points.csv").is_file():
        raise CourseError(f"{folder} holds no assignment; 'make assignment' writes one")
    edition = (folder / MARK).read_text("utf-8").strip() or "1"  # the first edition wrote none
    if edition != str(EDITION):
        raise CourseError(
            f"{folder} was made by edition {edition} of the course, and this is {EDITION}. "
            "Make the assignment again, with the same chapters in another folder, and grade with "
            "that: the exercises are the same, so it takes submissions of either edition"
        )
    with (instructor / "points.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chapters = {row["chapter"]: find_chapter(row["chapter"]) for row in rows}
    hidden = {name: (instructor / "hidden" / f"{name}.py").read_text("utf-8") for name in chapters}
    points = {(row["chapter"], row["exercise"]): int(row["points"]) for row in rows}
    return Assignment(chapters, hidden, points)


def grade(
    assignment: Assignment,
    submissions: Path,
    *,
    sandbox: bool,
    jobs: int = 2,
    seconds: float = SECONDS,
) -> list[Row]:
    """Grade all files in a folder and its subfolders.

    Args:
        sandbox: run judges in bubblewrap; otherwise, with resource limits only.
        jobs: number of notebooks judged at once.
        seconds: time limit for one exercise.

    Raises:
        CourseError: the folder contains no files.
    """
    files = sorted(path for path in submissions.rglob("*") if path.is_file())
    if not files:
        raise CourseError(f"{submissions} holds no files")
    with ThreadPoolExecutor(jobs) as pool:
        graded = pool.map(
            lambda path: grade_file(
                assignment, path, path.relative_to(submissions).as_posix(),
                sandbox=sandbox, seconds=seconds,
            ), files,
        )  # fmt: skip
        return [row for rows in graded for row in rows]


def grade_file(
    assignment: Assignment, path: Path, name: str, *, sandbox: bool, seconds: float = SECONDS
) -> list[Row]:
    """A row for each exercise of a notebook, or a single row with the reason for having none."""
    try:
        submission = read_submission(path, assignment.chapters)
        chapter = assignment.chapters[submission.chapter]
        verdicts = run_judge(
            {
                "definitions": definitions(chapter),
                "hidden": assignment.hidden[submission.chapter],
                "helpers": submission.helpers,
                "answers": submission.answers,
                "seconds": seconds,
            },
            sandbox=sandbox,
        )
    except (SubmissionError, OSError) as error:
        return [Row(name, "", "", 0.0, 0, str(error))]
    except Exception as error:  # whatever is wrong with one file, the others get their points
        return [Row(name, "", "", 0.0, 0, f"not graded: {type(error).__name__}: {error}")]
    return [
        _row(name, submission.chapter, exercise.name, answer, verdicts[exercise.name],
             assignment.points[submission.chapter, exercise.name])
        for exercise in list_exercises(chapter)
        for answer in [submission.answers[exercise.name]]
    ]  # fmt: skip


def _row(name: str, chapter: str, exercise: str, answer: str, verdict: dict, of: int) -> Row:
    reason = verdict["reason"] if answer else "its cell is not there"
    share = verdict["passed"] / verdict["of"] if verdict["of"] and answer else 0.0
    cases = tuple((case, problem) for case, problem in verdict["cases"])
    return Row(name, chapter, exercise, round(of * share, 2), of, reason, cases)


def run_judge(job: dict, *, sandbox: bool) -> dict[str, dict]:
    """The judge's verdict on each answer.

    Raises:
        SubmissionError: there is no verdict; the message says how the judge ended.
    """
    command = sandboxed(JUDGE) if sandbox else list(JUDGE)
    patience = START + len(job["answers"]) * (job["seconds"] + 10)
    try:
        done = subprocess.run(
            command, input=json.dumps(job).encode(), capture_output=True, timeout=patience,
            env=environment(), cwd="/tmp", check=False, start_new_session=True,
        )  # fmt: skip
        verdicts = json.loads(done.stdout)
        return {name: verdicts[name] for name in job["answers"]}
    except subprocess.TimeoutExpired as error:
        raise SubmissionError(f"its judge did not end within {patience:.0f} s") from error
    except (ValueError, KeyError, TypeError) as error:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise SubmissionError(f"its judge gave no verdict: {' '.join(last)[:300]}") from error


def write_grades(rows: Sequence[Row], out: Path) -> None:
    """Write `grades.csv`, and a report for each submission at the same path under `reports/`."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_harmless(str(getattr(row, column))) for column in COLUMNS])
    write_atomically(out / "grades.csv", table.getvalue())
    for name in dict.fromkeys(row.submission for row in rows):
        mine = [row for row in rows if row.submission == name]
        write_atomically(out / "reports" / f"{name}.txt", report(mine))


def _harmless(text: str) -> str:
    """The text, escaped so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def report(rows: Iterable[Row]) -> str:
    """The report for a student."""
    rows = list(rows)
    points, of = sum(row.points for row in rows), sum(row.of for row in rows)
    lines = [rows[0].submission, f"{points:g} of {of} points", ""]
    for row in rows:
        lines.append(f"{row.chapter} {row.exercise}: {row.points:g} of {row.of}".strip())
        lines += [f"  {row.reason}"] if row.reason else []
        lines += [f"  ✗ {case}: {problem}" if problem else f"  ✓ {case}"
                  for case, problem in row.cases]  # fmt: skip
    return "\n".join(lines) + "\n"
