"""A chapter's exercises, what their answers may use, and its notebook without solutions."""

import ast
import copy
import re
from dataclasses import dataclass

import nbformat

from tools.chapters import Chapter, CourseError, read_source

DEFINING = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
STUB, SOLUTION = "exercise", "exercise-solution"
HEADING = re.compile(r"^### Exercise \d+: (?P<title>.+)$", re.MULTILINE)
# "…, a check, and a folded solution" and "(The answer stands below the solution.)"
FOLDED = re.compile(r",\s+([^,.]+),\s+and\s+a\s+folded\s+solution\b")
ASIDE = re.compile(r"\s*\([^()]*\bsolution\b[^()]*\)")
EFFORT = re.compile(r"^(?P<stars>[★☆]{3}), (?P<minutes>\d+) minutes\.", re.MULTILINE)


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        chapter: the chapter that contains it.
        name: a name unique in its chapter, such as "beam-step".
        title: the title that the reader sees.
        points: points for an answer that passes all hidden tests.
        stars: its difficulty, such as "★★☆".
        minutes: the time it should take.
    """

    chapter: Chapter
    name: str
    title: str
    points: int
    stars: str
    minutes: int


def list_exercises(chapter: Chapter) -> list[Exercise]:
    """The exercises of a chapter, in order.

    Raises:
        CourseError: an exercise lacks its heading, its stars and minutes, or its points.
    """
    found, text = [], ""
    for cell in read_source(chapter).cells:
        if cell.cell_type == "markdown":
            text = cell.source
        elif STUB in cell.metadata.get("tags", []):
            found.append(_read(chapter, cell, text))
    return found


def _read(chapter: Chapter, cell: nbformat.NotebookNode, text: str) -> Exercise:
    name, points = cell.metadata.get("exercise"), cell.metadata.get("points")
    heading, effort = HEADING.search(text), EFFORT.search(text)
    if not (name and points and heading and effort):
        raise CourseError(
            f"{chapter.name}, exercise {name!r}: expected metadata exercise and points, a heading "
            "'### Exercise N: title', and stars and minutes such as '★★☆, 15 minutes.' below it"
        )
    return Exercise(
        chapter, name, heading["title"], points, effort["stars"], int(effort["minutes"])
    )


def without_solutions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without the solution cells, and without text that promises them."""
    kept = copy.deepcopy(notebook)
    kept.cells = [cell for cell in kept.cells if SOLUTION not in cell.metadata.get("tags", [])]
    for cell in kept.cells:
        if cell.cell_type == "markdown":
            cell.source = FOLDED.sub(r" and \1", ASIDE.sub("", cell.source))
    return kept


def definitions(chapter: Chapter) -> str:
    """The chapter's imports and functions before its first exercise, which answers may use."""
    parts: list[str] = []
    for cell in read_source(chapter).cells:
        if "exercise" in cell.metadata:
            break
        if cell.cell_type == "code":
            body: list[ast.stmt] = list(ast.parse(cell.source).body)
            body = [node for node in body if isinstance(node, DEFINING)]
            parts.append(ast.unparse(ast.Module(body, [])))
    return "\n".join(parts)


def visible_checks(chapter: Chapter) -> dict[str, str]:
    """The call of each exercise's check, such as `checks.check_swish(swish, swish_derivative)`.

    It is the last line of the cell below the exercise's stub, or "" if there is no such line.
    """
    found, name = {}, ""
    for cell in read_source(chapter).cells:
        if name and cell.cell_type == "code":
            last = ast.parse(cell.source).body[-1:]
            call = last[0].value if last and isinstance(last[0], ast.Expr) else None
            simple = isinstance(call, ast.Call) and all(isinstance(a, ast.Name) for a in call.args)
            found[name] = ast.unparse(call) if call is not None and simple else ""
            name = ""
        if STUB in cell.metadata.get("tags", []):
            name = cell.metadata.get("exercise", "")
    return found
