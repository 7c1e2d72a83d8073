"""The hidden tests: each accepts the chapter's own solution, and asks for more than the checks."""

import functools
import importlib.util

import pytest

from lib.checks import run_cases
from tools.chapters import ROOT, list_chapters, read_source
from tools.exercises import definitions
from tools.variants import constants


def load_hidden(chapter):
    spec = importlib.util.spec_from_file_location(
        chapter.name, ROOT / "chapters" / "hidden" / f"{chapter.name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def exercises(chapter, tag):
    return {
        cell.metadata["exercise"]: cell
        for cell in read_source(chapter).cells
        if tag in cell.metadata.get("tags", [])
    }


EXERCISES = [
    (chapter, name) for chapter in list_chapters() for name in exercises(chapter, "exercise")
]


@functools.cache
def defined_before(chapter):
    """The names that answers may use."""
    names = {}
    exec(compile(definitions(chapter), chapter.name, "exec"), names)
    return names


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES, ids=lambda value: str(value))
def test_the_solution_passes_and_the_stub_does_not(chapter, exercise):
    hidden = getattr(load_hidden(chapter), exercise.replace("-", "_"))
    for tag, passes in (("exercise-solution", True), ("exercise", False)):
        defined = dict(defined_before(chapter)) | constants(chapter, None).get(exercise, {})
        exec(exercises(chapter, tag)[exercise].source, defined)
        report = run_cases(exercise, hidden(defined))
        assert report.passed is passes, report


@pytest.mark.parametrize(("chapter", "exercise"), EXERCISES, ids=lambda value: str(value))
def test_every_exercise_states_its_points(chapter, exercise):
    assert exercises(chapter, "exercise")[exercise].metadata["points"] > 0
