"""The theme's scripts, on pages that hold only what they look for."""

import pytest
from playwright.sync_api import Page, expect

from tools.sphinx_course import THEME

TYPESET = "<script>window.MathJax = {typesetPromise() {}, startup: {promise: Promise.resolve()}}"
EQUATION = """<mjx-container display="true" style="display: block; overflow: auto">
<div style="width: {}px">x</div></mjx-container>"""


@pytest.fixture
def page(browser):
    """An empty page that is shown dark."""
    page = browser.new_page(viewport={"width": 600, "height": 400})
    page.set_content('<!doctype html><html lang="en" data-theme="dark"><body>')
    yield page
    page.close()


def theme_after(page: Page, *events: str) -> str:
    """The page's theme once it has heard of these events."""
    page.evaluate("events => events.forEach(name => dispatchEvent(new Event(name)))", events)
    return page.evaluate("document.documentElement.dataset.theme")


def test_paper_is_light_even_if_a_browser_tells_twice(page):
    page.add_script_tag(path=THEME / "print.js")
    assert theme_after(page, "beforeprint", "beforeprint") == "light"
    assert theme_after(page, "afterprint") == "dark"
    assert theme_after(page, "afterprint") == "dark"


def test_the_keyboard_reaches_equations_while_they_scroll(page):
    wide, narrow = EQUATION.format(900), EQUATION.format(90)
    answer = f"<details><summary>Answer</summary>{wide}</details>"
    page.set_content(f"<!doctype html><body>{TYPESET}</script>{narrow}{wide}{answer}")
    page.add_script_tag(path=THEME / "course.js")
    equations = page.locator("mjx-container")
    for equation, stop in zip(equations.all()[:2], ("-1", "0"), strict=True):
        expect(equation).to_have_attribute("tabindex", stop)
    page.get_by_text("Answer").click()
    expect(equations.last).to_have_attribute("tabindex", "0")
    for width, stop in (("1200px", "-1"), ("300px", "0")):  # as a sidebar leaves more room or less
        page.evaluate("width => (document.body.style.width = width)", width)
        for equation in equations.all()[1:]:
            expect(equation).to_have_attribute("tabindex", stop)


def test_what_the_theme_names_otherwise_has_its_text_as_its_name(page):
    page.set_content("""<!doctype html><body>
        <details><summary aria-label="Toggle">Contents</summary></details>
        <button class="theme-switch" title="Old"></button>""")
    page.add_script_tag(path=THEME / "course.js")
    expect(page.locator("summary")).not_to_have_attribute("aria-label", "Toggle")
    expect(page.locator(".theme-switch")).not_to_have_attribute("title", "Old")
