import sys

import nbformat
import pytest

from tools import lab
from tools.chapters import Chapter, CourseError, list_chapters

HEADER = {"jupytext": {"formats": "ipynb,py:percent"}, "course": {"rows": []}}


@pytest.fixture
def chapter(tmp_path):
    return Chapter(tmp_path / "chapters" / "01_a.py")


def publish(chapter, source):
    """Let the chapter's notebook hold one cell."""
    cells = [nbformat.v4.new_code_cell(source, id="one")]
    chapter.notebook.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=HEADER), chapter.notebook)


def code(path):
    return nbformat.read(path, as_version=4).cells[0].source


def test_a_copy_is_paired_with_nothing_and_saving_it_leaves_the_chapter_alone(chapter, tmp_path):
    publish(chapter, "x = 1")
    before = chapter.notebook.read_bytes()
    assert lab.renew([chapter], tmp_path / "lab") == []
    copy = tmp_path / "lab" / "01_a.ipynb"
    assert "jupytext" not in nbformat.read(copy, as_version=4).metadata
    copy.write_text("saved")
    assert chapter.notebook.read_bytes() == before
    assert copy.resolve() != chapter.notebook.resolve()


def test_a_copy_that_nobody_changed_follows_its_chapter(chapter, tmp_path):
    for source in ("x = 1", "x = 2"):
        publish(chapter, source)
        assert lab.renew([chapter], tmp_path / "lab") == []
        assert code(tmp_path / "lab" / "01_a.ipynb") == source


def test_what_a_user_changed_stays_and_is_named_once_the_chapter_changes(chapter, tmp_path):
    publish(chapter, "x = 1")
    lab.renew([chapter], tmp_path / "lab")
    mine = tmp_path / "lab" / "01_a.ipynb"
    changed = nbformat.read(mine, as_version=4)
    changed.cells[0].source = "my answer"
    nbformat.write(changed, mine)
    assert lab.renew([chapter], tmp_path / "lab") == []  # the chapter is what it was
    publish(chapter, "x = 2")
    for _ in range(2):
        assert lab.renew([chapter], tmp_path / "lab") == ["01_a.ipynb"]
        assert code(mine) == "my answer"
    mine.rename(mine.with_name("mine.ipynb"))
    assert lab.renew([chapter], tmp_path / "lab") == []
    assert code(mine) == "x = 2"


def test_a_file_that_was_there_before_is_never_overwritten(chapter, tmp_path):
    publish(chapter, "x = 1")
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "01_a.ipynb").write_text("years of work")
    assert lab.renew([chapter], tmp_path / "lab") == ["01_a.ipynb"]
    assert (tmp_path / "lab" / "01_a.ipynb").read_text() == "years of work"


def test_a_chapter_without_notebook_is_refused(chapter, tmp_path):
    with pytest.raises(CourseError, match="make notebooks"):
        lab.renew([chapter], tmp_path / "lab")


def test_jupyterlab_gets_the_copies_and_the_users_options(tmp_path, monkeypatch, capsys):
    started = []
    monkeypatch.setattr(lab, "FOLDER", tmp_path / "a lab ü")
    monkeypatch.setattr(lab.subprocess, "call", lambda command, env: started.append(command) or 7)
    monkeypatch.setattr(sys, "argv", ["lab", "--no-browser"])
    assert lab.main() == 7
    (command,) = started
    assert command[-2:] == [f"--ServerApp.root_dir={tmp_path / 'a lab ü'}", "--no-browser"]
    copies = {path.name for path in (tmp_path / "a lab ü").glob("*.ipynb")}
    assert copies == {chapter.notebook.name for chapter in list_chapters()}
    assert "Nothing that you save there changes a chapter" in capsys.readouterr().out
