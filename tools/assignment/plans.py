"""What an assignment says about itself: the plan, the rules that students read, the rubric."""

import re
from collections.abc import Sequence

import nbformat

from tools.chapters import Chapter, CourseError, read_source, title_of
from tools.course_file import Course
from tools.exercises import HEADING, STUB, list_exercises

OUTCOMES = "After this chapter you can"
COUNTED = """\
Each exercise has the cases that students see and hidden ones; an answer earns the share of its
points that corresponds to the share of all cases that it passes. `make grade` runs them, and says
for each case that failed what to look at. OVERRIDES=file replaces points by hand."""


def render_plan(chapters: Sequence[Chapter], course: Course) -> str:
    """A one-page plan: outcomes, minutes, points, due dates and weights."""
    parts = ["# Plan\n"]
    total = 0
    for chapter in chapters:
        notebook = read_source(chapter)
        about = notebook.metadata["course"]
        parts.append(
            f"## {title_of(notebook)}\n\n"
            f"{about['reading_minutes']} minutes of reading, {about['exercise_minutes']} of "
            f"exercises, about {about['compute_minutes']:g} of computing on two cores. "
            f"{_terms(chapter, course)}\n\n"
            f"{OUTCOMES}\n\n{outcomes(notebook)}\n\n"
            "| Exercise | Effort | Minutes | Points |\n|---|---|---|---|\n"
        )
        for exercise in list_exercises(chapter):
            total += exercise.points
            parts[-1] += (
                f"| {exercise.title} | {exercise.stars} | {exercise.minutes} "
                f"| {exercise.points} |\n"
            )
    return "\n".join([*parts, f"{total} points in all. {_policy(course)}".strip()]) + "\n"


def rules(chapters: Sequence[Chapter], course: Course) -> str:
    """What students read about due dates and lateness, as Markdown; "" if nothing is due."""
    if all(course.parts[chapter.name].due is None for chapter in chapters):
        return ""
    due = [f"- {chapter.notebook.name}: {_terms(chapter, course)}" for chapter in chapters]
    return "\n".join(["", *due, "", _policy(course)]).rstrip() + "\n"


def _terms(chapter: Chapter, course: Course) -> str:
    part = course.parts[chapter.name]
    due = f"Due {part.due:%Y-%m-%d %H:%M %Z}" if part.due else "No due date"
    return f"{due}; weight {part.weight:g}."


def _policy(course: Course) -> str:
    late = course.late
    if not late.percent_per_day:
        return ""
    return (
        f"For each day that has begun after the due date (and {late.grace_minutes:g} minutes), "
        f"{late.percent_per_day:g}% of the points earned are taken off; after {late.most_days:g} "
        "days nothing counts."
    )


def render_rubric(chapters: Sequence[Chapter], course: Course) -> str:
    """The rubric: what each exercise asks, and how its points are counted."""
    parts = [f"# Rubric\n\n{COUNTED} {_policy(course)}".rstrip()]
    for chapter in chapters:
        notebook = read_source(chapter)
        parts.append(f"## {title_of(notebook)}")
        texts = _texts(notebook)
        for exercise in list_exercises(chapter):
            parts.append(
                f"### {exercise.title}: {exercise.points} points\n\n{texts[exercise.name]}"
            )
    return "\n\n".join(parts) + "\n"


def _texts(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """The text of each exercise, below its heading."""
    found, text = {}, ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = cell.source
        elif STUB in cell.metadata.get("tags", []):
            found[cell.metadata["exercise"]] = re.split(HEADING, text)[-1].strip()
    return found


def outcomes(notebook: nbformat.NotebookNode) -> str:
    """The list of what a reader can do after the chapter.

    Raises:
        CourseError: the opening lists no outcomes.
    """
    _, found, rest = notebook.cells[0].source.partition(f"{OUTCOMES}\n")
    items = rest.strip().split("\n\n")[0] if found else ""
    if not items.startswith("- "):
        raise CourseError(f"the opening of {title_of(notebook)!r} lists no outcomes")
    return items
