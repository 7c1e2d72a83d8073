"""Reads submissions: which chapter a notebook belongs to, and the code for each exercise."""

import ast
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from tools.chapters import Chapter, CourseError, read_source
from tools.exercises import SOLUTION, STUB

MOST = 50_000_000  # maximum bytes of a file


class SubmissionError(CourseError):
    """A file that cannot be graded; the message says why."""


@dataclass(frozen=True)
class Submission:
    """A submitted notebook.

    Attributes:
        chapter: the name of its chapter.
        answers: the code for each exercise of the chapter, "" if its cell is missing.
        helpers: code cells that the student added, in order.
    """

    chapter: str
    answers: dict[str, str]
    helpers: list[str] = field(default_factory=list)


def read_submission(path: Path, chapters: dict[str, Chapter]) -> Submission:
    """Read a submitted file without running anything in it.

    The chapter is identified by the exercises in the notebook, whatever the file is called.

    Args:
        path: the file.
        chapters: the assignment's chapters by name.

    Raises:
        SubmissionError: not a notebook, too large, or from a chapter that was not assigned.
    """
    size = path.stat().st_size
    if size > MOST:
        raise SubmissionError(f"a file of {size / 1e6:.0f} MB; clear its outputs first")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # damaged files make nbformat raise many kinds of errors
        raise SubmissionError(f"not a notebook ({type(error).__name__})") from error
    stubs = {name: _stubs(chapter) for name, chapter in chapters.items()}
    matches = {name: _matching(cells, known) for name, known in stubs.items()}
    best = max(matches, key=lambda name: len(matches[name]))
    if not matches[best]:
        raise SubmissionError(f"no exercise of {', '.join(chapters)} is in it")
    answers = {name: matches[best].get(name, "") for name in stubs[best]}
    given = {cell.source.strip() for cell in read_source(chapters[best]).cells}
    helpers = [cell.source for cell in cells
               if cell.source.strip() not in given and cell.source not in answers.values()
               and "fetch-the-course" not in cell.get("id", "")]  # fmt: skip
    return Submission(best, answers, helpers)


def _stubs(chapter: Chapter) -> dict[str, str]:
    """The name of the function that each exercise asks for."""
    found = {}
    for cell in read_source(chapter).cells:
        if STUB in cell.metadata.get("tags", []):
            found[cell.metadata["exercise"]] = next(iter(_functions(cell.source)))
    return found


def _matching(cells: list[nbformat.NotebookNode], stubs: dict[str, str]) -> dict[str, str]:
    """The source of each exercise's cell, found by metadata or else by the function it defines."""
    found: dict[str, str] = {}
    for cell in cells:
        tags, name = cell.metadata.get("tags", []), cell.metadata.get("exercise")
        if name in stubs and SOLUTION not in tags:
            found[name] = cell.source
    for name, function in stubs.items():
        if name not in found:
            last = [cell.source for cell in cells if function in _functions(cell.source)]
            if last:
                found[name] = last[-1]
    return found


def _functions(source: str) -> list[str]:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return []
    return [node.name for node in body if isinstance(node, ast.FunctionDef)]
