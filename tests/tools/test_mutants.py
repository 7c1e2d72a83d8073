from dataclasses import replace

import pytest

from tools.chapters import ROOT, CourseError, list_chapters
from tools.mutants import MUTANTS, noticed_by

NAMES = [chapter.name for chapter in list_chapters()]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_text_to_replace_stands_there_once(mutant):
    text = (ROOT / mutant.file).read_text()
    assert text.count(mutant.old) == 1
    assert mutant.new != mutant.old
    assert mutant.chapter in NAMES


@pytest.mark.nightly
def test_a_fault_fails_a_checked_cell_and_leaves_the_course_alone():
    mutant = MUTANTS[0]
    before = (ROOT / mutant.file).read_bytes()
    assert noticed_by(mutant).startswith(f"chapters/{mutant.chapter}.ipynb::Cell")
    assert (ROOT / mutant.file).read_bytes() == before


@pytest.mark.nightly
def test_what_changes_nothing_survives():
    same = replace(MUTANTS[0], new=f"{MUTANTS[0].old}  # as it was")
    assert noticed_by(same) is None


def test_a_fault_that_finds_no_place_is_reported():
    with pytest.raises(CourseError, match="expected once"):
        noticed_by(replace(MUTANTS[0], old="no such text"))
