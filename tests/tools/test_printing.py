"""A tiny book on paper: what was in it is there once, whole, in order, and its links lead there."""

from contextlib import contextmanager
from io import BytesIO

import pytest
from pypdf import PdfReader

from tools.bundle import SOURCES
from tools.chapters import ROOT, CourseError
from tools.printing import __main__ as command
from tools.printing.browser import find_chromium
from tools.printing.press import WIDTH, Book, Part, read_book

PARTS = [Part("Basics", ["a.html", "b.html"]), Part("More", ["c.html"])]
BOOK = Book("Tiny", "Ada", "index.html", PARTS)
SHEETS = (ROOT / "tools/theme/print.css", SOURCES / "card.css")
STYLE = "".join(f"<style>{path.read_text()}</style>" for path in SHEETS)
MARGIN = 57  # points: 20 mm
FIGURE = """<figure><p>top</p><svg width="300" height="300"><text y="290">bottom</text></svg>
</figure>"""
WIDGET = """<div class="course-card"><div class="course-control">
<div class="course-heading">Depth <span class="course-value">1</span></div>
<div class="course-row"><button class="course-play">Play</button><input value="secret"></div></div>
<p id="still">frame one</p><div class="course-actions"><button>Commit</button></div></div>
<script>addEventListener("beforeprint", () => (document.querySelector("#still").textContent =
"frame nine"))</script>"""
SOLUTION = """<div class="cell tag_hide-cell"><details class="hide"><summary>
<p class="collapsed">Show the solution</p></summary><pre>return 42</pre></details></div>"""
FIGURE_CODE = '<details class="hide"><summary>Show the code</summary><pre>plot()</pre></details>'
FORMULA = f"""<div class="math"><mjx-container display="true" style="display:block;overflow:auto">
<div style="width:{2 * WIDTH}px;text-align:right">= the end</div></mjx-container></div>"""


def section(name: str, content: str) -> str:
    """A section as the theme writes it."""
    link = f'<a class="headerlink" href="#{name}">#</a>'
    return f'<section id="{name}"><h2>{name}{link}</h2>{content}</section>'


