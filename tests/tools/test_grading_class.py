"""What an instructor is told about a class."""

import math

import pytest

from tools.grading.class_page import render_class_page
from tools.grading.rows import Row
from tools.grading.similarity import similar_pairs
from tools.grading.statistics import correlation, items_of, mistakes_of

LOOP = (
    "def gain(phi):\n    result_of_my_loop = 0  # strange\n    for k in range(12345): result += k"
)


def row(student, exercise, points, *problems):
    cases = tuple((f"case {n}", problem) for n, problem in enumerate(problems))
    return Row(student, "01_a", exercise, points, 4, "", cases)


CLASS = {
    "ann": [row("ann", "one", 4, "", ""), row("ann", "two", 4, "")],
    "bob": [row("bob", "one", 2, "", "expected 2; got 0.31"), row("bob", "two", 2, "no")],
    "cleo": [row("cleo", "one", 2, "", "expected 2; got -7e-05"), row("cleo", "two", 0, "no")],
    "dan": [row("dan", "one", 0), row("dan", "two", 0)],
}


def test_items_count_what_students_did():
    one, two = items_of(CLASS)
    assert (one.students, one.attempted, one.full, one.difficulty) == (4, 3, 1, 0.5)
    assert one.failing == (("case 1", 2), ("case 0", 0)) and two.failing == (("case 0", 2),)
    pairs = [(1, 1), (0.5, 0.5), (0.5, 0), (0, 0)]
    assert one.discrimination == pytest.approx(correlation(pairs)) == two.discrimination


@pytest.mark.parametrize("pairs", [[], [(1, 1), (0, 0)], [(1, 1), (1, 0), (1, 2)]])
def test_no_correlation_is_made_up(pairs):
    assert math.isnan(correlation(pairs))


def test_answers_that_behave_alike_are_one_mistake():
    first, second = mistakes_of(CLASS)
    assert {first.exercise, second.exercise} == {"one", "two"}
    for found in (first, second):
        assert found.students == ("bob", "cleo")
    assert mistakes_of(CLASS, fewest=3) == []


def test_only_lines_that_hardly_anybody_has_tell():
    usual = "def swish(x):\n    return x * torch.sigmoid(x)"
    sources = {f"student {n}": [usual] for n in range(20)}
    assert similar_pairs(sources) == []
    sources["student 3"] = [usual, LOOP]
    sources["student 7"] = [LOOP.replace("  ", " "), "x = 1"]
    (pair,) = similar_pairs(sources)
    assert pair.students == ("student 3", "student 7") and len(pair.lines) == 3
    assert pair.weight == pytest.approx(3 * math.log2(10))
    assert similar_pairs(sources, given=[LOOP]) == []


def test_the_page_is_one_file_that_runs_nothing_a_student_wrote():
    evil = "<script>alert(1)</script>"
    rows = {**CLASS, evil: [row(evil, evil, 1, evil)]}
    looked_at = [(evil, Row(evil, "01_a", "one", 1, 4, "", (), remarks=f"uses {evil}"))]
    sources = {evil: [LOOP, evil * 2], "bob": [LOOP, evil * 2], **{str(n): [""] for n in range(9)}}
    page = render_class_page(
        evil, [100.0, 50, 40, 0, 120], items_of(rows), mistakes_of(rows), similar_pairs(sources),
        looked_at,
    )  # fmt: skip
    assert "<script" not in page and "http" not in page
    assert page.count("data:image/svg+xml") == 4 and page.count("<details>") == 3
    assert "5 students" in page and "uses &lt;script" in page
    empty = render_class_page("term", [], [], [], [], [])
    assert "No two wrong answers behave alike." in empty and "There are none." in empty
