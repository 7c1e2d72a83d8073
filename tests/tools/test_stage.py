import json
from dataclasses import replace

import nbformat
import pytest

from lib.evidence.cards import Card
from lib.evidence.estimates import Estimate
from lib.evidence.ledger import Ledger, write_found
from tests.evidence import VALUES, make_claim, make_ledger
from tests.tools.conftest import markdown
from tools.chapters import ROOT, CourseError, read_source
from tools.contents_map import PLACE
from tools.places import STATE, VIEW, make_place
from tools.results import Executed, Parameters
from tools.stage import WAITING, add_anchors, add_card, join_folded, renew_cards, run_facts, stage

A_HOLDS = make_claim("a-holds", statement="Two is above one", rows=("M05",))
NO_LEDGER = Ledger([])
SITE = {
    "_config.yml": "repository: {url: https://example.org/course, branch: main}\n",
    "_toc.yml": "root: index\nparts:\n- chapters: [{file: chapters/01_a}, {file: claims}]\n",
    "index.md": "# Book\n",
    "references.bib": "@misc{graham2014, author={Graham, B.}, title={Max-pooling}, year=2014}",
    "benchmarks/results.json": (ROOT / "benchmarks" / "results.json").read_text(),
    "chapters/elsewhere.yml": "[]",
    "chapters/syllabus.yml": """
        parts: {Part: [{id: M05, text: A row., sections: ["01_a#Chapter 01_a"]}]}
        later: []
    """,
}


@pytest.fixture
def executed(write_chapter, tmp_path):
    chapter = write_chapter(
        "01_a", "x = 1", markdown("(Graham, 2014)"), 'counting.cards(found, run)["a-holds"]'
    )
    return Executed(chapter, tmp_path, 61.4, 2_340_000_000)


@pytest.fixture
def site(executed, tmp_path, monkeypatch):
    """The root of a book that has one chapter, whose run brought no outputs."""
    for name, text in SITE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(Executed, "notebook", lambda self: read_source(self.chapter))
    return tmp_path


def test_the_card_states_minutes_and_what_the_run_took(executed):
    notebook = read_source(executed.chapter)
    facts = run_facts(executed, Parameters("quick", 3, "cpu"))
    add_card(notebook, executed.chapter, facts, "https://colab.example/a?b&c")
    card = notebook.cells[1].source
    for fact in ("1 minutes", "2 minutes", "61 s, 2.3 GB", "CPU, 1 thread", "quick, seed 3"):
        assert fact in card
    assert '<a href="https://colab.example/a?b&amp;c">on Colab</a>' in card
    nbformat.validate(notebook)


def test_a_course_that_is_not_on_github_has_no_link_to_colab(executed):
    notebook = read_source(executed.chapter)
    add_card(notebook, executed.chapter, {}, None)
    assert "Colab" not in notebook.cells[1].source


def test_a_chapter_without_its_minutes_is_refused(executed):
    notebook = read_source(executed.chapter)
    del notebook.metadata["course"]["reading_minutes"]
    with pytest.raises(CourseError, match=r"01_a: its header lacks course\.reading_minutes"):
        add_card(notebook, executed.chapter, {}, None)


def test_an_anchor_stands_before_the_cell_of_its_claim(executed):
    notebook = read_source(executed.chapter)
    add_anchors(notebook, ["a-holds"])
    index = next(i for i, cell in enumerate(notebook.cells) if 'id="claim-a-holds"' in cell.source)
    assert notebook.cells[index + 1].source.startswith("counting.cards(")


def test_a_claim_that_has_no_card_of_its_own_is_anchored_where_cards_are(executed):
    notebook = read_source(executed.chapter)
    add_anchors(notebook, ["b-holds"])
    index = next(i for i, cell in enumerate(notebook.cells) if 'id="claim-b-holds"' in cell.source)
    assert notebook.cells[index + 1].source.startswith("counting.cards(")


def test_a_claim_without_any_cell_that_shows_cards_is_refused(executed):
    notebook = read_source(executed.chapter)
    notebook.cells = notebook.cells[:2]
    with pytest.raises(CourseError, match="'b-holds' was recorded, but no cell shows cards"):
        add_anchors(notebook, ["b-holds"])


def test_solutions_can_be_left_out(executed, site, monkeypatch):
    notebook = read_source(executed.chapter)
    solution = nbformat.v4.new_code_cell("answer = 42", metadata={"tags": ["exercise-solution"]})
    notebook.cells.append(solution)
    monkeypatch.setattr(Executed, "notebook", lambda self: nbformat.from_dict(notebook))
    for solutions, there in (("show", True), ("hide", False)):
        files = stage([executed], Parameters(), NO_LEDGER, solutions=solutions, root=site)
        assert ("answer = 42" in files["chapters/01_a.ipynb"].decode()) is there


