"""Variants of exercises: constants that differ from student to student.

A stub may begin with constants, and its metadata say which values they may have:

    # %% tags=["exercise"] exercise="maxout-pieces" points=5 varies="SLOPE: 0.1 0.2 0.3"
    SLOPE = 0.1

Text, check and solution refer to a constant by its name. A variant is a number below `COUNT`; it
fixes the constants of all exercises. An answer that is copied with another's constants is wrong.
"""

import ast
import copy
import hashlib
from collections.abc import Iterable, Mapping

import nbformat

from tools.chapters import Chapter, CourseError, read_source
from tools.exercises import STUB

COUNT = 50  # variants
Constants = dict[str, float]


def variant_of(student: str, assignment: str) -> int:
    """The variant that a student gets, the same whenever it is asked for.

    Args:
        student: what names the student, such as a number or an address.
        assignment: what tells this assignment from others, such as its title.
    """
    return _lot(f"{assignment}\n{student}") % COUNT


def constants(chapter: Chapter, variant: int | None) -> dict[str, Constants]:
    """The constants of each exercise that has some; those of the chapter itself without a variant.

    Raises:
        CourseError: a stub lacks a constant that its metadata name.
    """
    found = {}
    for cell in read_source(chapter).cells:
        if STUB in cell.metadata.get("tags", []) and "varies" in cell.metadata:
            name, choices = cell.metadata["exercise"], _choices(cell.metadata["varies"])
            own = _assigned(cell.source)
            if missing := choices.keys() - own.keys():
                raise CourseError(f"{chapter.name}, {name}: no {', '.join(missing)} in its stub")
            found[name] = {
                constant: own[constant] if variant is None
                else values[_lot(f"{name} {constant} {variant}") % len(values)]
                for constant, values in choices.items()
            }  # fmt: skip
    return found


def constants_in(sources: Iterable[str], chapter: Chapter) -> dict[str, Constants]:
    """The constants that cells assign, where they are among those that a variant may have."""
    written = {name: value for source in sources for name, value in _assigned(source).items()}
    found = constants(chapter, None)
    for cell in read_source(chapter).cells:
        if cell.metadata.get("exercise") in found and "varies" in cell.metadata:
            for name, values in _choices(cell.metadata["varies"]).items():
                if written.get(name) in values:
                    found[cell.metadata["exercise"]][name] = written[name]
    return found


def with_variant(
    notebook: nbformat.NotebookNode, chapter: Chapter, variant: int
) -> nbformat.NotebookNode:
    """The notebook with the constants of a variant, which its metadata name."""
    made = copy.deepcopy(notebook)
    chosen = constants(chapter, variant)
    for cell in made.cells:
        mine = chosen.get(cell.metadata.get("exercise", ""), {})
        if STUB in cell.metadata.get("tags", []):
            cell.source = _replaced(cell.source, mine)
    made.metadata["variant"] = variant
    return made


def assignments_of(values: Mapping[str, float]) -> str:
    """Code that assigns the constants."""
    return "\n".join(f"{name} = {value!r}" for name, value in values.items())


def _choices(text: str) -> dict[str, list[float]]:
    """From "A: 1 2; B: 3 4" the values by name."""
    parts = (part.split(":") for part in text.split(";"))
    return {name.strip(): [ast.literal_eval(v) for v in values.split()] for name, values in parts}


def _assigned(source: str) -> Constants:
    """The numbers that a cell assigns at its level; none if it cannot be parsed."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return {}
    return {
        node.targets[0].id: node.value.value
        for node in body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant) and isinstance(node.value.value, int | float)
    }  # fmt: skip


def _replaced(source: str, values: Mapping[str, float]) -> str:
    lines = []
    for line in source.splitlines():
        name = line.split(" = ")[0]
        lines.append(f"{name} = {values[name]!r}" if name in values else line)
    return "\n".join(lines)


def _lot(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
