"""The parts of an assignment, all derived from the chapters.

Students get notebooks without solutions and the `lib` that checks their answers. Instructors get
solutions, hidden tests, points and autograders. A one-page plan is for both.
"""

import csv
import io
import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import nbformat

from lib.colab import EDITION
from lib.datasets.downloads import DownloadError
from lib.datasets.fashion_mnist_files import CHECKSUMS, fetch_fashion_mnist
from tools.assignment.copying import copy_from_course
from tools.assignment.gradescope import write_autograders
from tools.assignment.plans import render_plan, render_rubric, rules
from tools.assignment.questions import write_questions
from tools.chapters import ROOT, Chapter, CourseError, read_source, title_of
from tools.colab import Repository, read_repository, with_first_cell
from tools.course_file import DIGEST, MARK, NAME, Course, read_course, sample, written
from tools.exercises import Exercise, list_exercises, without_solutions
from tools.folders import replace_folder
from tools.grading.assignments import VARIANTS, read_assignment
from tools.grading.people import Person
from tools.grading.sandbox import CODE
from tools.grading.tables import printable, table_text
from tools.reach import reached_files
from tools.variants import variant_of, with_variant

TAKEN_ALONG = (
    "lib", "requirements.txt", "data/README.md", "data/checksums.json", "data/evidence", "LICENSE",
)  # fmt: skip
README = """\
# {title}

Open a notebook, write your answers where it says `raise NotImplementedError`, and run the cell
below each: it tells you what is right and what is not yet.

{places}
Hand in the notebooks under their own names.
{rules}"""
OWN_REPOSITORY = """\
{url} is the course itself: its notebooks have the solutions, and the hidden tests are in it.
Name a repository of your own into which you put the students' part."""


def write_assignment(
    chapters: Sequence[Chapter],
    out: Path,
    *,
    published: Repository | None = None,
    course: Path | None = None,
    people: Sequence[Person] = (),
) -> None:
    """Write the three parts to `out`, all or nothing, replacing an earlier assignment there.

    Args:
        chapters: the chapters to assign.
        out: a folder that does not exist, is empty, or holds an assignment.
        published: where students will find their part; their notebooks then fetch it from there
            and open on Colab from there. With None, they fetch nothing.
        course: a file with due dates, weights and late policy; None keeps the one that an earlier
            assignment has in `out`, or writes a sample.
        people: everyone who gets notebooks with constants of their own; none if all get the same.

    Raises:
        CourseError: no chapters, a duplicate chapter, something else in `out`, the course's own
            repository as `published`, a wrong value in `course` or no data.
    """
    if not chapters or len(set(chapters)) < len(chapters):
        raise CourseError(f"name different chapters, at least one; got {len(chapters)}")
    if out.exists() and any(out.iterdir()) and not (out / MARK).is_file():
        raise CourseError(f"{out} is not empty, and no assignment; name another folder")
    if published and _address(published) == _address(read_repository()):
        raise CourseError(OWN_REPOSITORY.format(url=published.url))
    text = _terms(out / NAME if course is None else course, chapters, required=course is not None)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".assignment-") as scratch:
        made = Path(scratch, "made")
        made.mkdir()
        (made / NAME).write_text(text, encoding="utf-8")
        terms = read_course(made / NAME, [chapter.name for chapter in chapters])
        write_student(chapters, made / "student", published, terms)
        write_instructor(chapters, made / "instructor", terms)
        if people:
            write_variants(chapters, people, made, published, terms)
        write_questions(chapters, made / "instructor" / "questions")
        write_autograders(
            chapters, [sum(e.points for e in list_exercises(chapter)) for chapter in chapters],
            made / "instructor" / "gradescope", partial(_write_alone, course=terms),
        )  # fmt: skip
        (made / "plan.md").write_text(render_plan(chapters, terms), encoding="utf-8")
        (made / MARK).write_text(f"{EDITION}\n", encoding="utf-8")
        (made / DIGEST).write_text(f"{read_assignment(made).digest}\n", encoding="ascii")
        replace_folder(out, made)


def write_student(
    chapters: Sequence[Chapter], out: Path, published: Repository | None, course: Course
) -> None:
    """Write notebooks without solutions and outputs, with all code and data that they need.

    Raises:
        CourseError: the data cannot be had.
    """
    rooms = [chapter.room.relative_to(ROOT).as_posix() for chapter in chapters]
    copy_from_course((*TAKEN_ALONG, *rooms), out)
    if any(needs_fashion_mnist(chapter) for chapter in chapters):
        copy_fashion_mnist(out / "data")
    for chapter in chapters:
        notebook = without_solutions(read_source(chapter))
        notebook = with_first_cell(notebook, published)
        if link := published and published.colab_link(chapter, folder=""):
            badge = nbformat.v4.new_markdown_cell(f"[Open on Colab]({link})", id="open-on-colab")
            notebook.cells.insert(1, badge)
        nbformat.write(notebook, out / chapter.notebook.name)
    titles = " · ".join(title_of(read_source(chapter)) for chapter in chapters)
    text = README.format(
        title=course.title or titles,
        places=_places(chapters, published),
        rules=rules(chapters, course),
    )
    (out / "README.md").write_text(text, encoding="utf-8")


