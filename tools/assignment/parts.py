"""The parts of an assignment, all derived from the chapters.

Students get notebooks without solutions and the `lib` that checks their answers. Instructors get
solutions, hidden tests, points and autograders. A one-page plan is for both.
"""

import csv
import io
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat

from lib.colab import EDITION
from tools.assignment.autograders import write_autograders
from tools.assignment.copying import copy_from_course
from tools.chapters import ROOT, Chapter, CourseError, read_source, title_of
from tools.colab import Repository, read_repository, with_first_cell
from tools.exercises import Exercise, list_exercises, without_solutions
from tools.folders import replace_folder

MARK = ".course-assignment"  # marks a folder that we may replace; contains the edition
TAKEN_ALONG = (
    "lib", "requirements.txt", "data/README.md", "data/checksums.json", "data/evidence", "LICENSE",
)  # fmt: skip
OUTCOMES = "After this chapter you can"
README = """\
# {title}

Open a notebook, write your answers where it says `raise NotImplementedError`, and run the cell
below each: it tells you what is right and what is not yet.

{places}
Hand in the notebooks under their own names.
"""


def write_assignment(
    chapters: Sequence[Chapter],
    out: Path,
    *,
    published: Repository | None = None,
    autograders: bool = False,
) -> None:
    """Write the three parts to `out`, all or nothing, replacing an earlier assignment there.

    Args:
        chapters: the chapters to assign.
        out: a folder that does not exist, is empty, or holds an assignment.
        published: where students will find their part; their notebooks then fetch it from there
            and open on Colab from there. None means the course's own repository.
        autograders: whether to write one for each chapter; needs otter-grader.

    Raises:
        CourseError: no chapters, a duplicate chapter, something else in `out`, or otter failed.
    """
    if not chapters or len(set(chapters)) < len(chapters):
        raise CourseError(f"name different chapters, at least one; got {len(chapters)}")
    if out.exists() and any(out.iterdir()) and not (out / MARK).is_file():
        raise CourseError(f"{out} is not empty, and no assignment; name another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".assignment-") as scratch:
        made = Path(scratch, "made")
        write_student(chapters, made / "student", published)
        write_instructor(chapters, made / "instructor")
        if autograders:
            write_autograders(chapters, made / "instructor" / "otter")
        (made / "plan.md").write_text(render_plan(chapters), encoding="utf-8")
        (made / MARK).write_text(f"{EDITION}\n", encoding="utf-8")
        replace_folder(out, made)


def write_student(chapters: Sequence[Chapter], out: Path, published: Repository | None) -> None:
    """Write notebooks without solutions and outputs, with everything that their checks need."""
    rooms = [chapter.room.relative_to(ROOT).as_posix() for chapter in chapters]
    copy_from_course((*TAKEN_ALONG, *rooms), out)
    for chapter in chapters:
        notebook = without_solutions(read_source(chapter))
        notebook = with_first_cell(notebook, published or read_repository())
        if link := published and published.colab_link(chapter, folder=""):
            badge = nbformat.v4.new_markdown_cell(f"[Open on Colab]({link})", id="open-on-colab")
            notebook.cells.insert(1, badge)
        nbformat.write(notebook, out / chapter.notebook.name)
    titles = " · ".join(title_of(read_source(chapter)) for chapter in chapters)
    (out / "README.md").write_text(
        README.format(title=titles, places=_places(chapters, published)), encoding="utf-8"
    )


def _places(chapters: Sequence[Chapter], published: Repository | None) -> str:
    """Where the notebooks can be run, as a Markdown list."""
    lines = [
        "- In Jupyter: `pip install -r requirements.txt`, and keep the notebooks beside the "
        "folders `lib` and `chapters`. Then no network is needed."
    ]
    if published is None or published.colab_link(chapters[0], folder="") is None:
        lines.append("- On Colab: upload a notebook; its first cell fetches the rest.")
    for chapter in chapters:
        if published and (link := published.colab_link(chapter, folder="")):
            lines.append(f"- On Colab: [{chapter.notebook.name}]({link})")
    return "\n".join(lines) + "\n"


def write_instructor(chapters: Sequence[Chapter], out: Path) -> None:
    """Write notebooks with solutions, the hidden tests, and the points."""
    (out / "hidden").mkdir(parents=True)
    for chapter in chapters:
        shutil.copy(chapter.notebook, out)
        shutil.copy(ROOT / "chapters" / "hidden" / chapter.source.name, out / "hidden")
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["chapter", "exercise", "title", "points", "minutes"])
    for exercise in _exercises(chapters):
        writer.writerow([exercise.chapter.name, exercise.name, exercise.title, exercise.points,
                         exercise.minutes])  # fmt: skip
    (out / "points.csv").write_text(table.getvalue(), encoding="utf-8")


def render_plan(chapters: Sequence[Chapter]) -> str:
    """A one-page plan: outcomes, minutes and points."""
    parts = ["# Plan\n"]
    total = 0
    for chapter in chapters:
        notebook = read_source(chapter)
        course = notebook.metadata["course"]
        parts.append(
            f"## {title_of(notebook)}\n\n"
            f"{course['reading_minutes']} minutes of reading, {course['exercise_minutes']} of "
            f"exercises, about {course['compute_minutes']:g} of computing on two cores.\n\n"
            f"{OUTCOMES}\n\n{outcomes(notebook)}\n\n"
            "| Exercise | Effort | Minutes | Points |\n|---|---|---|---|\n"
        )
        for exercise in list_exercises(chapter):
            total += exercise.points
            parts[-1] += (
                f"| {exercise.title} | {exercise.stars} | {exercise.minutes} "
                f"| {exercise.points} |\n"
            )
    return "\n".join([*parts, f"{total} points in all."]) + "\n"


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


def _exercises(chapters: Sequence[Chapter]) -> list[Exercise]:
    return [exercise for chapter in chapters for exercise in list_exercises(chapter)]