def test_records_of_a_run_reach_the_pages(executed, site, write_chapter, monkeypatch):
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(executed.folder / "claims"))
    write_found(A_HOLDS, [2.0, 2.1, 2.2])
    files = stage([executed], Parameters(), make_ledger({A_HOLDS: VALUES}), root=site)
    with pytest.raises(CourseError, match="same id: a-holds"):
        stage(
            [executed, replace(executed, chapter=write_chapter("02_b", "'a-holds', \"a-holds\""))],
            Parameters(),
            NO_LEDGER,
            root=site,
        )
    assert "chapters/01_a.html#claim-a-holds" in files["claims.md"].decode()
    assert "claims.html#a-holds" in files["syllabus.md"].decode()
    assert 'id=\\"claim-a-holds\\"' in files["chapters/01_a.ipynb"].decode()


def test_the_rows_of_the_syllabus_lead_to_the_chapter(executed, site):
    files = stage([executed], Parameters(), NO_LEDGER, root=site)
    assert '<a href="chapters/01_a.html#chapter-01-a">' in files["syllabus.md"].decode()


def test_a_chapter_that_the_syllabus_forgot_is_refused(executed, site):
    (site / "chapters" / "syllabus.yml").write_text("parts: {}\nlater: []\n")
    with pytest.raises(CourseError, match="chapters/01_a: its header names M05"):
        stage([executed], Parameters(), NO_LEDGER, root=site)


def test_what_papers_found_stands_next_to_claims_that_exist(
    executed, site, write_chapter, monkeypatch
):
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(executed.folder / "claims"))
    write_found(A_HOLDS, [2.0, 2.1, 2.2])
    rule = "[{rule: R, claims: [a-holds], found: F, cite: [graham2014], located: in words}]"
    (site / "chapters" / "elsewhere.yml").write_text(rule)
    files = stage([executed], Parameters(), NO_LEDGER, root=site)
    assert '<a href="#a-holds">Two is above one</a>' in files["claims.md"].decode()
    unknown = rule.replace("a-holds", "no-claim")
    (site / "chapters" / "elsewhere.yml").write_text(unknown)
    with pytest.raises(CourseError, match="no chapter has: no-claim"):
        stage([executed], Parameters(), NO_LEDGER, root=site)
    later = replace(executed, chapter=write_chapter("02_b")).chapter
    syllabus = (site / "chapters" / "syllabus.yml").read_text()
    both = syllabus.replace('Chapter 01_a"', 'Chapter 01_a", "02_b#Chapter 02_b"')
    (site / "chapters" / "syllabus.yml").write_text(both)
    files = stage([executed], Parameters(), NO_LEDGER, root=site, waiting=[later])
    assert "no-claim is not in this book." in files["claims.md"].decode()


def test_mentions_of_papers_are_cited(executed, site):
    files = stage([executed], Parameters(), NO_LEDGER, root=site)
    assert "({cite:alp}`graham2014`)" in files["chapters/01_a.ipynb"].decode()
    assert files["references.bib"].decode() == SITE["references.bib"]


def test_pages_that_the_contents_name_are_staged_as_they_are(executed, site):
    (site / "glossary.md").write_text("# Glossary\n")
    (site / "notes.md").write_text("# Not in the book\n")
    toc = SITE["_toc.yml"].replace("{file: claims}", "{file: glossary}, {file: syllabus}")
    (site / "_toc.yml").write_text(toc)
    files = stage([executed], Parameters(), NO_LEDGER, root=site)
    assert files["glossary.md"] == b"# Glossary\n"
    assert "notes.md" not in files


def test_the_opening_page_gets_a_map_where_it_has_a_place_for_one(executed, site):
    source = executed.chapter.source
    source.write_text(source.read_text().replace("#   course:", "#   course:\n#     builds_on: []"))
    (site / "index.md").write_text(f"# Book\n\n{PLACE}\n")
    page = stage([executed], Parameters(), NO_LEDGER, root=site)["index.md"].decode()
    assert PLACE not in page
    assert '<a href="chapters/01_a.html"' in page


def test_a_page_that_the_contents_name_must_be_there(executed, site):
    toc = SITE["_toc.yml"].replace("{file: claims}", "{file: claims}, {file: lost}")
    (site / "_toc.yml").write_text(toc)
    with pytest.raises(CourseError, match=r"lists pages that are no files: lost\.md"):
        stage([executed], Parameters(), NO_LEDGER, root=site)


