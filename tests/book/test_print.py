"""Every page of the book on paper: only its text, whole, with a still of each widget."""

import io

import pytest
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from tests.browser import DESKTOP, Look, open_context, visit
from tools.chapters import ROOT
from tools.places import MARK
from tools.printing.__main__ import print_book
from tools.printing.press import WIDTH, read_book

KINDS = (
    ".course-explorer",
    ".course-command-center",
    ".course-picture-map",
    ".course-attention",
    ".course-playground",
    ".course-convolution",
)
WORDS_AND_PICTURES = ".course-written button, .course-near-by"  # buttons that are what one looks at

SHRUNK = "mjx-container, .pst-scrollable-table-container, .output"

PREDICTION = ".course-prediction:not(.course-record .course-prediction)"


@pytest.fixture(scope="module")
def sheets(browser, base, pages) -> dict[str, Page]:
    """Every page as it is printed."""
    context = open_context(browser, Look("light", WIDTH))
    opened = {path: visit(context, base, path).page for path in pages if path != "search.html"}
    for page in opened.values():
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
    yield opened
    context.close()


def every(sheets: dict[str, Page], selector: str) -> list[Locator]:
    """Each element of that selector in the book, at least one."""
    found = [element for page in sheets.values() for element in page.locator(selector).all()]
    assert found, f"no page of the book shows a {selector}"
    return found


def test_nothing_is_wider_than_the_paper_but_what_is_shrunk(sheets):
    wide = """([width, shrunk]) => [...document.querySelectorAll(".bd-article *")]
        .filter((node) => !node.closest(shrunk) && !node.matches(".course-spoken"))
        .filter((node) => node.getBoundingClientRect().right > width + 1)
        .map((node) => node.outerHTML.slice(0, 99))"""
    assert not [line for page in sheets.values() for line in page.evaluate(wide, [WIDTH, SHRUNK])]


def test_nothing_but_the_article_is_printed(sheets):
    for path, page in sheets.items():
        body, article = page.evaluate(
            "['body', '.bd-article'].map(s => document.querySelector(s).innerText.trim())"
        )
        assert body == article, path


def test_a_page_begins_with_its_title(sheets):
    for path, page in sheets.items():
        title = page.locator(".bd-article h1")
        expect(title).to_be_visible()
        assert page.locator("body").inner_text().strip().startswith(title.inner_text()), path


@pytest.mark.parametrize("kind", KINDS)
def test_every_widget_shows_a_picture(sheets, kind):
    for widget in every(sheets, kind):
        stills = widget.locator(":is(img, canvas, svg, .course-dots, .course-read):visible")
        expect(stills.first).to_be_visible()
        assert stills.first.bounding_box()["height"] > 40


def test_no_widget_shows_a_control(sheets):
    for card in every(sheets, ".course-card"):
        expect(card.locator("input:visible")).to_have_count(0)
        for button in card.locator("button:visible").all():
            assert button.evaluate("(node, words) => node.matches(words)", WORDS_AND_PICTURES)
        for choice in card.locator("select:visible").all():
            assert choice.evaluate("node => getComputedStyle(node).borderStyle") == "none"


def test_a_prediction_gives_its_choices_letters_and_no_answer(sheets):
    for prediction in every(sheets, PREDICTION):
        choices = prediction.locator(".course-choice").count()
        expect(prediction.locator(".course-choice:visible")).to_have_count(choices)
        expect(prediction.locator(".course-answer li")).to_have_count(choices)
        expect(prediction.locator(".course-answer")).to_be_hidden()
        letter = prediction.locator("label").last.evaluate(
            "node => getComputedStyle(node, '::before').content"
        )
        assert letter == "counter(choice, upper-alpha)"


@pytest.fixture
def open_with(opened, html, pages):
    """A function that opens the first page that holds a widget of a kind."""

    def open_page(name: str) -> Page:
        paths = [path for path in pages if f'{MARK}{name}"' in (html / path).read_text()]
        assert paths, f"no page of the book holds a {name}"
        return opened(paths[0])

    return open_page


def tell(page: Page, event: str) -> None:
    """Let the page know that printing begins or ends."""
    page.evaluate("event => window.dispatchEvent(new Event(event))", event)


def test_answers_are_there_while_the_page_is_printed_only(open_with):
    page = open_with("prediction")
    answers = page.locator(f"{PREDICTION} .course-answer")
    expect(answers).to_have_count(0)
    tell(page, "beforeprint")
    expect(answers).to_have_count(page.locator(PREDICTION).count())
    for answer in answers.all():
        assert answer.locator("li:has(strong:text-is('Right.'))").count() >= 1
    tell(page, "afterprint")
    expect(answers).to_have_count(0)


def test_an_explorer_prints_its_still_and_returns_to_where_it_stood(opened, html, pages):
    states = {p.name for p in (html / "states").iterdir() if '"still":[' in p.read_text()}
    texts = {path: (html / path).read_text() for path in pages}
    paths = [path for path, text in texts.items() if any(name in text for name in states)]
    assert paths, "no explorer of the book has a still of its own"
    page = opened(paths[0])
    sources = "nodes => nodes.map(node => node.src)"
    shown = [page.locator("img.course-frame").evaluate_all(sources)]
    for event in ("beforeprint", "afterprint"):
        tell(page, event)
        shown.append(page.locator("img.course-frame").evaluate_all(sources))
    assert shown[1] != shown[0] == shown[2]


def test_a_reader_of_weights_prints_a_telling_word_and_returns_to_the_first(open_with):
    page = open_with("attention_reader")
    reader = page.locator(".course-attention").first
    framed = reader.locator(".course-right")
    first = reader.get_by_role("radio").first
    expect(framed).to_have_count(0)
    tell(page, "beforeprint")
    expect(framed.first).to_be_visible()
    tell(page, "afterprint")
    expect(framed).to_have_count(0)
    expect(first).to_have_attribute("aria-checked", "true")


def test_what_a_reader_has_chosen_is_what_is_printed(open_with):
    page = open_with("attention_reader")
    last = page.locator(".course-attention").first.get_by_role("radio").last
    last.click()
    for event in ("beforeprint", "afterprint"):
        tell(page, event)
        expect(last).to_have_attribute("aria-checked", "true")


def test_paper_is_light_and_the_screen_is_dark_again_afterwards(contexts, base):
    found = visit(contexts[Look("dark", DESKTOP)], base, "index.html")
    themes = []
    for event in ("beforeprint", "afterprint"):
        tell(found.page, event)
        themes.append(found.page.evaluate("document.documentElement.dataset.theme"))
    assert themes == ["light", "dark"]
    found.page.close()


def test_the_whole_book_prints_and_no_link_leads_to_this_machine(browser, html):
    book = read_book(ROOT)
    printed = PdfReader(io.BytesIO(print_book(browser, html, book)))
    paths = [path for part in book.parts for path in part.paths]
    assert len(printed.pages) > len(paths)
    links = [link.get_object() for sheet in printed.pages for link in sheet["/Annots"]]
    assert sum("/Dest" in link for link in links) > len(paths)
    assert not [link for link in links if "127.0.0.1" in str(link.get("/A"))]
