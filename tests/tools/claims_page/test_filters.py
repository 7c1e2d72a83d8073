"""The filters of the page of claims in a browser, on a page opened from a file."""

import re

import pytest
from playwright.sync_api import expect

from lib.evidence.cards import Card
from lib.evidence.ledger import Ledger
from tests.browser import DESKTOP, Look, open_context
from tests.evidence import make_claim, make_record
from tools.claims_page.page import render_claims_page
from tools.sphinx_course import THEME

CLAIMS = {
    "chapters/01_a": [
        make_claim("relu-wins", above=0, statement="ReLU beats tanh", rows=("M05",)),
        make_claim("tanh-wins", above=9, statement="Tanh beats ReLU"),
    ],
    "chapters/02_b": [
        make_claim("mixup-helps", above=0, statement="Mixup helps", estimand="accuracy with ReLU"),
        make_claim("not-yet", above=0, statement="Not measured yet"),
    ],
}


def write_page(folder):
    """The page with its script and style; like Sphinx, with a section for each chapter."""
    measured = [claim for claims in CLAIMS.values() for claim in claims if claim.id != "not-yet"]
    ledger = Ledger(
        [make_record({claim: [3 + seed / 50] for claim in measured}, seed=10 + seed)
         for seed in range(4)]
    )  # fmt: skip
    chapters = {
        document: (document[-1].upper(), [Card.of(claim, ledger, []) for claim in claims])
        for document, claims in CLAIMS.items()
    }
    text = render_claims_page(chapters, ledger)
    first, *sections = text.partition("\n# ")[2].split("\n## ")
    body = "".join(
        f'<section class="chapter"><h2>{section.replace(chr(10), "</h2>", 1)}</section>'
        for section in sections
    )
    path = folder / "claims.html"
    path.write_text(
        f'<!doctype html><html data-theme="light"><meta charset="utf-8">'
        f"<style>{(THEME / 'claims.css').read_text()}</style>"
        f'<body><main class="bd-article"><section>{first}{body}</section></main>'
        f"<script>{(THEME / 'claims.js').read_text()}</script>"
    )
    return path.as_uri()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("claims"))


@pytest.fixture
def page(browser, address):
    context = open_context(browser, Look("light", DESKTOP))
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.goto(address)
    yield page
    assert not page.problems
    context.close()


def shown(page):
    """The claims that the filters leave, folded away or not."""
    rows = page.locator(".course-claim-row:not([hidden])")
    return rows.evaluate_all("rows => rows.map(r => r.id)")


def unfolded(page):
    return page.locator(".course-claim-row:visible").evaluate_all("rows => rows.map(r => r.id)")


ALL = ["relu-wins", "tanh-wins", "mixup-helps", "not-yet"]


@pytest.mark.parametrize(
    ("field", "choice", "expected"),
    [
        ("Chapter", "02_b", ["mixup-helps", "not-yet"]),
        ("Verdict", "holds", ["relu-wins", "mixup-helps"]),
        ("Verdict", "does not hold here", ["tanh-wins"]),
        ("Verdict", "no evidence yet", ["not-yet"]),
        ("Strength", "survives", ["relu-wins", "tanh-wins", "mixup-helps"]),
    ],
)
def test_a_choice_leaves_the_claims_that_fit_and_says_how_many(page, field, choice, expected):
    assert shown(page) == ALL
    page.get_by_label(field).select_option(choice)
    assert shown(page) == expected
    expect(page.get_by_role("status")).to_have_text(f"{len(expected)} of 4 claims")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("RELU", ["relu-wins", "tanh-wins", "mixup-helps"]),
        ("relu  tanh ", ["relu-wins", "tanh-wins"]),
        ("m05", ["relu-wins"]),
        ("accuracy", ["mixup-helps"]),
        ("mixup-h", ["mixup-helps"]),
        (".*", []),
    ],
)
def test_all_words_have_to_occur_in_statement_name_or_facts(page, words, expected):
    page.get_by_label("Words").fill(words)
    assert shown(page) == expected


