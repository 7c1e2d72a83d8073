"""An otter plugin that first runs the judge of `make grade` in otter's containers.

By default, otter executes the whole notebook, trainings included, and tests answers in the process
that keeps the score. Instead, this plugin has the judge run the answers (on the chapter's
definitions, each in a fork with limits) and writes the verdicts to `verdicts.json`, where the test
files of `tools/assignment/autograders.py` read them; otter gets a notebook without cells.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import nbformat
from otter.plugins import AbstractOtterPlugin

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # otter found this file, but does not know where the course is

from tools.chapters import Chapter, CourseError  # noqa: E402
from tools.exercises import list_exercises  # noqa: E402
from tools.grading.grade import Assignment, Row, grade_file  # noqa: E402
from tools.grading.submissions import SubmissionError, read_submission  # noqa: E402

VERDICTS = "verdicts.json"
# All that students read before grades are published; it never includes an answer's output.
UNANSWERED = (
    "no answer that runs: is this the chapter's notebook, is the exercise's cell in it, "
    "and does it still work after a restart of the kernel?"
)


class Judged(AbstractOtterPlugin):
    """Otter's plugin; its configuration is `{"chapter": name}`."""

    def before_execution(self, submission: nbformat.NotebookNode) -> nbformat.NotebookNode:
        """Judge the submission; return the notebook that otter executes instead.

        Raises:
            CourseError: the judge failed, which must not look like a submission without points.
        """
        assignment = read_chapter(self.plugin_config["chapter"])
        path = Path(self.submission_path)
        found = verdicts(judged(assignment, path), [name for _, name in assignment.points])
        path.with_name(VERDICTS).write_text(json.dumps(found), encoding="utf-8")
        return nbformat.v4.new_notebook()


def read_chapter(name: str, root: Path = ROOT) -> Assignment:
    """The assignment of one chapter, whose files are laid out below `root` as in the course."""
    chapter = Chapter(root / "chapters" / f"{name}.py")
    hidden = (root / "chapters" / "hidden" / f"{name}.py").read_text("utf-8")
    points = {(name, exercise.name): exercise.points for exercise in list_exercises(chapter)}
    return Assignment({name: chapter}, {name: hidden}, points)


def judged(assignment: Assignment, path: Path) -> list[Row]:
    """A row for each exercise, or a single row with the reason why the file cannot be graded.

    Raises:
        CourseError: the judge failed.
    """
    try:
        read_submission(path, assignment.chapters)
    except SubmissionError as error:
        return [Row(path.name, "", "", 0.0, 0, str(error))]
    rows = grade_file(assignment, path, path.name, sandbox=False)
    if not rows[0].exercise:
        raise CourseError(f"{path.name} was not graded: {rows[0].reason}")
    return rows


def verdicts(rows: Sequence[Row], exercises: Iterable[str]) -> dict[str, dict]:
    """The verdicts that the exercises' test files read.

    Args:
        rows: one for each exercise, or a single row with the reason why the file cannot be graded.
        exercises: the names of the exercises.

    Returns:
        {exercise: {"unanswered": what students read, or "", "cases": [[name, problem or ""], …]}}.
    """
    graded = {row.exercise: row for row in rows}
    return {name: _verdict(graded.get(name, rows[0])) for name in exercises}


def _verdict(row: Row) -> dict:
    cases = [[case, _problem(row, problem)] for case, problem in row.cases]
    return {
        "unanswered": "" if row.cases else UNANSWERED,
        "cases": cases or [["hidden tests", row.reason]],
    }


def _problem(row: Row, problem: str) -> str:
    """The problem and the reason; only the reason if a passed case earned nothing."""
    if problem:
        return f"{problem} ({row.reason})" if row.reason else problem
    return "" if row.points else row.reason
