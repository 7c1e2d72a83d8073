import pytest

from tests.tools.conftest import markdown
from tools.chapters import CourseError, list_chapters, read_source
from tools.exercises import list_exercises, without_solutions


def test_every_chapters_exercises_are_read_and_fill_the_minutes_it_states():
    for chapter in list_chapters():
        exercises = list_exercises(chapter)
        assert len({exercise.name for exercise in exercises}) == len(exercises) >= 3
        stated = read_source(chapter).metadata["course"]["exercise_minutes"]
        assert abs(sum(exercise.minutes for exercise in exercises) - stated) <= 10, chapter.name


def test_an_exercise_without_its_points_is_named(write_chapter):
    import nbformat

    stub = nbformat.v4.new_code_cell(
        "def f(): ...", metadata={"tags": ["exercise"], "exercise": "f"}
    )
    text = markdown("### Exercise 1: f\n\n★☆☆, 10 minutes. Write f.")
    with pytest.raises(CourseError, match="01_a, exercise 'f': expected metadata exercise and poi"):
        list_exercises(write_chapter("01_a", text, stub))


def test_what_is_no_solution_stays():
    notebook = read_source(list_chapters()[0])
    kept = without_solutions(notebook).cells
    left_out = [cell for cell in notebook.cells if cell not in kept]
    assert {"exercise-solution"} <= set.intersection(*(set(c.metadata["tags"]) for c in left_out))
    assert len(kept) + len(left_out) == len(notebook.cells)
