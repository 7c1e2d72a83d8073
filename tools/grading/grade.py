"""Grades submissions against an assignment, each notebook in a process of its own."""

import hashlib
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from tools.chapters import Chapter
from tools.exercises import definitions, list_exercises, visible_checks
from tools.grading.assignments import Assignment, read_assignment
from tools.grading.intake import Found, Intake, find_submissions
from tools.grading.journal import Journal
from tools.grading.judging import JudgeError, Judges
from tools.grading.people import Matcher
from tools.grading.programs import CHAPTERS, everything, program
from tools.grading.reading import SubmissionError, read_file
from tools.grading.remarks import remarks
from tools.grading.rows import Row, write_grades
from tools.grading.submissions import Submission, parse_submission
from tools.variants import Constants, assignments_of, constants, constants_in

__all__ = ["SECONDS", "Assignment", "Row", "grade", "grade_all", "grade_file", "read_assignment",
           "write_grades"]  # fmt: skip
SECONDS = 60.0  # time limit of an exercise
Programs = dict[str, list[tuple[str, str]]]
Job = tuple[str, str, dict[str, str], dict[str, Constants], Programs, Programs]
PARSING = threading.Lock()  # CPython 3.11 sometimes fails to parse in two threads at once


def grade(
    assignment: Assignment,
    submissions: Path,
    *,
    sandbox: bool,
    jobs: int = 2,
    seconds: float = SECONDS,
) -> list[Row]:
    """Grade all files in a folder and its subfolders, or in an archive.

    Args:
        sandbox: run judges in bubblewrap; otherwise, with resource limits only.
        jobs: number of notebooks judged at once.
        seconds: time limit for the hidden tests of one exercise.

    Raises:
        CourseError: the folder contains no files.
    """
    intake = find_submissions(submissions)
    rows = grade_all(assignment, intake, sandbox=sandbox, jobs=jobs, seconds=seconds)
    return [row for found in intake.submissions for row in rows[found.name]]


def grade_all(
    assignment: Assignment,
    intake: Intake,
    *,
    sandbox: bool,
    jobs: int = 2,
    seconds: float = SECONDS,
    journal: Journal | None = None,
    regrade: Collection[str] = (),
    watch: Callable[[str, list[Row]], None] = lambda name, rows: None,
) -> dict[str, list[Row]]:
    """Grade what was found; an interrupt ends the judges.

    Args:
        journal: keeps rows once they are known, and has those of earlier runs.
        regrade: names, with wildcards, of submissions to grade again.
        watch: called with each submission's name and rows, in the order in which they are known.

    Returns:
        The rows by submission.
    """
    judges = Judges(assignment.root, sandbox=sandbox)
    conditions = f"{assignment.judging} {seconds:g}"
    graded, left = {}, []
    for found in intake.submissions:
        again = any(fnmatchcase(found.name, name) for name in regrade)
        rows = None if again or journal is None else _kept(found, conditions, journal)
        if rows is None:
            left.append(found)
        else:
            graded[found.name] = [priced(row, assignment) for row in rows]
            watch(found.name, graded[found.name])
    pool = ThreadPoolExecutor(jobs)
    try:
        tasks = {
            pool.submit(_grade_once, assignment, found, judges, seconds, conditions, journal): found
            for found in left
        }
        for task in as_done(tasks):
            name = tasks[task].name
            graded[name] = [priced(row, assignment) for row in task.result()]
            watch(name, graded[name])
    finally:
        judges.stop()  # there are none left, unless something was raised
        pool.shutdown(cancel_futures=True)
    return graded


def as_done(tasks: Iterable[Future]) -> Iterator[Future]:
    """The tasks as they are done.

    It wakes every second: if another thread receives a signal, this one learns of it only awake.
    """
    left = set(tasks)
    while left:
        done, left = wait(left, timeout=1.0, return_when=FIRST_COMPLETED)
        yield from done


def grade_file(
    assignment: Assignment, path: Path, name: str, *, sandbox: bool, user: int | None = None,
    seconds: float = SECONDS,
) -> list[Row]:  # fmt: skip
    """A row for each exercise of a notebook, or a single row with the reason for having none.

    Args:
        user: who runs answers outside of a sandbox; see `Judges`.
    """
    judges = Judges(assignment.root, sandbox=sandbox, user=user)
    try:
        rows = _grade_once(assignment, Found(name, partial(read_file, path)), judges, seconds)
    finally:
        judges.stop()
    return [priced(row, assignment) for row in rows]


def priced(row: Row, assignment: Assignment) -> Row:
    """A row with the points of the assignment, from one with the share that was earned, of 1."""
    pair = row.chapter, row.exercise
    if not row.exercise:
        return row
    of, problem = assignment.points.get(pair, 0), assignment.problems.get(pair)
    return replace(row, points=round(of * row.points, 2), of=of, reason=problem or row.reason)