PAGES = {
    "index.html": """<h1>Tiny</h1><div class="toctree-wrapper"><ul>
        <li><a href="a.html">Alpha</a></li><li><a href="c.html">Gamma</a></li></ul></div>""",
    "a.html": f"""<h1>Alpha</h1><p><a href="c.html#deep">ahead</a> <a href="lost.html">lost</a>
        <a href="https://example.org/">outside</a></p>{section("first", WIDGET)}
        {section("task", SOLUTION + FIGURE_CODE)}""",
    "b.html": f"""<h1>Beta</h1>{FORMULA}<div style="height:700px"></div>{FIGURE}""",
    "c.html": f"""<h1>Gamma</h1>{section("shallow", '<p style="break-after:page">one</p>')}
        <details><summary>More</summary>folded</details>
        {section("deep", '<a href="#shallow">near</a> <a href="a.html#task">back</a>')}""",
}


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The folder of a built book of three chapters."""
    folder = tmp_path_factory.mktemp("html")
    for path, content in PAGES.items():
        (folder / path).write_text(
            f'<!doctype html><html><head><meta charset="utf-8">{STYLE}</head><body>'
            f'<header class="bd-header">Search</header><article class="bd-article">{content}'
            "</article></body></html>"
        )
    return folder


@pytest.fixture(scope="module")
def printed(browser, html) -> PdfReader:
    """That book, printed."""
    return PdfReader(BytesIO(command.print_book(browser, html, BOOK)))


@pytest.fixture(scope="module")
def texts(printed) -> dict[str, str]:
    """The text of each sheet by its number."""
    sheets = [sheet.extract_text() for sheet in printed.pages]
    return dict(zip(printed.page_labels, sheets, strict=True))


def test_every_page_is_printed_in_order_and_sheets_carry_their_numbers(texts):
    assert list(texts) == ["i", "1", "2", "3", "4", "5", "6"]
    titles = {"i": "Tiny", "1": "Alpha", "2": "Beta", "4": "Gamma", "6": "Answers"}
    for number, title in titles.items():
        assert title in texts[number].splitlines()
    for number, text in texts.items():
        assert number in text.splitlines()


def test_a_sheet_names_the_book_and_the_chapter_but_for_a_chapters_first(texts):
    assert texts["5"].split()[:2] == ["Tiny", "Gamma"]
    assert "Tiny" not in texts["4"]


def test_the_contents_tell_the_number_of_each_chapter_and_of_the_answers(texts):
    lines = [line.split() for line in texts["i"].splitlines()]
    assert [words for words in lines if len(words) == 2] == [
        ["Alpha", "1"], ["Gamma", "4"], ["Answers", "6"]
    ]  # fmt: skip


def titles(outline: list, printed: PdfReader) -> list:
    """The outline as nested lists of "title number"."""
    return [
        titles(item, printed) if isinstance(item, list)
        else f"{item.title} {printed.page_labels[printed.get_destination_page_number(item)]}"
        for item in outline
    ]  # fmt: skip


def test_the_outline_holds_parts_chapters_and_sections(printed):
    assert titles(printed.outline, printed) == [
        "Tiny i",
        "Basics 1", ["Alpha 1", ["first 1", "task 1"], "Beta 2"],
        "More 4", ["Gamma 4", ["shallow 4", "deep 5"]],
        "Answers 6", ["Alpha 6"],
    ]  # fmt: skip
    assert (printed.metadata.title, printed.metadata.author) == ("Tiny", "Ada")


def targets(printed: PdfReader, number: str) -> list[str]:
    """Where the links of a sheet lead: the number of another one, or an address."""
    sheets = {sheet.indirect_reference.idnum: index for index, sheet in enumerate(printed.pages)}
    labels = printed.page_labels
    links = [link.get_object() for link in printed.pages[labels.index(number)]["/Annots"]]
    return [
        labels[sheets[link["/Dest"][0].indirect_reference.idnum]]
        if "/Dest" in link
        else link["/A"]["/URI"]
        for link in links
    ]


def test_links_lead_to_sheets_or_out_of_the_book_and_lost_ones_are_text(printed, texts):
    assert targets(printed, "1") == ["5", "https://example.org/", "6"]
    assert targets(printed, "5") == ["4", "1"]
    assert "lost" in texts["1"]


def test_links_to_earlier_sheets_tell_their_numbers(texts):
    assert "back (p. 1)" in texts["5"]
    assert "task (p. 1)" in texts["6"]


def test_answers_stand_at_the_end_and_nowhere_else(texts):
    assert [number for number, text in texts.items() if "return 42" in text] == ["6"]
    assert "Solution: among the answers at the end" in texts["1"]


def test_a_book_without_answers_has_no_page_for_them(browser, html):
    book = Book("Tiny", "Ada", "index.html", [Part("More", ["c.html"])])
    printed = PdfReader(BytesIO(command.print_book(browser, html, book)))
    assert printed.page_labels == ["i", "1", "2"]
    assert "Answers" not in printed.pages[0].extract_text().splitlines()


def test_a_widget_shows_its_still_and_where_it_stands_but_no_controls(texts):
    assert "frame nine" in texts["1"]
    assert "Depth 1" in texts["1"]
    for hidden in ("frame one", "Play", "secret", "Commit"):
        assert hidden not in texts["1"]


def test_what_is_folded_to_save_room_on_the_screen_is_printed(texts):
    assert "folded" in texts["5"]


def test_what_only_works_on_a_screen_is_not_printed(texts):
    whole = "\n".join(texts.values())
    for hidden in ("Search", "#", "plot()", "Show the"):
        assert hidden not in whole


def test_a_figure_stays_on_one_sheet(texts):
    for word in ("top", "bottom"):
        assert [number for number, text in texts.items() if word in text] == ["3"]


def test_a_formula_wider_than_the_paper_is_shrunk(printed):
    places = []

    def visit(text, outer, inner, *_):
        if "the end" in text:
            places.append(inner[4] * outer[0] + outer[4])  # points from the left

    printed.pages[2].extract_text(visitor_text=visit)
    assert len(places) == 1
    assert places[0] < printed.pages[2].mediabox.width - MARGIN


def test_the_settings_name_the_pages_in_order(tmp_path):
    (tmp_path / "_config.yml").write_text("{title: Tiny, author: Ada}")
    (tmp_path / "_toc.yml").write_text(
        "{root: index, parts: [{caption: Basics, chapters: [{file: a}, {file: b}]},"
        " {caption: More, chapters: [{file: record}, {file: c}]}]}"
    )
    assert read_book(tmp_path) == BOOK


@pytest.fixture
def run(browser, monkeypatch, tmp_path):
    """A function that runs the command on a folder; gives its status and the PDF."""

    @contextmanager
    def running(_):
        yield browser

    def run_command(html):
        out = tmp_path / "book.pdf"
        out.write_bytes(b"the one before")
        monkeypatch.setattr(command, "start_chromium", running)
        monkeypatch.setattr(command, "BUILD", tmp_path)
        monkeypatch.setattr(command, "read_book", lambda _: BOOK)
        monkeypatch.setattr("sys.argv", ["printing", "--html", str(html), "--out", str(out)])
        return command.main(), out.read_bytes()

    return run_command


def test_the_command_replaces_the_pdf_before(run, html):
    status, content = run(html)
    assert status == 0
    assert content.startswith(b"%PDF")


@pytest.mark.parametrize("missing", ["index.html", "c.html"])
def test_a_book_that_is_not_whole_leaves_the_pdf_before(run, html, tmp_path, missing, capsys):
    for path in set(PAGES) - {missing}:
        (tmp_path / path).write_bytes((html / path).read_bytes())
    assert run(tmp_path) == (1, b"the one before")
    assert "run 'make book' first" in capsys.readouterr().err


def test_a_page_with_a_broken_picture_is_named(browser, html, tmp_path):
    for path in PAGES:
        (tmp_path / path).write_bytes((html / path).read_bytes())
    (tmp_path / "b.html").write_text('<h1>Beta</h1><img src="no.png">')
    with pytest.raises(CourseError, match=r"b\.html cannot be printed"):
        command.print_book(browser, tmp_path, BOOK)


def test_a_chromium_that_is_no_program_is_refused(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    with pytest.raises(CourseError, match="there is no no-such-browser here"):
        find_chromium()
