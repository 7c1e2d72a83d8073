"""Grades one submission on Gradescope.

`run_autograder` calls `python -m tools.grading.gradescope ASSIGNMENT SUBMISSION RESULTS`. The form
of the results is https://gradescope-autograders.readthedocs.io/en/latest/specs/.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lib.files import write_atomically
from tools.chapters import CourseError
from tools.exercises import list_exercises
from tools.grading.assignments import Assignment, read_assignment
from tools.grading.grade import grade_file
from tools.grading.rows import Row, report
from tools.grading.sandbox import NOBODY, is_possible

UNSAFE = "Answers can read the hidden tests: there is neither bubblewrap nor another user here."
ANSWERED = "Exercises with an answer that runs: {names}."
NONE = "No exercise has an answer that runs: is this the chapter's notebook, with its cells in it?"


def main() -> None:
    """Grade; a judge that fails raises, so that it does not look like an answer without points."""
    folder, submission, results = map(Path, sys.argv[1:])
    sandbox, user = is_possible(), NOBODY if os.getuid() == 0 else None
    if not sandbox and user is None:
        print(UNSAFE, file=sys.stderr)
    assignment = read_assignment(folder)
    rows = best(
        [
            grade_file(assignment, path, path.name, sandbox=sandbox, user=user)
            for path in sorted(submission.rglob("*.ipynb"))
        ]
    )
    print(report(rows) if rows else "no notebook")  # for instructors alone
    write_atomically(results, json.dumps(results_of(rows, assignment), indent=1))


def best(graded: Sequence[list[Row]]) -> list[Row]:
    """The rows of the notebook with the most points.

    Raises:
        CourseError: the judge of a notebook failed.
    """
    if failed := [row for rows in graded for row in rows if not row.final]:
        raise CourseError(f"{failed[0].submission} was not graded: {failed[0].reason}")
    return max(graded, key=lambda rows: sum(row.points for row in rows), default=[])


def results_of(rows: Sequence[Row], assignment: Assignment) -> dict:
    """What Gradescope reads: a test for each exercise, whose points students see later."""
    found = {row.exercise: row for row in rows}
    reason = rows[0].reason if "" in found else "" if rows else "there is no notebook"
    tests = []
    for name, chapter in assignment.chapters.items():
        for exercise in list_exercises(chapter):
            of = assignment.points.get((name, exercise.name), 0)
            row = found.get(exercise.name, Row("", name, exercise.name, 0.0, of, reason))
            shown = [f"{'✗' if problem else '✓'} {case}{': ' if problem else ''}{problem}"
                     for case, problem in row.cases]  # fmt: skip
            tests.append({
                "name": exercise.title, "number": exercise.name, "score": row.points,
                "max_score": of, "visibility": "after_published",
                "output": "\n".join([*([row.reason] if row.reason else []), *shown]),
            })  # fmt: skip
    answered = [row.exercise for row in rows if row.cases]
    said = ANSWERED.format(names=", ".join(answered)) if answered else NONE
    return {"tests": tests, "output": said, "visibility": "visible"}


if __name__ == "__main__":
    main()
