"""Every chapter that offers other data runs on it from the first cell to the last.

The data stands in for CIFAR-10 and Flickr8k: the same formats, random pixels. `make nightly` runs
these tests; the readers of both formats have tests of their own in every `make test`.
"""

import re

import jupytext
import pytest

from tests.cifar10 import write_cifar10
from tests.flickr8k import write_flickr8k
from tools.chapters import Chapter, list_chapters, read_source
from tools.execute import execute
from tools.results import Parameters

pytestmark = pytest.mark.nightly
ROWS = 2000  # of each of the six files: what a chapter draws at quick fits


def parameters_cell(notebook):
    """The cell with the defaults that a reader may change."""
    (cell,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    return cell


OFFERING = [
    chapter
    for chapter in list_chapters()
    if re.search(r"\bdataset\b", parameters_cell(read_source(chapter)).source)
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The folder of all data sets, holding an archive in CIFAR-10's format."""
    folder = tmp_path_factory.mktemp("data")
    write_cifar10(folder, ROWS)
    return folder


@pytest.mark.parametrize("chapter", OFFERING, ids=lambda chapter: chapter.name)
def test_a_chapter_runs_on_the_other_data_it_offers(chapter, data, tmp_path, monkeypatch):
    notebook = read_source(chapter)
    cell = parameters_cell(notebook)
    other, replaced = re.subn(r'"scenes"', '"cifar10"', cell.source, count=1)
    assert replaced, f"{cell.source!r} does not name scenes as its data set"
    cell.source = "\n".join(
        [
            "from tests.cifar10 import trust",
            "from lib.datasets.cifar10 import ARCHIVE",
            "from lib.datasets.downloads import data_root",
            'trust(data_root() / "cifar10" / ARCHIVE)',
            other,
        ]
    )
    monkeypatch.setenv("COURSE_DATA", str(data))
    copy = Chapter(tmp_path / chapter.source.name)
    jupytext.write(notebook, copy.source, fmt="py:percent")
    (result,) = execute([copy], Parameters("quick"), cache=tmp_path / "cache", limit=300)
    assert result.seconds > 0


def test_captions_are_learned_from_flickr8k_where_it_is(tmp_path, monkeypatch):
    write_flickr8k(tmp_path / "data", 40)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    (chapter,) = (c for c in list_chapters() if c.name == "10_captioning")
    (result,) = execute([chapter], Parameters("quick"), cache=tmp_path / "cache", limit=300)
    code = (cell for cell in result.notebook().cells if cell.cell_type == "code")
    # A busy machine may send one line in pieces.
    said = ["".join(output.get("text", "") for output in cell.outputs) for cell in code]
    assert any(re.fullmatch(r"Flickr8k, \d+ photographs: BLEU [\d.]+\n", text) for text in said)
