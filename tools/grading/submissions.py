"""Reads submissions: which chapter a notebook belongs to, and what the student wrote in it."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from nbformat import NotebookNode

from tools.chapters import Chapter, read_source
from tools.colab import without_first_cell
from tools.exercises import SOLUTION, STUB
from tools.grading.names import Names, names_of
from tools.grading.python_cells import plain_python
from tools.grading.reading import SubmissionError, parse_notebook, read_file

__all__ = ["Cell", "Submission", "SubmissionError", "parse_submission", "read_submission"]


@dataclass(frozen=True)
class Cell:
    """A code cell that the student wrote or changed.

    Attributes:
        source: its code as plain Python.
        names: the names that it binds, without functions left as handed out, and uses.
        exercise: the exercise that its metadata names, or "".
    """

    source: str
    names: Names
    exercise: str


@dataclass(frozen=True)
class Submission:
    """A submitted notebook.

    Attributes:
        chapter: the name of its chapter.
        answers: for each exercise the code of its last definition; a stub that was left as it is,
            if there is no other; "" if there is neither.
        helpers: code of cells that the student added and that answer no exercise, in order.
        cells: all code cells that the student wrote or changed, in order.
        parts: for each attempted exercise, the positions in `cells` of the cells that answer it.
    """

    chapter: str
    answers: dict[str, str]
    helpers: list[str] = field(default_factory=list)
    cells: tuple[Cell, ...] = ()
    parts: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Given:
    """What was handed out of a chapter.

    Attributes:
        keys: its cells without solutions, each by what it says.
        stubs: by exercise, the stub's source and its functions by name, each by what it says.
    """

    keys: frozenset[str]
    stubs: dict[str, tuple[str, dict[str, str]]]


def read_submission(path: Path, chapters: Mapping[str, Chapter]) -> Submission:
    """Read a submitted file without running anything in it.

    The chapter is identified by the exercises in the notebook, whatever the file is called.

    Args:
        path: the file.
        chapters: the assignment's chapters by name.

    Raises:
        SubmissionError: not a notebook, too large, or from a chapter that was not assigned.
        OSError: it cannot be read, or is a link.
    """
    return parse_submission(read_file(path), chapters)


def parse_submission(data: bytes, chapters: Mapping[str, Chapter]) -> Submission:
    """Read the content of a submitted file; see `read_submission`.

    Raises:
        SubmissionError: not a notebook, or from a chapter that was not assigned.
    """
    found = parse_notebook(data)
    code = [cell for cell in found if cell.cell_type == "code"]
    for cell in code:
        cell.source = without_first_cell(cell.source)
    said = {key(cell.source) for cell in code}
    tagged = {cell.metadata.get("exercise") for cell in code}
    bound = {name for cell in code for name in names_of(plain_python(cell.source)).binds}
    candidates = {}
    for name, chapter in chapters.items():
        given = handed_out(chapter.source.read_text("utf-8"), chapter)
        answered = sum(exercise in tagged or not bound.isdisjoint(functions)
                       for exercise, (_, functions) in given.stubs.items())  # fmt: skip
        candidates[name] = (answered, len(said & given.keys), given)
    best = max(candidates, key=lambda name: candidates[name][:2])
    if not candidates[best][0]:
        raise SubmissionError(f"no exercise of {', '.join(chapters)} is in it")
    return _submission(best, code, candidates[best][2])


def code_of(data: bytes, chapters: Mapping[str, Chapter]) -> list[str]:
    """The code of the cells that a student wrote or changed; none if it cannot be read."""
    try:
        return [cell.source for cell in parse_submission(data, chapters).cells]
    except SubmissionError:
        return []


def _submission(chapter: str, code: list[NotebookNode], given: Given) -> Submission:
    cells = tuple(
        _student_cell(cell, given) for cell in code
        if SOLUTION not in cell.metadata.get("tags", []) and cell.source.strip()
        and key(cell.source) not in given.keys
    )  # fmt: skip
    answers, parts = {}, {}
    for exercise, (stub, functions) in given.stubs.items():
        if positions := _parts(exercise, functions, cells):
            parts[exercise] = positions
            answers[exercise] = cells[positions[-1]].source
        else:
            there = key(stub) in {key(cell.source) for cell in code}
            answers[exercise] = stub if there else ""
    taken = {position for positions in parts.values() for position in positions}
    helpers = [cell.source for number, cell in enumerate(cells) if number not in taken]
    return Submission(chapter, answers, helpers, cells, parts)


def _student_cell(cell: NotebookNode, given: Given) -> Cell:
    source, exercise = plain_python(cell.source), cell.metadata.get("exercise", "")
    names = names_of(source)
    stubs = {pair for _, functions in given.stubs.values() for pair in functions.items()}
    untouched = {name for name, text in _functions(source).items() if (name, text) in stubs}
    return Cell(source, replace(names, binds=names.binds - untouched), exercise)


def _parts(exercise: str, functions: dict[str, str], cells: tuple[Cell, ...]) -> tuple[int, ...]:
    """The positions of the cells that answer: the last one for each name, and the tagged one."""
    last = {name: number for number, cell in enumerate(cells)
            for name in functions if name in cell.names.binds}  # fmt: skip
    tagged = {number for number, cell in enumerate(cells) if cell.exercise == exercise}
    return tuple(sorted({*last.values(), *tagged}))


@lru_cache(maxsize=64)
def handed_out(text: str, chapter: Chapter) -> Given:
    """What was handed out of the chapter whose source is this text (which keys the cache)."""
    cells = [cell for cell in read_source(chapter).cells if cell.cell_type == "code"
             and SOLUTION not in cell.metadata.get("tags", [])]  # fmt: skip
    stubs = {cell.metadata["exercise"]: (cell.source, _functions(cell.source))
             for cell in cells if STUB in cell.metadata.get("tags", [])}  # fmt: skip
    return Given(frozenset(key(cell.source) for cell in cells), stubs)


@lru_cache(maxsize=4096)  # most cells of a class are the same
def key(source: str) -> str:
    """What a cell says: equal for cells that differ in line ends, spaces or comments only."""
    text = plain_python(source)
    try:
        return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return "\n".join(line.rstrip() for line in re.split(r"\r\n?|\n", source)).strip()


def _functions(source: str) -> dict[str, str]:
    """What each function at the level of the cell says, without its docstring."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:]
            found[node.name] = ast.dump(node)
    return found
