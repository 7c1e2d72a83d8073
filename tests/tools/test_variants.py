"""Constants that differ from student to student: handed out, solved and judged."""

import csv
import json

import nbformat
import pytest

from tests.tools.submitted import notebook, place_of, saved, solutions
from tools.assignment import write_assignment
from tools.chapters import ROOT, CourseError, find_chapter, list_chapters, read_source
from tools.exercises import definitions, visible_checks
from tools.grading.grade import grade, read_assignment
from tools.grading.judging import Judges
from tools.grading.mutants import faults
from tools.grading.people import Person
from tools.grading.programs import CHAPTERS, OWN
from tools.grading.sandbox import is_possible
from tools.variants import (
    COUNT,
    assignments_of,
    constants,
    constants_in,
    variant_of,
    with_variant,
)

VARYING = [chapter for chapter in list_chapters() if constants(chapter, None)]
FIRST = find_chapter("01_activations")


@pytest.fixture(scope="module")
def judges():
    made = Judges(ROOT, sandbox=is_possible())
    yield made
    made.stop()


def judged(judges, chapter, name, source, values):
    """The verdict on one answer."""
    hidden = (ROOT / "chapters/hidden" / chapter.source.name).read_text("utf-8")
    program = {name: [(CHAPTERS, assignments_of(values[name])), (OWN, source)]}
    return judges.verdicts(
        definitions(chapter), hidden, visible_checks(chapter), values, program, {}, 20
    )[name]


def test_every_chapter_has_an_exercise_that_varies():
    assert list_chapters() == VARYING


def test_a_student_keeps_a_variant_and_students_differ():
    assert variant_of("ann", "fall") == variant_of("ann", "fall")
    assert variant_of("ann", "fall") != variant_of("ann", "spring")
    drawn = {variant_of(f"student {n}", "fall") for n in range(500)}
    assert drawn == set(range(COUNT))


@pytest.mark.parametrize("chapter", VARYING, ids=lambda chapter: chapter.name)
def test_every_solution_is_right_in_all_variants_and_copied_numbers_are_not(chapter, judges):
    given = solutions(chapter.name)
    for name, own in constants(chapter, None).items():
        seen = {json.dumps(constants(chapter, variant)[name]) for variant in range(COUNT)}
        assert len(seen) >= 5
        copied = given[name]
        for constant, value in own.items():
            assert constant in copied.split("checks.")[0]
            copied = f"{constant} = {value!r}\n{copied}"
        # variants with the same constants are judged alike, so one of them is enough
        different = {json.dumps(constants(chapter, v)[name]): v for v in range(COUNT)}
        for variant in different.values():
            values = constants(chapter, variant)
            found = judged(judges, chapter, name, given[name], values)
            assert found["passed"] == found["of"] > 0, (variant, found)
            found = judged(judges, chapter, name, copied, values)
            assert (found["passed"] == found["of"]) == (values[name] == own), (variant, found)


@pytest.mark.nightly
@pytest.mark.parametrize("chapter", VARYING, ids=lambda chapter: chapter.name)
def test_faults_are_noticed_in_all_variants_or_in_none(chapter, judges):
    for name in constants(chapter, None):
        for source, line in faults(solutions(chapter.name)[name]):
            full = set()
            for variant in range(0, COUNT, 10):
                values = constants(chapter, variant)
                found = judged(judges, chapter, name, source, values)
                full.add(found["passed"] == found["of"])
            assert len(full) == 1, line


def test_a_notebook_has_its_constants_and_nothing_else_changes():
    plain = notebook(name=FIRST.name)
    (name,) = constants(FIRST, None)
    variant = next(v for v in range(COUNT) if constants(FIRST, v) != constants(FIRST, None))
    made = with_variant(plain, FIRST, variant)
    place = place_of(plain, name)
    for at, (before, after) in enumerate(zip(plain.cells, made.cells, strict=True)):
        assert (before.source == after.source) == (at != place)
    assert constants_in([made.cells[place].source], FIRST) == constants(FIRST, variant)
    assert constants_in(["SLOPE = 77", "SLOPE = ("], FIRST) == constants(FIRST, None)


def test_a_class_gets_variants_and_is_judged_by_them(tmp_path):
    people = [Person("Ann Lee", ("1",)), Person("Bob Lee", ("2",)), Person("Cleo", ("3",)),
              Person("Cleo", ("4",))]  # fmt: skip
    write_assignment([FIRST], tmp_path / "term", people=people)
    with (tmp_path / "term/instructor/variants.csv").open(newline="") as file:
        table = {row["id"]: int(row["variant"]) for row in csv.DictReader(file)}
    assert sorted(p.name for p in (tmp_path / "term/variants").iterdir()) == [
        "Ann Lee", "Bob Lee", "Cleo", "Cleo 4"
    ]  # fmt: skip
    (name,) = constants(FIRST, None)
    assert constants(FIRST, table["1"]) != constants(FIRST, table["2"])
    made = {}
    for who in ("Ann Lee", "Bob Lee"):
        path = tmp_path / "term/variants" / who / FIRST.notebook.name
        made[who] = nbformat.read(path, as_version=4)
        given = made[who].cells[place_of(made[who], name)]
        first = given.source.splitlines()[0]
        for cell in made[who].cells:
            if source := solutions(FIRST.name).get(cell.metadata.get("exercise")):
                own = cell.metadata["exercise"] == name
                cell.source = f"{first}\n{source}" if own else source
    hand_in = {"Ann Lee": "Ann Lee", "Bob Lee": "Ann Lee", "Somebody": "Bob Lee"}
    for who, whose in hand_in.items():
        folder = tmp_path / "in" / who
        folder.mkdir(parents=True)
        (folder / "hw.ipynb").write_bytes(saved(made[whose]))
    rows = grade(read_assignment(tmp_path / "term"), tmp_path / "in", sandbox=False)
    found = {row.submission.split("/")[0]: row for row in rows if row.exercise == name}
    assert found["Ann Lee"].points == found["Somebody"].points == found["Ann Lee"].of
    assert found["Ann Lee"].remarks == ""
    assert found["Bob Lee"].points < found["Bob Lee"].of
    assert found["Bob Lee"].remarks == "the notebook has the constants of another variant"
    assert "no variant is known for this student" in found["Somebody"].remarks


def test_a_stub_without_its_constant_is_refused(write_chapter):
    stub = nbformat.v4.new_code_cell(
        "def f(x): ...", metadata={"tags": ["exercise"], "exercise": "f", "varies": "A: 1 2"}
    )
    with pytest.raises(CourseError, match="no A in its stub"):
        constants(write_chapter("03_c", stub), None)


def test_every_constant_is_in_the_call_of_its_check():
    for chapter in VARYING:
        for name, own in constants(chapter, None).items():
            assert all(constant in visible_checks(chapter)[name] for constant in own)
            text = next(c.source for c in reversed(read_source(chapter).cells)
                        if c.cell_type == "markdown" and next(iter(own)) in c.source)  # fmt: skip
            assert "###" in text
