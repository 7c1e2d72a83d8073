"""An assignment as `make assignment` wrote it: all that grades, and nothing from elsewhere."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tools.chapters import ROOT, Chapter, CourseError
from tools.course_file import MARK, NAME
from tools.exercises import list_exercises
from tools.grading.people import Person, read_people
from tools.grading.tables import number, read_table

VARIANTS = "variants.csv"  # who has which variant
NO_ROW = "points.csv has no row for it"


@dataclass(frozen=True)
class Assignment:
    """What `make assignment` wrote for instructors.

    Attributes:
        chapters: the chapters by name.
        hidden: the source of the hidden tests, by chapter.
        points: points by (chapter, exercise).
        root: the folder with the code that answers and hidden tests import.
        problems: why an exercise has no points, by (chapter, exercise).
        course: the file with due dates, weights and policy; None if there is none.
        variants: the people whose exercises have constants of their own; their rows say which.
    """

    chapters: dict[str, Chapter]
    hidden: dict[str, str]
    points: Mapping[tuple[str, str], float]
    root: Path = ROOT
    problems: dict[tuple[str, str], str] = field(default_factory=dict)
    course: Path | None = None
    variants: tuple[Person, ...] = ()

    @cached_property
    def digest(self) -> str:
        """A digest of all that decides on points."""
        points = repr(sorted(self.points.items()))
        return hashlib.sha256(f"{self.judging} {points}".encode()).hexdigest()

    @cached_property
    def judging(self) -> str:
        """A digest of all that decides on which tests an answer passes."""
        found = hashlib.sha256(repr([person.row for person in self.variants]).encode())
        for name, chapter in sorted(self.chapters.items()):
            found.update(f"{name}\n{self.hidden[name]}\n".encode())
            found.update(chapter.source.read_bytes())
        for path in sorted(
            p for name in ("lib", "chapters") for p in (self.root / name).rglob("*.py")
        ):
            found.update(path.relative_to(self.root).as_posix().encode() + path.read_bytes())
        return found.hexdigest()


def read_assignment(folder: Path) -> Assignment:
    """Read the instructors' part. Assignments of earlier editions are read with their own code.

    Raises:
        CourseError: the folder holds no assignment, or one of which files are missing.
    """
    instructor = folder / "instructor"
    table = instructor / "points.csv"
    if not (folder / MARK).is_file() or not table.is_file():
        raise CourseError(f"{folder} holds no assignment; 'make assignment' writes one")
    root = next(
        (r for r in (instructor / "code", folder / "student") if (r / "lib").is_dir()), None
    )
    hidden = {path.stem: path.read_text("utf-8")
              for path in sorted((instructor / "hidden").glob("[0-9]*.py"))}  # fmt: skip
    if root is None or not hidden:
        raise CourseError(
            f"{folder} lacks the code or the hidden tests that grade it (instructor/code and "
            "instructor/hidden). Put them back from a copy of the assignment"
        )
    chapters = {name: _chapter(instructor, name) for name in hidden}
    points, problems = read_points(table)
    known = {(name, exercise.name) for name, chapter in chapters.items()
             for exercise in list_exercises(chapter)}  # fmt: skip
    problems = {pair: problems.get(pair, NO_ROW) for pair in known - points.keys()}
    course = folder / NAME
    return Assignment(chapters, hidden, {pair: points[pair] for pair in known & points.keys()},
                      root, problems, course if course.is_file() else None,
                      read_variants(instructor / VARIANTS))  # fmt: skip


def read_variants(table: Path) -> tuple[Person, ...]:
    """The people with variants; none if there is no such table.

    Raises:
        CourseError: a variant is no number.
    """
    if not table.is_file():
        return ()
    people, _ = read_people(read_table(table))
    for person in people:
        if not person.row["variant"].isdecimal():
            raise CourseError(f"{table}: {person.name} has variant {person.row['variant']!r}")
    return tuple(people)


def _chapter(instructor: Path, name: str) -> Chapter:
    """A chapter as it was assigned; earlier assignments have only its notebook.

    Raises:
        CourseError: neither is there.
    """
    for source in (instructor / "code" / "chapters" / f"{name}.py", instructor / f"{name}.ipynb"):
        if source.is_file():
            return Chapter(source)
    raise CourseError(f"{instructor} lacks {name}.ipynb. Put it back from a copy of the assignment")


def read_points(
    table: Path,
) -> tuple[dict[tuple[str, str], int | float], dict[tuple[str, str], str]]:
    """The points by (chapter, exercise), and for rows without valid points the reason.

    Raises:
        CourseError: the file is no table, or lacks a column.
    """
    rows = read_table(table)
    missing = {"chapter", "exercise", "points"} - {column for row in rows[:1] for column in row}
    if missing:
        raise CourseError(f"{table} lacks {', '.join(sorted(missing))} among its columns, or rows")
    points, problems = {}, {}
    for row in rows:
        pair = row["chapter"], row["exercise"]
        try:
            points[pair] = number(row["points"])
        except ValueError:
            problems[pair] = f"points.csv: expected its points as a number; got {row['points']!r}"
    return points, problems
