import re

import pytest

from lib.evidence.cards import Card
from lib.evidence.estimates import Estimate
from tests.evidence import make_claim
from tools.chapters import ROOT, CourseError, list_chapters, read_source
from tools.syllabus_page import Page, Row, Syllabus, read_syllabus, render_syllabus_page

SYLLABUS = Syllabus(
    {
        "First part": (Row("M01", "A score $f = Wx$.", ("00_recap#Scores: $Wx$ & more",)),),
        "Promises": (Row("U1", "It works.", ("index#How to use it", "00_recap#Layers")),),
    },
    (Row("B3", "Transformers."),),
)
PAGES = {
    "index": Page(("How to use it",)),
    "chapters/00_recap": Page(("Scores: $Wx$ & more", "Layers", "Twice", "Twice"), ("M01", "U1")),
}


def card(id, values, *rows):
    return Card(make_claim(id, above=0, rows=rows), Estimate.of([values]), None)


def lead(*sections, id="M01", pages=PAGES):
    return render_syllabus_page(Syllabus({"P": (Row(id, "T.", sections),)}, ()), pages, [])


def test_a_row_says_what_it_promises_and_links_to_its_sections():
    page = render_syllabus_page(SYLLABUS, PAGES, [])
    assert '- <span id="M01"></span>**M01** A score $f = Wx$.\\\n' in page
    assert re.findall('href="([^"]+)">([^<]+)<', page) == [
        ("chapters/00_recap.html#scores-wx-more", "Scores: $Wx$ &amp; more"),
        ("index.html#how-to-use-it", "How to use it"),
        ("chapters/00_recap.html#layers", "Layers"),
    ]


def test_parts_are_headings_and_what_is_to_come_is_last():
    page = render_syllabus_page(SYLLABUS, PAGES, [])
    assert re.findall(r"(?m)^#+ (.+)", page) == [
        "Syllabus",
        "First part",
        "Promises",
        "Not in the course yet",
    ]
    assert page.endswith('- <span id="B3"></span>**B3** Transformers.\n')


def test_a_row_shows_the_verdicts_of_its_claims_and_no_others():
    wins, loses = card("one-wins", [3, 4, 5], "M01", "U1"), card("two-wins", [-3, -4, -5], "M01")
    page = render_syllabus_page(SYLLABUS, PAGES, [wins, loses])
    first, second = page.partition("**U1**")[0], page.partition("**U1**")[2]
    assert '✓ holds: <a href="claims.html#one-wins">one-wins</a></span>' in first
    assert '✗ does not hold here: <a href="claims.html#two-wins">two-wins</a></span>' in first
    assert "one-wins" in second
    assert "two-wins" not in second


def test_a_claim_of_a_row_that_is_not_there_is_refused():
    lost = card("one-wins", [3, 4, 5], "M99")
    with pytest.raises(CourseError, match=r"syllabus\.yml lacks: M99"):
        render_syllabus_page(SYLLABUS, PAGES, [lost])


@pytest.mark.parametrize(
    "section, fault",
    [
        ("00_recap#Lairs", "is not there"),
        ("00_recap", "is not there"),
        ("01_none#Layers", "is not there"),
        ("00_recap#Twice", "is there twice"),
    ],
)
def test_a_section_that_is_not_there_once_is_refused(section, fault):
    with pytest.raises(CourseError, match=f"M01 leads to '{section}', which {fault}"):
        lead(section)


def test_a_row_of_a_header_that_leads_elsewhere_is_refused():
    with pytest.raises(CourseError, match="00_recap: its header names U1, but"):
        lead("00_recap#Layers")


def test_a_row_that_leads_to_a_chapter_whose_header_lacks_it_is_refused():
    pages = {"chapters/00_recap": Page(("Layers",), ())}
    with pytest.raises(CourseError, match="leads there for M01, but its header lacks that"):
        lead("00_recap#Layers", pages=pages)


def test_a_page_without_a_header_may_be_led_to_by_any_row():
    assert "index.html" in lead("index#How to use it", pages={"index": PAGES["index"]})


def test_headings_are_read_from_markdown_but_not_from_code():
    text = "# Title\n\n## One: $x$\ntext\n\n### Two ##\n```\n# three\n```\n## Four\n"
    assert Page.read(text) == Page(("Title", "One: $x$", "Two ##", "Four"))
    assert Page.read(text, ["M01"]).rows == ("M01",)


def test_rows_are_read_in_order(tmp_path):
    path = tmp_path / "syllabus.yml"
    path.write_text(
        "parts: {P: [{id: M02, text: A, sections: [a#b]}, {id: M01, text: B, sections: [a#c]}]}\n"
        "later: [{id: B3, text: C}]\n"
    )
    read = read_syllabus(path)
    assert [row.id for row in read.rows] == ["M02", "M01", "B3"]
    assert read.parts["P"][0] == Row("M02", "A", ("a#b",))


@pytest.mark.parametrize(
    "row, fault",
    [
        ("{id: M01, text: A}", "has id, sections, text, none empty"),
        ("{id: M01, text: A, sections: []}", "none empty"),
        ("{id: M01, text: A, sections: [a#b], more: c}", "none empty"),
        ("{id: B3, text: A, sections: [a#b]}", "two rows of the same id: B3"),
    ],
)
def test_a_row_that_is_not_as_it_should_be_is_refused(tmp_path, row, fault):
    path = tmp_path / "syllabus.yml"
    path.write_text(f"parts: {{P: [{row}]}}\nlater: [{{id: B3, text: C}}]\n")
    with pytest.raises(CourseError, match=fault):
        read_syllabus(path)


# The course's own


def test_no_row_of_the_syllabus_is_missing():
    owed = [
        *(f"M{n:02}" for n in range(1, 62)),
        *(f"U{n}" for n in range(1, 6)),
        *(f"B{n}" for n in range(1, 9)),
    ]
    assert {row.id for row in read_syllabus(ROOT / "chapters" / "syllabus.yml").rows} >= {*owed}


def test_the_courses_sections_are_where_the_syllabus_leads():
    pages = {"index": Page.read((ROOT / "index.md").read_text())}
    for chapter in list_chapters():
        notebook = read_source(chapter)
        text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        pages[chapter.docname] = Page.read(text, notebook.metadata["course"]["rows"])
    syllabus = read_syllabus(ROOT / "chapters" / "syllabus.yml")
    page = render_syllabus_page(syllabus, pages, [])
    assert page.count("<a href=") == sum(len(row.sections) for row in syllabus.rows)
