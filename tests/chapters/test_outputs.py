"""Executed at quick, every chapter says what its committed notebook holds.

`make test` has executed the chapters for the book before; these tests then read what that left.
"""

import nbformat
import pytest

from tools.build import BUILD
from tools.chapters import is_checked, list_chapters
from tools.execute import execute
from tools.lock import exclusive
from tools.pair import reference_notebook
from tools.results import Parameters


def checked_outputs(notebook: nbformat.NotebookNode) -> list[tuple[str, list]]:
    """The code of each checked cell and its outputs."""
    cells = [cell for cell in notebook.cells if is_checked(cell)]
    return [(cell.source, [dict(output) for output in cell.outputs]) for cell in cells]


@pytest.mark.parametrize("chapter", list_chapters(), ids=lambda chapter: chapter.name)
def test_checked_cells_give_what_the_notebook_holds(chapter):
    with exclusive(BUILD):
        (result,) = execute([chapter], Parameters("quick"), cache=BUILD / "executed", limit=300)
    found = checked_outputs(reference_notebook(result))
    committed = checked_outputs(nbformat.read(chapter.notebook, as_version=4))
    assert len(found) >= 5
    assert [code for code, _ in found] == [code for code, _ in committed]
    for (code, now), (_, then) in zip(found, committed, strict=True):
        assert now == then, code