def test_a_chapter_that_is_not_ready_shows_its_text_and_says_so(executed, site, write_chapter):
    later = write_chapter("02_b", markdown("Later words."))
    toc = SITE["_toc.yml"].replace("{file: claims}", "{file: chapters/02_b}, {file: claims}")
    (site / "_toc.yml").write_text(toc)
    syllabus = SITE["chapters/syllabus.yml"].replace(
        'Chapter 01_a"', 'Chapter 01_a", "02_b#Chapter 02_b"'
    )
    (site / "chapters" / "syllabus.yml").write_text(syllabus)
    files = stage([executed], Parameters(), NO_LEDGER, root=site, waiting=[later])
    page = files["chapters/02_b.ipynb"].decode()
    assert "Later words." in page
    assert next(iter(WAITING.values())) in page
    assert next(iter(WAITING.values())) not in files["chapters/01_a.ipynb"].decode()


def test_cards_are_drawn_with_the_evidence_that_there_is_now():
    old = Card(A_HOLDS, None, None)
    output = nbformat.v4.new_output(
        "execute_result",
        data={"text/html": old._repr_html_(), "text/plain": repr(old)},
        execution_count=1,
    )
    cell = nbformat.v4.new_code_cell("card", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    renew_cards(notebook, {"a-holds": Card(A_HOLDS, Estimate.of([VALUES]), Estimate.of([[-9.0]]))})
    data = notebook.cells[0].outputs[0].data
    assert "Claim: holds" in data["text/html"]
    assert "Differs on this machine: −9" in data["text/html"]
    assert "a-holds: holds" in data["text/plain"]


def test_numbers_in_prose_are_those_of_the_ledger(executed, site, monkeypatch):
    notebook = read_source(executed.chapter)
    notebook.cells.append(markdown("It is {{a-holds}} more."))
    monkeypatch.setattr(Executed, "notebook", lambda self: nbformat.from_dict(notebook))
    for values, number in ((VALUES, "It is 2 more."), ([7.0, 9.0, 11.0], "It is 9 more.")):
        ledger = make_ledger({A_HOLDS: values})
        files = stage([executed], Parameters(), ledger, root=site)
        assert number in files["chapters/01_a.ipynb"].decode()


def test_widgets_become_places_that_the_pages_script_fills(executed, site, monkeypatch):
    notebook = read_source(executed.chapter)
    model = {"state": {"_anywidget_id": "lib.widgets.prediction.Prediction", "question": "Why?"}}
    view = nbformat.v4.new_output("display_data", data={VIEW: {"model_id": "a"}})
    notebook.cells.append(nbformat.v4.new_code_cell("Prediction()", outputs=[view]))
    notebook.metadata["widgets"] = {STATE: {"state": {"a": model}}}
    monkeypatch.setattr(Executed, "notebook", lambda self: nbformat.from_dict(notebook))
    page = stage([executed], Parameters(), NO_LEDGER, root=site)["chapters/01_a.ipynb"].decode()
    lines = json.loads(page)["cells"][-2]["outputs"][0]["data"]["text/html"]
    assert "".join(lines) == make_place("prediction", "a", {"question": "Why?"})
    assert VIEW not in page and STATE not in page


def folded(source, *outputs, tags=("hide-input",)):
    made = [nbformat.v4.new_output("stream", text=text) for text in outputs]
    return nbformat.v4.new_code_cell(source, outputs=made, metadata={"tags": list(tags)})


def test_folded_cells_without_output_are_joined_with_the_one_below():
    cells = [
        folded("import a"),
        folded("import b"),
        folded("print(1)", "1"),
        folded("print(2)", "2"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    join_folded(notebook)
    assert [cell.source for cell in notebook.cells] == [
        "import a\n\n\nimport b\n\n\nprint(1)", "print(2)"
    ]  # fmt: skip
    assert [cell.outputs[0].text for cell in notebook.cells] == ["1", "2"]


def test_an_output_that_is_not_shown_separates_nothing():
    hidden = folded("print(0)", "0", tags=("hide-input", "remove-output"))
    notebook = nbformat.v4.new_notebook(cells=[hidden, folded("x = 1")])
    join_folded(notebook)
    assert [cell.source for cell in notebook.cells] == ["print(0)\n\n\nx = 1"]


def test_open_cells_and_text_stay_apart():
    text = nbformat.v4.new_markdown_cell("Look.")
    cells = [folded("a = 1"), text, folded("b = 2"), nbformat.v4.new_code_cell("c = 3")]
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    join_folded(notebook)
    assert notebook.cells == cells
