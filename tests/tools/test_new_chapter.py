import ast
import re
import shutil

import pytest
import yaml

from tools import new_chapter
from tools.chapters import ROOT, Chapter, CourseError, list_chapters, read_source
from tools.exercises import list_exercises
from tools.reach import reached_files
from tools.syllabus_page import read_syllabus


@pytest.fixture
def course(tmp_path):
    """What of the repository a new chapter is written into."""
    for name in ("_toc.yml", "chapters/syllabus.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for chapter in list_chapters():
        (tmp_path / "chapters" / chapter.source.name).touch()
        (tmp_path / "chapters" / chapter.room.name).mkdir()
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_chapter_comes_last_and_is_in_the_contents_and_in_the_syllabus(course):
    last = list_chapters()[-1].name
    full = new_chapter.write_chapter("sequences", course)
    assert full == f"{int(last[:2]) + 1:02}_sequences"
    assert list_chapters(course)[-1] == Chapter(course / "chapters" / f"{full}.py")
    header = read_source(list_chapters(course)[-1]).metadata["course"]
    assert header["builds_on"] == [last]
    rows = {row.id: row for row in read_syllabus(course / "chapters" / "syllabus.yml").rows}
    for row in header["rows"]:
        assert all(section.startswith(f"{full}#") for section in rows[row].sections)
    comments = re.findall(r"(?m)^#.*$", (ROOT / "chapters" / "syllabus.yml").read_text())
    assert all(line in (course / "chapters/syllabus.yml").read_text() for line in comments)


def test_the_names_of_the_templates_are_gone_and_imports_lead_to_the_new_room(course):
    full = new_chapter.write_chapter("sequences", course)
    written = [course / place.format(name="sequences", full=full)
               for place in new_chapter.PLACES.values()]  # fmt: skip
    for path in written:
        text = path.read_text()
        ast.parse(text)
        assert not re.findall(r"\b(?:skeleton|TITLE|CLAIM|ROW|PREVIOUS)\b", text), path
    chapter = Chapter(course / "chapters" / f"{full}.py")
    reached = reached_files([cell.source for cell in read_source(chapter).cells], course)
    assert {chapter.room / f"{name}.py" for name in ("checks", "experiments", "figures")} <= {
        *reached
    }


def test_every_exercise_of_the_skeleton_has_points_minutes_and_hidden_tests(course):
    full = new_chapter.write_chapter("sequences", course)
    exercises = list_exercises(Chapter(course / "chapters" / f"{full}.py"))
    hidden = ast.parse((course / "chapters" / "hidden" / f"{full}.py").read_text())
    functions = {node.name for node in hidden.body if isinstance(node, ast.FunctionDef)}
    assert {exercise.name for exercise in exercises} == functions
    assert len(exercises) == 3
    assert all(exercise.points and exercise.minutes for exercise in exercises)


@pytest.mark.parametrize(
    "name", ["", "Sequences", "two words", "11_sequences", "ünder", "class", "hidden", "../x"]
)
def test_a_name_that_no_package_can_have_is_refused(name, course):
    before = contents(course)
    with pytest.raises(CourseError, match=f"one word of lowercase letters.*got {name!r}"):
        new_chapter.write_chapter(name, course)
    assert contents(course) == before


def test_a_chapter_that_is_there_is_never_overwritten(course):
    new_chapter.write_chapter("sequences", course)
    before = contents(course)
    for name in ("sequences", "saliency"):
        with pytest.raises(CourseError, match=f"there is a '{name}' already"):
            new_chapter.write_chapter(name, course)
    assert contents(course) == before


def test_what_has_no_place_for_an_entry_is_refused_before_anything_is_written(course):
    (course / "chapters" / "syllabus.yml").write_text("parts: {}\n")
    before = contents(course)
    with pytest.raises(CourseError, match=r"syllabus\.yml has the line 'later:' 0 times"):
        new_chapter.write_chapter("sequences", course)
    assert contents(course) == before


def test_the_command_says_what_is_to_be_done_next_and_what_fails_until_then(
    course, monkeypatch, capsys
):
    monkeypatch.setattr(new_chapter, "write_chapter", lambda name: f"11_{name}")
    monkeypatch.setattr("sys.argv", ["new_chapter", "sequences"])
    assert new_chapter.main() == 0
    said = capsys.readouterr().out
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    assert set(re.findall(r"(?m)^  make ([a-z-]+)", said)) <= targets
    assert "make evidence SEEDS=" in said
    assert "tests/chapters/test_evidence.py" in said
    assert yaml.safe_load((course / "_toc.yml").read_text())