def write_variants(
    chapters: Sequence[Chapter], people: Sequence[Person], out: Path,
    published: Repository | None, course: Course,
) -> None:  # fmt: skip
    """Write for each person notebooks with constants of their own, and a table of who has which."""
    term = course.title or " ".join(chapter.name for chapter in chapters)
    rows = []
    for person in people:
        variant = variant_of(" ".join([person.name, *person.ids, person.email]), term)
        rows.append([person.name, *person.ids[:1], person.email, variant] if person.ids
                    else [person.name, "", person.email, variant])  # fmt: skip
        folder = out / "variants" / printable(person.name).replace("/", " ").strip(". ")
        if folder.exists():  # two people with one name
            folder = folder.with_name(f"{folder.name} {len(rows)}")
        folder.mkdir(parents=True)
        for chapter in chapters:
            notebook = with_variant(without_solutions(read_source(chapter)), chapter, variant)
            nbformat.write(with_first_cell(notebook, published), folder / chapter.notebook.name)
    table = table_text(["name", "id", "email", "variant"], rows)
    (out / "instructor" / VARIANTS).write_text(table, encoding="utf-8")


def _places(chapters: Sequence[Chapter], published: Repository | None) -> str:
    """Where the notebooks can be run, as a Markdown list."""
    lines = [
        "- In Jupyter: `pip install -r requirements.txt`, and keep the notebooks beside the "
        "folders `lib` and `chapters`. Then no network is needed."
    ]
    if published is None:
        lines.append(
            "- On Colab: put the whole folder into Google Drive, mount the drive, and change into "
            "the folder with `%cd` before the first cell."
        )
    elif published.colab_link(chapters[0], folder="") is None:
        lines.append("- On Colab: upload a notebook; its first cell fetches the rest.")
    for chapter in chapters:
        if published and (link := published.colab_link(chapter, folder="")):
            lines.append(f"- On Colab: [{chapter.notebook.name}]({link})")
    return "\n".join(lines) + "\n"


def _terms(path: Path, chapters: Sequence[Chapter], *, required: bool) -> str:
    """The course.yml to write: the file's, if there is one, or a sample.

    Raises:
        CourseError: it cannot be read.
    """
    if not required and not path.exists():
        return sample(chapters)
    try:
        return written(path.read_text("utf-8-sig"), chapters)
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} cannot be read: {error}") from error


def _address(repository: Repository) -> str:
    return repository.url.lower().rstrip("/").removesuffix(".git")


def needs_fashion_mnist(chapter: Chapter) -> bool:
    """Whether the chapter's code reaches the module that reads Fashion-MNIST's files."""
    code = [cell.source for cell in read_source(chapter).cells if cell.cell_type == "code"]
    return ROOT / "lib/datasets/fashion_mnist.py" in reached_files(code, ROOT)


def copy_fashion_mnist(data: Path) -> None:
    """Copy the files of Fashion-MNIST, which are fetched if they are not on this machine.

    Raises:
        CourseError: no source has them.
    """
    try:
        source = fetch_fashion_mnist(progress=True)
    except DownloadError as error:
        raise CourseError(f"students need Fashion-MNIST without a network: {error}") from error
    target = data / source.name
    target.mkdir(parents=True)
    for name in CHECKSUMS:
        shutil.copy(source / name, target)


def write_instructor(chapters: Sequence[Chapter], out: Path, course: Course) -> None:
    """Write notebooks with solutions, the rubric, and all that grades: code, hidden tests, points.

    What is under `code` is laid out as in the course, so that answers are graded with the code
    that was handed out.
    """
    (out / "hidden").mkdir(parents=True)
    rooms = [chapter.room.relative_to(ROOT).as_posix() for chapter in chapters]
    sources = [chapter.source.relative_to(ROOT).as_posix() for chapter in chapters]
    copy_from_course((*CODE, *rooms, *sources), out / "code")
    (out / "rubric.md").write_text(render_rubric(chapters, course), encoding="utf-8")
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


def _write_alone(chapters: Sequence[Chapter], out: Path, course: Course) -> None:
    """Write a folder with the instructors' part, which `make grade` takes for an assignment."""
    write_instructor(chapters, out / "instructor", course)
    (out / MARK).write_text(f"{EDITION}\n", encoding="utf-8")


def _exercises(chapters: Sequence[Chapter]) -> list[Exercise]:
    return [exercise for chapter in chapters for exercise in list_exercises(chapter)]
