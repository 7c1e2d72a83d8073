"""What an exercise's stub or text names is there when an answer is graded."""

import ast
import re

import pytest

from tests.tools.submitted import notebook, saved, solutions
from tools.assignment import write_assignment
from tools.chapters import list_chapters, read_source
from tools.exercises import STUB, definitions
from tools.grading.grade import grade, read_assignment
from tools.grading.names import names_of
from tools.grading.programs import _above
from tools.variants import constants

CODE = re.compile(r"`([^`]+)`")


def named(chapter):
    """For each exercise, the names in its stub and text that are not its function's own."""
    text = ""
    for cell in read_source(chapter).cells:
        if cell.cell_type == "markdown":
            text = cell.source[cell.source.rfind("### Exercise") :]
        elif STUB in cell.metadata.get("tags", []):
            found = set()
            for code in [*CODE.findall(text), cell.source]:
                try:
                    tree = ast.parse(code)
                except SyntaxError:
                    continue
                found |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            own = {
                node.arg for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.arg)
            }
            yield cell.metadata["exercise"], found - own


def needed(chapter):
    """For each exercise, those of these names that the chapter defines, computes or gives."""
    given = names_of(definitions(chapter)).binds
    for exercise, names in named(chapter):
        above = _above(chapter.source.read_text("utf-8"), chapter, exercise)
        made = {name for _, piece in above for name in piece.binds}
        yield exercise, names & (made | given | constants(chapter, None).get(exercise, {}).keys())


NEEDED = [(chapter, exercise, names) for chapter in list_chapters()
          for exercise, names in needed(chapter) if names]  # fmt: skip


def test_the_names_are_found():
    found = {exercise: names for _, exercise, names in NEEDED}
    assert found["compress"] >= {"features", "galleries", "spaces"}
    assert found["maxout-pieces"] == {"SLOPE"} and "ward" in found["ward"]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("chapter", "exercise", "names"), NEEDED, ids=lambda value: str(value)[-40:]
)
def test_an_answer_may_use_all_that_its_exercise_names(chapter, exercise, names, tmp_path):
    write_assignment([chapter], tmp_path / "term")
    answers = solutions(chapter.name)
    answers = {exercise: f"tried = ({', '.join(sorted(names))},)\n{answers[exercise]}"}
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hw.ipynb").write_bytes(saved(notebook(answers, chapter.name)))
    rows = grade(read_assignment(tmp_path / "term"), tmp_path / "in", sandbox=False)
    (row,) = [row for row in rows if row.exercise == exercise]
    assert row.points == row.of and row.reason == ""