def test_filters_join_and_one_button_shows_all_again(page):
    page.get_by_label("Chapter").select_option("01_a")
    page.get_by_label("Verdict").select_option("holds")
    assert shown(page) == ["relu-wins"]
    page.get_by_role("button", name="Show all").click()
    assert shown(page) == ALL
    expect(page.get_by_role("status")).to_have_text("All 4 claims")
    assert "#" not in page.url


def test_a_chapter_without_a_claim_that_fits_disappears(page):
    page.get_by_label("Chapter").select_option("01_a")
    assert page.locator("section.chapter:visible h2").all_inner_texts() == ["A", "All numbers"]


def test_the_address_remembers_the_filter(page):
    page.get_by_label("Chapter").select_option("01_a")
    page.get_by_label("Words").fill("beats tanh")
    again = page.context.new_page()
    again.goto(page.url)
    assert shown(again) == shown(page) == ["relu-wins", "tanh-wins"]
    expect(again.get_by_label("Words")).to_have_value("beats tanh")


@pytest.mark.parametrize("hash", ["#claims?chapter=99_z", "#claims?verdict=%3Cb%3E", "#nothing"])
def test_an_address_that_means_nothing_shows_all(page, address, hash):
    page.goto(address + hash)
    page.reload()
    assert shown(page) == ALL


def test_a_link_to_a_hidden_claim_shows_it(page):
    page.get_by_label("Chapter").select_option("02_b")
    page.evaluate("location.hash = '#tanh-wins'")
    expect(page.locator("#tanh-wins")).to_be_in_viewport()
    assert shown(page) == ALL


def test_each_chapter_is_folded_to_its_counts_until_it_is_opened(page):
    summaries = page.locator(".course-claims-chapter > summary")
    assert unfolded(page) == []
    assert summaries.all_inner_texts() == [
        "2 claims: 1 holds, 1 does not hold here", "2 claims: 1 holds, 1 has no evidence yet"
    ]  # fmt: skip
    summaries.last.click()
    assert unfolded(page) == ["mixup-helps", "not-yet"]


def test_filters_and_links_unfold_what_they_lead_to(page):
    page.get_by_label("Verdict").select_option("holds")
    assert unfolded(page) == ["relu-wins", "mixup-helps"]
    page.get_by_role("button", name="Show all").click()
    assert unfolded(page) == ALL


def test_an_address_with_a_claim_unfolds_its_chapter_alone(page, address):
    page.goto(f"{address}#not-yet")
    page.reload()
    expect(page.locator("#not-yet")).to_be_in_viewport()
    assert unfolded(page) == ["mixup-helps", "not-yet"]


def test_paper_shows_all_claims_and_no_controls(page):
    page.emulate_media(media="print")
    assert unfolded(page) == ALL
    page.emulate_media(media="screen")
    page.get_by_label("Chapter").select_option("02_b")
    page.emulate_media(media="print")
    assert unfolded(page) == ALL
    expect(page.locator("form")).to_be_hidden()
    expect(page.locator(".course-claim-row summary:visible")).to_have_count(0)


def test_without_javascript_all_is_there_and_no_control(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("form")).to_be_hidden()
    for summary in page.locator(".course-claims-chapter > summary").all():
        summary.click()
    expect(page.locator(".course-claim-row:visible")).to_have_count(4)
    expect(page.locator("svg:visible")).to_have_count(3)
    page.locator(".course-claim-row summary").first.click()
    expect(page.locator("details table").first).to_be_visible()
    context.close()


def test_every_field_has_a_label_and_the_count_is_announced(page):
    for field in page.locator("form :is(select, input)").all():
        assert field.evaluate("node => node.labels.length") == 1
    assert re.fullmatch("All 4 claims", page.get_by_role("status").inner_text())
