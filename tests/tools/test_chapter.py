import re
import sys

import nbformat
import pytest

from tools import chapter as command
from tools.chapters import Chapter, CourseError, find_chapter, list_chapters, read_source
from tools.results import Executed, Parameters

WARNED = """\
chapters/02_a.ipynb:9: WARNING: 'myst' cross-reference target not found: 'x.md' [myst.xref_missing]
chapters/02_a.ipynb:9: WARNING: term not in glossary: 'epoch' [ref.term]
chapters/02_a.ipynb:12: WARNING: Non-consecutive header level increase; H1 to H3 [myst.header]
writing output
"""


@pytest.mark.parametrize("name", ["", "77", "salience"])
def test_an_unknown_chapter_is_refused_with_the_list_of_those_there_are(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["chapter", name])
    assert command.main() == 1
    said = capsys.readouterr().err
    assert all(chapter.name in said for chapter in list_chapters())


@pytest.mark.parametrize("name", ["saliency", "07_saliency", "07"])
def test_chapters_are_found_by_name_or_number(name):
    assert find_chapter(name).name == "07_saliency"


def test_links_to_other_pages_are_no_faults_and_what_is_wrong_with_the_page_is():
    assert command.faults(WARNED) == [WARNED.splitlines()[2]]


def test_one_page_is_rendered_although_its_links_lead_nowhere(tmp_path, capsys):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Alone\n\n[there](01_activations.ipynb)\n\n### Deep")
        ]
    )
    files = {
        "_toc.yml": b"format: jb-book\nroot: chapters/02_a\n",
        "_config.yml": b"title: T\n",
        "chapters/02_a.ipynb": nbformat.writes(notebook).encode(),
    }
    page = command.render_page(Chapter(tmp_path / "02_a.py"), files, tmp_path / "b ü")
    assert "Alone" in page.read_text()
    said = capsys.readouterr().err
    assert "Non-consecutive header level" in said
    assert "01_a" not in said


def test_a_page_that_cannot_be_made_is_refused_with_what_sphinx_said(tmp_path):
    with pytest.raises(CourseError, match="made no page of 02_a"):
        command.render_page(Chapter(tmp_path / "02_a.py"), {"x.md": b"# X"}, tmp_path / "out")


def test_a_book_of_one_page_holds_what_the_page_needs(tmp_path):
    chapter = find_chapter("02")
    code = [c for c in read_source(chapter).cells if c.cell_type == "code"]
    (tmp_path / "claims").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=code), tmp_path / "notebook.ipynb")
    files = command.staged(Executed(chapter, tmp_path, 1.0, 1), Parameters("quick"))
    assert set(files) == {*command.NEEDED, "_toc.yml", "chapters/02_preprocessing.ipynb"}
    assert re.search(r"root: chapters/02_preprocessing\n", files["_toc.yml"].decode())


def test_without_a_display_nothing_is_opened(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(command.webbrowser, "open", lambda url: not opened.append(url))
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not command.open_page(tmp_path / "ü b.html")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert command.open_page(tmp_path / "ü b.html")
    assert opened == [(tmp_path / "ü b.html").as_uri()]
