"""Every page of the book is complete in itself, readable, and found by links and by search."""

import gzip
import re

import pytest
from playwright.sync_api import expect

from tests.book.links import crawl
from tests.browser import LOOKS, visit
from tools.places import MARK

HTML_LIMIT = 1_500_000  # bytes
# Bytes on the wire, with gzip, before a reader does anything.
LANDING_LIMIT, PAGE_LIMIT = 400_000, 1_500_000
PACKED = {".html", ".js", ".css", ".svg"}

in_every_look = pytest.mark.parametrize("look", LOOKS, ids=str)


def test_every_page_is_reached_and_every_link_leads_somewhere(html, pages):
    reached, broken = crawl(html)
    assert not broken
    assert reached | {"search.html"} == set(pages)


@in_every_look
def test_pages_load_without_errors_or_requests_to_other_hosts(review, look):
    assert not review(look)["loading"]


@in_every_look
def test_no_page_scrolls_sideways(review, look):
    assert not review(look)["width"]


@in_every_look
def test_no_page_has_a_serious_accessibility_violation(review, look):
    assert not review(look)["accessibility"]


@in_every_look
def test_maths_is_typeset_and_begins_in_sight(review, look):
    assert not review(look)["maths"]


def test_every_code_cell_has_a_copy_button(review):
    assert not review(LOOKS[0])["copying"]


def test_every_picture_says_what_it_shows(review):
    assert not review(LOOKS[0])["pictures"]


def test_no_page_shows_a_warning(html, pages):
    assert not [path for path in pages if "output stderr" in (html / path).read_text()]


def test_every_icon_of_the_theme_is_drawn(review):
    assert not review(LOOKS[0])["icons"]


def test_no_page_is_heavier_than_a_phone_should_load(html, pages):
    sizes = {path: (html / path).stat().st_size for path in pages}
    assert not {path: size for path, size in sizes.items() if size > HTML_LIMIT}


def wire_bytes(contexts, base, html, path) -> int:
    """What a phone loads when it opens a page, from a server with gzip."""
    page = contexts[LOOKS[1]].new_page()
    urls = set()
    page.on("request", lambda request: urls.add(request.url))
    page.goto(base + path, wait_until="networkidle")
    page.close()
    files = {html / url.removeprefix(base).partition("?")[0] for url in urls if base in url}
    contents = {file: file.read_bytes() for file in files if file.is_file()}
    return sum(
        len(gzip.compress(content, 6) if file.suffix in PACKED else content)
        for file, content in contents.items()
    )


def test_pages_are_light_on_the_wire(contexts, base, html, pages):
    sizes = {path: wire_bytes(contexts, base, html, path) for path in pages}
    limits = {path: LANDING_LIMIT if path == "index.html" else PAGE_LIMIT for path in pages}
    assert not {path: size for path, size in sizes.items() if size > limits[path]}


def test_the_widgets_script_comes_once_to_pages_with_widgets_and_to_no_other(html, pages):
    counts = {path: (html / path).read_text().count("course-widgets.js") for path in pages}
    places = {path: MARK in (html / path).read_text() for path in pages}
    assert counts == {path: int(has_place) for path, has_place in places.items()}
    assert any(places.values()) and not all(places.values())


def test_no_page_holds_the_code_of_a_widget_or_asks_for_a_widget_manager(html, pages):
    for path in pages:
        text = (html / path).read_text()
        assert not re.search(r"_esm|_anywidget_id|vnd\.jupyter\.widget|require\.js|embed-amd", text)


def test_pages_carry_the_state_of_each_widget_once(html, pages):
    for path in pages:
        states = re.findall(r'id="(course-model-[^"]+)"', (html / path).read_text())
        assert len(states) == len(set(states))


def first_with(html, pages, marker: str) -> str:
    """The first page of the book whose HTML holds a text."""
    found = [path for path in pages if marker in (html / path).read_text()]
    assert found, f"no page of the book holds {marker!r}"
    return found[0]


def test_the_fonts_of_maths_come_from_the_book(contexts, base, html, pages):
    found = visit(contexts[LOOKS[0]], base, first_with(html, pages, 'class="math'))
    fonts = "[...document.fonts].filter(f => f.family.startsWith('MJX')).map(f => f.status)"
    assert "loaded" in found.page.evaluate(fonts)
    found.page.close()


def test_a_copy_button_copies_its_cell(opened, html, pages):
    page = opened(first_with(html, pages, "cell_input"))
    cell = page.locator(".cell_input:visible").first
    cell.hover()
    cell.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").inner_text().strip()


WORDS = {"maxout": "01_", "mixup": "03_", "batchnorm": "03_", "LSTM": "09_"}


@pytest.mark.parametrize("word", WORDS)
def test_search_finds_a_word_and_ranks_chapters_first(opened, word):
    page = opened("index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type(word)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/search.html?q={word}*")
    results = page.locator("#search-results li > a")
    expect(results.first).to_have_attribute("href", re.compile("^chapters/"))
    expect(page.locator(f"#search-results a[href*='chapters/{WORDS[word]}']").first).to_be_visible()


def test_search_works_by_double_click(contexts, html):
    page = contexts[LOOKS[0]].new_page()
    problems = []
    page.on("console", lambda message: problems.append((message.type, message.text)))
    page.on("pageerror", lambda error: problems.append(("uncaught", str(error))))
    page.goto(f"{(html / 'search.html').as_uri()}?q=mixup")
    expect(page.locator("#search-results li > a").first).to_be_visible()
    assert not [told for told in problems if told[0] not in ("log", "info", "debug")]
    page.close()
