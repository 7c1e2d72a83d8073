"""The page of claims in the book: a row for each claim, filters, and a file with all values."""

import csv
import math

import pytest
from playwright.sync_api import expect

from tests.browser import LOOKS, visit

PAGE = "claims.html"


def test_the_filters_are_alive(opened):
    page = opened(PAGE)
    rows = page.locator(".course-claim-row")
    total = rows.count()
    expect(page.get_by_role("status")).to_have_text(f"All {total} claims")
    page.get_by_role("searchbox", name="Words").fill("relu-beats-tanh")
    expect(page.locator(".course-claim-row:visible")).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text(f"1 of {total} claims")
    expect(page.locator("section:visible > h2")).to_have_count(
        3
    )  # its chapter, Elsewhere, the numbers
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".course-claim-row:visible")).to_have_count(total)


def test_the_page_opened_from_a_file_filters_too(contexts, html):
    page = contexts[LOOKS[0]].new_page()
    page.goto((html / PAGE).as_uri())
    page.get_by_role("searchbox", name="Words").fill("relu-beats-tanh")
    expect(page.locator(".course-claim-row:visible")).to_have_count(1)
    page.close()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_strips_are_readable_and_their_names_unique(contexts, base, look):
    found = visit(contexts[look], base, PAGE)
    found.page.get_by_role("button", name="Show all").click()
    strips = found.page.locator("svg.course-strip")
    assert strips.count() == found.page.locator(".course-claim-row").count()
    widths = strips.evaluate_all("nodes => nodes.map(node => node.getBoundingClientRect().width)")
    assert min(widths) >= 300  # so that its letters have 11 pixels
    names = strips.evaluate_all("nodes => nodes.map(node => node.getAttribute('aria-label'))")
    assert len(set(names)) == len(names)
    found.page.close()


def test_all_values_can_be_taken_away(opened, html):
    page = opened(PAGE)
    with page.expect_download() as download:
        page.get_by_role("link", name="claims.csv").click()
    assert download.value.suggested_filename == "claims.csv"
    lines = list(csv.DictReader((html / "claims.csv").open(newline="", encoding="utf-8")))
    assert all(math.isfinite(float(line["value"])) for line in lines)
    rows = page.locator(".course-claim-row").evaluate_all("rows => rows.map(row => row.id)")
    assert set(rows) <= {line["claim"] for line in lines}


def test_only_this_page_loads_the_filters(html, pages):
    assert [path for path in pages if "claims.js" in (html / path).read_text()] == [PAGE]
