"""What a reader does with a widget keeps it readable: in every look, and in the system's colors."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser import LOOKS, visit
from tools.places import MARK
from tools.printing.browser import call
from tools.vendor import vendor

REVIEWS = "tests/book/reviews.js"
# Moves every control to another place and commits every prediction.
CHANGE = """() => {
    const cards = [...document.querySelectorAll(".course-card")];
    const each = (selector, act) => {
        for (const card of cards) for (const node of card.querySelectorAll(selector)) act(node);
    };
    const tell = (node) => ["input", "change"].forEach(
        (name) => node.dispatchEvent(new Event(name, { bubbles: true })));
    each("input[type=range]", (node) => {
        node.value = node.value === node.max ? node.min : node.max;
        tell(node);
    });
    each("select", (node) => {
        node.selectedIndex = (node.selectedIndex + 1) % node.length;
        tell(node);
    });
    each("input[type=checkbox]", (node) => node.click());
    for (const card of cards) card.querySelector("input[type=radio]")?.click();
    each(".course-commit", (node) => node.click());
}"""
PRESS = """() => {
    const names = ["Step", "Reset", "New weights"];
    for (const button of document.querySelectorAll(".course-card button")) {
        const isMove = button.getAttribute("aria-label")?.startsWith("Raise");
        if (isMove || names.includes(button.textContent)) button.click();
    }
}"""


@pytest.fixture(scope="module")
def axe(html):
    folder = html.parent / "vendor-test"
    vendor(folder, group="test")
    return (folder / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def paths(html, pages) -> list[str]:
    """The pages that show widgets."""
    return [path for path in pages if MARK in (html / path).read_text(encoding="utf-8")]


def barriers(page: Page) -> list[str]:
    return call(page, REVIEWS)["accessibility"]


@pytest.mark.parametrize("look", (LOOKS[0], LOOKS[-1]), ids=str)
def test_no_state_of_a_widget_has_a_serious_barrier(contexts, base, paths, axe, look):
    found = {}
    for path in paths:
        page = visit(contexts[look], base, path).page
        page.evaluate(axe)
        for act in (CHANGE, PRESS):
            page.evaluate(act)
            page.wait_for_timeout(100)
            found[path, act == PRESS] = barriers(page)
        page.close()
    assert not {place: problems for place, problems in found.items() if problems}


def test_a_slider_keeps_its_track_in_the_systems_colors(browser, base, paths):
    context = browser.new_context(forced_colors="active", viewport={"width": 900, "height": 800})
    page = visit(context, base, next(path for path in paths if path.startswith("chapters/"))).page
    slider = page.locator("input[type=range]").first
    picture = Image.open(io.BytesIO(slider.screenshot())).convert("L")
    rows = np.asarray(picture).astype(int)
    middle = rows[rows.shape[0] // 2]
    background = int(np.bincount(rows.ravel()).argmax())
    context.close()
    assert (np.abs(middle - background) > 60).mean() > 0.9
