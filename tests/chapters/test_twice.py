"""Any cell can run twice, and the first one at any time: learners change cells and try again.

A notebook in which every cell stands twice, with the first cell in between, says what the chapter
says. One chapter is tested with every change, and all of them at night.
"""

import re

import jupytext
import nbformat
import pytest

from tests.sampling import nightly_but
from tools.build import BUILD
from tools.chapters import ROOT, Chapter, list_chapters, read_source
from tools.execute import execute
from tools.lock import exclusive
from tools.results import Parameters

TIMES = re.compile(r"\d[\d.,]*( ?×| ?(ms|s|seconds)\b)")  # differ in every run
KINDS = ("text/plain", "text/html", "image/png", "image/svg+xml")


def code_cells(notebook):
    """All code cells but for the parameters."""
    parameters = {"parameters", "injected-parameters"}
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and not parameters & set(cell.metadata.get("tags", []))
    ]


def doubled(notebook):
    """The notebook with every code cell twice, and then the first one again."""
    code, cells = code_cells(notebook), []
    for number, cell in enumerate(notebook.cells):
        cells.append(cell)
        if cell in code:
            cells += [
                nbformat.from_dict(cell | {"id": f"twice-{number}"}),
                nbformat.from_dict(code[0] | {"id": f"first-{number}"}),
            ]
    return nbformat.from_dict(notebook | {"cells": cells})


def outputs(cell):
    """What a reader sees, without what is said on stderr once a process."""
    shown = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            shown.append(TIMES.sub("(time)", output.text))
        elif output.output_type in ("display_data", "execute_result"):
            data = {kind: output.data[kind] for kind in KINDS if kind in output.data}
            shown += [TIMES.sub("(time)", text) for text in data.values()]
    return "".join(shown)


def check(chapter, budget, folder, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(ROOT / "data"))
    with exclusive(BUILD):  # what the book has executed need not run again
        (once,) = execute([chapter], Parameters(budget), cache=BUILD / "executed", limit=600)
    copy = Chapter(folder / chapter.source.name)
    jupytext.write(doubled(read_source(chapter)), copy.source, fmt="py:percent")
    (twice,) = execute([copy], Parameters(budget), cache=folder / "cache", limit=1200)
    expected, found = code_cells(once.notebook()), code_cells(twice.notebook())
    assert len(found) == 3 * len(expected)
    assert sum(bool(outputs(cell)) for cell in expected) >= 10
    for cell, first, second in zip(expected, found[::3], found[1::3], strict=True):
        assert outputs(first) == outputs(cell), f"changed by a cell above it:\n{cell.source}"
        assert outputs(second) == outputs(cell), f"changed by running it twice:\n{cell.source}"


@pytest.mark.parametrize("chapter", nightly_but(list_chapters(), "02_preprocessing"))
def test_running_any_cell_twice_changes_nothing(chapter, tmp_path, monkeypatch):
    check(chapter, "quick", tmp_path, monkeypatch)


@pytest.mark.nightly
@pytest.mark.parametrize("chapter", list_chapters(), ids=lambda chapter: chapter.name)
def test_running_any_cell_twice_changes_nothing_at_standard(chapter, tmp_path, monkeypatch):
    check(chapter, "standard", tmp_path, monkeypatch)
