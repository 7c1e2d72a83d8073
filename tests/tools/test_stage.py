from dataclasses import replace

import nbformat
import pytest

from lib import runtime
from lib.claims import claim
from tools.chapters import CourseError, read_source
from tools.execute import Executed, Parameters
from tools.stage import add_anchors, add_card


@pytest.fixture
def executed(write_chapter, tmp_path):
    chapter = write_chapter("01_a", "x = 1", 'claim("a-holds", "", [1, 2, 3])')
    return Executed(chapter, tmp_path, 61.4, 2_340_000_000)


def test_the_card_states_minutes_and_what_the_run_took(executed):
    notebook = read_source(executed.chapter)
    add_card(notebook, executed, Parameters("quick", 3, "cpu"), "https://colab.example/a?b&c")
    card = notebook.cells[1].source
    for fact in ("1 minutes", "2 minutes", "61 s, 2.3 GB", "CPU, 1 thread", "quick, seed 3"):
        assert fact in card
    assert '<a href="https://colab.example/a?b&amp;c">on Colab</a>' in card
    nbformat.validate(notebook)


def test_a_course_that_is_not_on_github_has_no_link_to_colab(executed):
    notebook = read_source(executed.chapter)
    add_card(notebook, executed, Parameters(), None)
    assert "Colab" not in notebook.cells[1].source


def test_a_chapter_without_its_minutes_is_refused(executed):
    notebook = read_source(executed.chapter)
    del notebook.metadata["course"]["reading_minutes"]
    with pytest.raises(CourseError, match=r"01_a: its header lacks course\.reading_minutes"):
        add_card(notebook, executed, Parameters(), None)


def test_an_anchor_stands_before_the_cell_of_its_claim(executed):
    notebook = read_source(executed.chapter)
    add_anchors(notebook, ["a-holds"])
    index = next(i for i, cell in enumerate(notebook.cells) if 'id="claim-a-holds"' in cell.source)
    assert notebook.cells[index + 1].source.startswith('claim("a-holds"')


def test_a_claim_that_no_cell_names_is_refused(executed):
    with pytest.raises(CourseError, match='no cell contains "b-holds"'):
        add_anchors(read_source(executed.chapter), ["b-holds"])


def test_solutions_can_be_left_out(executed, monkeypatch):
    from tools import stage

    notebook = read_source(executed.chapter)
    solution = nbformat.v4.new_code_cell("answer = 42", metadata={"tags": ["exercise-solution"]})
    notebook.cells.append(solution)
    monkeypatch.setattr(Executed, "notebook", lambda self: nbformat.from_dict(notebook))
    for solutions, there in (("show", True), ("hide", False)):
        files = stage.stage([executed], Parameters(), solutions=solutions)
        assert ("answer = 42" in files["chapters/01_a.ipynb"].decode()) is there


def test_records_of_a_run_reach_the_claims_page(executed, write_chapter, monkeypatch):
    from tools import stage

    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(executed.folder / "claims"))
    run = runtime.start("standard", device="cpu")
    claim("a-holds", "Two is above one", [2.0, 2.1, 2.2], above=1, run=run, rows=("M05",))
    monkeypatch.setattr(Executed, "notebook", lambda self: read_source(self.chapter))
    files = stage.stage([executed], Parameters())
    with pytest.raises(CourseError, match="same id: a-holds"):
        stage.stage(
            [executed, replace(executed, chapter=write_chapter("02_b", "'a-holds', \"a-holds\""))],
            Parameters(),
        )
    assert "chapters/01_a.html#claim-a-holds" in files["claims.md"].decode()
    assert 'id=\\"claim-a-holds\\"' in files["chapters/01_a.ipynb"].decode()
