import re

import nbformat
import pytest

from tests.tools.conftest import markdown
from tools.bibliography import Reference, cite, read_references, sources
from tools.chapters import ROOT, CourseError, list_chapters, read_source
from tools.elsewhere import read_elsewhere

GRAHAM = Reference("graham2014", ("Graham",), "2014", "Fractional max-pooling")
NAIR = Reference("nair2010", ("Nair", "Hinton"), "2010", "Rectified linear units")
ATTENTION = Reference("bahdanau2015", ("Bahdanau", "Cho", "Bengio"), "2015", "Neural translation")
DROPOUT = Reference("wan2013", ("Wan", "Zeiler", "Le Cun"), "2013", "DropConnect: a way (of noise)")
KNOWN = [GRAHAM, NAIR, ATTENTION, DROPOUT]
BOOK = read_references(ROOT / "references.bib")
CHAPTERS = list_chapters()


def notebook(*texts: str, listed: str = "") -> nbformat.NotebookNode:
    closing = markdown(f"## Sources\n\n{listed}")
    return nbformat.v4.new_notebook(cells=[*map(markdown, texts), closing])


def cited(text: str, *, listed: str = "", known=KNOWN) -> str:
    made = notebook(text, listed=listed)
    cite(made, known)
    return made.cells[0].source


@pytest.mark.parametrize(
    "mention, role",
    [
        ("(Graham, 2014)", "({cite:alp}`graham2014`)"),
        ("Graham (2014) pools", "{cite:t}`graham2014` pools"),
        ("(ReLU; Nair and\nHinton,\n2010, say)", "(ReLU; {cite:alp}`nair2010`, say)"),
        ("Bahdanau et al. (2015)", "{cite:t}`bahdanau2015`"),
        ("Bahdanau, Cho and Bengio (2015)", "{cite:ts}`bahdanau2015`"),
        ("- Bahdanau, Cho, Bengio (2015). N", "- {cite:ts}`bahdanau2015`. N"),
        ("| Wan et al., 2013 | Graham, 2014 |", "| {cite:alp}`wan2013` | {cite:alp}`graham2014` |"),
    ],
)
def test_a_mention_becomes_a_citation(mention, role):
    assert cited(mention) == role


@pytest.mark.parametrize(
    "text", ["Graham (2015)", "Ingraham (2014)", "Graham, 20145", "Graham et al. (2014)", "Hinton"]
)
def test_what_names_no_known_paper_stays(text):
    assert cited(text) == text


def test_code_stays():
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("# Graham (2014)")])
    cite(made, KNOWN)
    assert made.cells[0].source == "# Graham (2014)"


def test_of_two_papers_with_the_same_names_and_year_the_chapters_own_is_cited():
    other = Reference("graham2014b", ("Graham",), "2014", "Sparse networks")
    listed = "- Graham (2014). Fractional max-pooling."
    assert (
        cited("(Graham, 2014)", listed=listed, known=[GRAHAM, other]) == "({cite:alp}`graham2014`)"
    )


@pytest.mark.parametrize(
    "item, meant",
    [
        ("- Nair, Hinton (2010). Rectified linear\n  units. ICML.", NAIR),
        ("- Bahdanau et al. (2015). Neural Translation", ATTENTION),
        ("- Graham (2014). Fractional max pooling, section 2.", GRAHAM),
        ("- Wan, Zeiler, Le Cun (2013). DropConnect. ICML.", DROPOUT),
    ],
)
def test_an_item_is_found_by_authors_year_and_title(item, meant):
    assert sources(notebook(listed=item), KNOWN) == [meant]


@pytest.mark.parametrize(
    "item",
    [
        "- Graham (2015). Fractional max-pooling.",
        "- Gram (2014). Fractional max-pooling.",
        "- Graham (2014). Fractional pooling.",
        "- Graham (2014). Fractional max-poolings.",
        "- Graham, 2014. Fractional max-pooling.",
    ],
)
def test_an_item_that_fits_no_entry_is_refused(item):
    with pytest.raises(CourseError, match=r"fits one entry of references\.bib; .*fit: none"):
        sources(notebook(listed=item), KNOWN)


def test_an_item_that_fits_two_entries_is_refused():
    with pytest.raises(CourseError, match="graham2014, graham2014"):
        sources(notebook(listed="- Graham (2014). Fractional max-pooling."), [GRAHAM, GRAHAM])


def test_lists_elsewhere_and_items_without_a_year_name_no_paper():
    made = notebook("- Gram (1999). Unknown.", listed="- Dates: through [Babel](https://x.org)")
    assert sources(made, KNOWN) == []


def test_entries_are_read_as_plain_text(tmp_path):
    entry = (
        "@misc{a, author={van der Maaten, Laurens and Ng, A.}, title={{t-SNE}: ``A''}, year=2008}"
    )
    (tmp_path / "a.bib").write_text(entry)
    [reference] = read_references(tmp_path / "a.bib")
    assert reference == Reference("a", ("van der Maaten", "Ng"), "2008", "t-SNE: “A”")
    assert reference.short == "van der Maaten and Ng"


# The course's own


def test_the_bibliography_holds_what_the_book_cites_and_no_more():
    listed = {source.key for chapter in CHAPTERS for source in sources(read_source(chapter), BOOK)}
    known = {reference.key for reference in BOOK}
    elsewhere = read_elsewhere(ROOT / "chapters" / "elsewhere.yml", known)
    assert listed | {key for entry in elsewhere for key in entry.cite} == known


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_every_mention_in_a_chapter_is_a_citation(chapter):
    made = read_source(chapter)
    cite(made, BOOK)
    text = "\n".join(cell.source for cell in made.cells if cell.cell_type == "markdown")
    assert "{cite:" in text
    year = r"(?:19|20)\d\d"
    left = re.findall(
        rf"\w+(?:\s+et\s+al\.)?,\s+{year}[,;)]|\w+(?:\s+et\s+al\.)?\s+\({year}\)", text
    )
    assert not left


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_every_source_of_a_chapter_is_mentioned_in_it(chapter):
    made = read_source(chapter)
    listed = sources(made, BOOK)
    text = " ".join("\n".join(cell.source for cell in made.cells).split())
    text = text.partition("## Sources")[0]
    unused = [
        source.key
        for source in listed
        if not any(
            re.search(rf"{re.escape(name)},? \(?{source.year}", text) for name in source.roles
        )
    ]
    assert not unused


@pytest.mark.parametrize("reference", BOOK, ids=lambda reference: reference.key)
def test_a_key_is_the_first_author_and_the_year(reference):
    plain = reference.surnames[0].translate(str.maketrans("éèüö", "eeuo")).replace(" ", "")
    assert re.fullmatch(rf"{plain.lower()}{reference.year}[b-z]?", reference.key)
