"""Notebooks as students hand them in, for the tests of grading."""

import copy
import json

import nbformat

from tools.assignment import write_assignment
from tools.chapters import find_chapter, read_source
from tools.colab import with_first_cell
from tools.exercises import SOLUTION, without_solutions

CHAPTER = "01_activations"
PASSED = {"passed": 2, "of": 2, "cases": (("one", ""), ("two", "")), "reason": ""}


def chapters(*names):
    """Chapters by name."""
    return {chapter.name: chapter for chapter in map(find_chapter, names or [CHAPTER])}


def solutions(name=CHAPTER):
    """The source of each exercise's solution."""
    return {cell.metadata["exercise"]: cell.source for cell in read_source(find_chapter(name)).cells
            if SOLUTION in cell.metadata.get("tags", [])}  # fmt: skip


def notebook(answers=None, name=CHAPTER):
    """What was handed out, with these answers in the cells of the stubs."""
    made = copy.deepcopy(with_first_cell(without_solutions(read_source(find_chapter(name))), None))
    for cell in made.cells:
        cell.source = (answers or {}).get(cell.metadata.get("exercise"), cell.source)
    return made


def place_of(made, exercise):
    """The position of an exercise's cell."""
    return next(i for i, c in enumerate(made.cells) if c.metadata.get("exercise") == exercise)


def with_cell(made, at, source):
    """The notebook with a code cell inserted."""
    made.cells.insert(at, nbformat.v4.new_code_cell(source))
    return made


def saved(made):
    """The notebook as bytes."""
    return json.dumps(made).encode()


def assign(folder):
    """The folder, with the chapter's assignment in it."""
    write_assignment([find_chapter(CHAPTER)], folder)
    return folder
