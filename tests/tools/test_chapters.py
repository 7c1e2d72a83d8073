import pytest

from tests.tools.conftest import checked, markdown
from tools.chapters import (
    ROOT,
    CourseError,
    is_checked,
    list_chapters,
    read_source,
    title_of,
)


def test_chapters_come_in_the_order_of_the_contents(tmp_path, write_chapter):
    for name in ("01_a", "02_b"):
        write_chapter(name)
    toc = "root: index\nparts:\n- chapters: [{file: chapters/02_b}, {file: chapters/01_a}]\n"
    (tmp_path / "_toc.yml").write_text(toc + "- chapters: [{file: claims}]\n")
    assert [chapter.name for chapter in list_chapters(tmp_path)] == ["02_b", "01_a"]


def test_a_chapter_that_is_listed_must_be_there(tmp_path):
    (tmp_path / "_toc.yml").write_text("parts:\n- chapters: [{file: chapters/09_lost}]\n")
    with pytest.raises(CourseError, match="lists chapters/09_lost"):
        list_chapters(tmp_path)


def test_every_source_of_the_course_is_in_its_contents():
    sources = {path.stem for path in (ROOT / "chapters").glob("*.py")}
    assert sources == {chapter.name for chapter in list_chapters()}


def test_ids_depend_on_a_cells_text_alone(write_chapter):
    before = read_source(write_chapter("01_a", "x = 1", "x = 1", "y = 2"))
    after = read_source(write_chapter("01_a", markdown("More."), "x = 1", "x = 1", "y = 2"))
    ids = [cell.id for cell in after.cells]
    assert [cell.id for cell in before.cells] == [*ids[:2], *ids[3:]]
    assert len(set(ids)) == len(ids)


def test_the_title_is_the_first_heading(write_chapter):
    notebook = read_source(write_chapter("01_a"))
    assert title_of(notebook) == "Chapter 01_a"
    notebook.cells[0].source = "# 10 · Captions, and where a network looks\n\nSeen."
    assert title_of(notebook) == "Captions, and where a network looks"
    notebook.cells[0].source = "No heading"
    with pytest.raises(CourseError, match="got 'No heading'"):
        title_of(notebook)


def test_checked_cells_are_tagged_code():
    assert is_checked(checked("1"))
    assert not is_checked(markdown("1"))