def _kept(found: Found, conditions: str, journal: Journal) -> list[Row] | None:
    """The rows that the journal has of a submission with this content; None if it has none."""
    try:
        content = hashlib.sha256(found.load()).hexdigest()
    except (SubmissionError, OSError):
        return None
    return journal.find(found.name, content, conditions)


def _grade_once(
    assignment: Assignment,
    found: Found,
    judges: Judges,
    seconds: float,
    conditions: str = "",
    journal: Journal | None = None,
) -> list[Row]:
    """The rows of a submission, with shares of 1, which the journal keeps."""
    try:
        data = found.load()
    except (SubmissionError, OSError) as error:
        return [Row(found.name, "", "", 0.0, 0, _said(error))]
    rows = _grade(assignment, found, data, judges, seconds)
    if journal is not None and all(row.final for row in rows):
        journal.add(found.name, hashlib.sha256(data).hexdigest(), conditions, rows)
    return rows


def _said(error: SubmissionError | OSError) -> str:
    """The error without the path of a file on this machine."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _grade(
    assignment: Assignment, found: Found, data: bytes, judges: Judges, seconds: float
) -> list[Row]:
    name = found.name
    try:
        with PARSING:
            submission, chapter, job, notes = _prepared(assignment, found, data)
        verdicts = judges.verdicts(*job, seconds) if submission.parts else {}
        with PARSING:
            exercises = [exercise.name for exercise in list_exercises(chapter)]
    except SubmissionError as error:
        return [Row(name, "", "", 0.0, 0, str(error), final=not isinstance(error, JudgeError))]
    except Exception as error:  # whatever is wrong with one file, the others get their points
        return [
            Row(name, "", "", 0.0, 0, f"not graded: {type(error).__name__}: {error}", final=False)
        ]
    return [
        replace(_row(name, submission, exercise, verdicts), remarks=notes.get(exercise, ""))
        for exercise in exercises
    ]


def _prepared(
    assignment: Assignment, found: Found, data: bytes
) -> tuple[Submission, Chapter, Job, dict[str, str]]:
    """A submission, its chapter, what a judge gets of both, and remarks by exercise.

    Raises:
        SubmissionError: it cannot be read.
    """
    submission = parse_submission(data, assignment.chapters)
    chapter = assignment.chapters[submission.chapter]
    values, note = _constants(assignment, found, submission, chapter)
    programs = {
        name: [
            (CHAPTERS, assignments_of(values.get(name, {}))),
            *program(submission, name, chapter),
        ]
        for name in submission.parts
    }
    fallbacks = {name: everything(submission, name, chapter) for name in submission.parts}
    fallbacks = {n: cells for n, cells in fallbacks.items() if len(cells) >= len(programs[n])}
    notes = {name: remarks(_answering(cells), chapter, name) for name, cells in programs.items()}
    notes |= {name: "; ".join(filter(None, [note, notes.get(name)])) for name in values if note}
    job = (definitions(chapter), assignment.hidden[submission.chapter], visible_checks(chapter),
           values, programs, fallbacks)  # fmt: skip
    return submission, chapter, job, notes


def _constants(
    assignment: Assignment, found: Found, submission: Submission, chapter: Chapter
) -> tuple[dict[str, Constants], str]:
    """The constants with which a submission is judged, and what to say of them."""
    if not assignment.variants:
        return constants(chapter, None), ""
    written = constants_in((cell.source for cell in submission.cells), chapter)
    matcher = Matcher(assignment.variants)
    people = [person for student in found.students if (person := matcher.find(student)[0])]
    if not people:
        return written, "no variant is known for this student: judged with the notebook's constants"
    own = constants(chapter, int(people[0].row["variant"]))
    return own, "" if written == own else "the notebook has the constants of another variant"


def _answering(program: Sequence[tuple[str, str]]) -> list[str]:
    """The cells of a program that the student wrote."""
    return [source for whose, source in program if whose != CHAPTERS]


def _row(name: str, submission: Submission, exercise: str, verdicts: Mapping[str, dict]) -> Row:
    """A row with the share of the points that was earned, so that it holds for any points."""
    if exercise not in verdicts:
        reason = "not attempted" if submission.answers[exercise] else "its cell is not there"
        return Row(name, submission.chapter, exercise, 0.0, 1, reason)
    found = verdicts[exercise]
    share = found["passed"] / found["of"] if found["of"] else 0.0
    final = not found.get("failed")
    return Row(name, submission.chapter, exercise, share, 1, found["reason"], found["cases"], final)
