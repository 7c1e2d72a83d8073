"""Any cell can be run twice: a learner changes one and runs it again.

One chapter runs twice with every change, and all of them at night.
"""

import jupytext
import nbformat
import pytest

from tests.sampling import nightly_but
from tools.chapters import ROOT, Chapter, list_chapters, read_source
from tools.execute import execute
from tools.results import Parameters


@pytest.mark.parametrize("chapter", nightly_but(list_chapters(), "02_preprocessing"))
def test_every_cell_can_run_twice(chapter, tmp_path, monkeypatch):
    notebook = read_source(chapter)
    doubled = []
    for cell in notebook.cells:
        doubled.append(cell)
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            doubled.append(nbformat.from_dict(cell | {"id": f"{cell.id}-again"}))
    notebook.cells = doubled
    monkeypatch.setenv("COURSE_DATA", str(ROOT / "data"))
    copy = Chapter(tmp_path / chapter.source.name)
    jupytext.write(notebook, copy.source, fmt="py:percent")
    (result,) = execute([copy], Parameters("quick"), cache=tmp_path / "cache", limit=300)
    assert result.seconds > 0
