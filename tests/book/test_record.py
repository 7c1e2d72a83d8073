"""The reader's record: kept from page to page, taken away, brought back, forgotten."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser import DESKTOP, Look, open_context, visit

CHAPTER, LATER = "chapters/01_activations.html", "chapters/04_augmentation.html"
LOOK = Look("light", DESKTOP)
NO_STORAGE = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("no storage here", "SecurityError"); }
})"""


@pytest.fixture
def reader(browser):
    """A browser that remembers nothing yet."""
    context = open_context(browser, LOOK)
    yield context
    context.close()


def commit(page, *, choice=0, sure="very sure"):
    """Commit to a choice of the page's first prediction."""
    prediction = page.locator(".course-prediction").first
    prediction.locator("label").nth(choice).click()
    if sure:
        prediction.get_by_role("button", name=sure).click()
    prediction.locator(".course-commit").click()
    return prediction


def show_end(page):
    """The end of a chapter, which is drawn when the reader comes near."""
    place = page.locator("[data-widget=record]")
    place.scroll_into_view_if_needed()
    expect(place.locator(".course-record")).to_be_visible()
    return place


def test_a_prediction_is_still_there_when_the_reader_comes_back(reader, base):
    page = visit(reader, base, CHAPTER).page
    first = commit(page)
    expect(first.get_by_role("button", name="very sure")).to_have_attribute("aria-pressed", "true")
    expect(first.get_by_role("button", name="very sure")).to_be_disabled()
    again = visit(reader, base, CHAPTER)
    prediction = again.page.locator(".course-prediction").first
    expect(prediction.locator("input").first).to_be_checked()
    expect(prediction.locator(".course-reveal:visible")).not_to_have_count(0)
    assert again.problems == []


def test_a_chapter_ends_with_how_its_predictions_came_out(reader, base):
    page = visit(reader, base, CHAPTER).page
    place = show_end(page)
    expect(place.get_by_role("status").first).to_contain_text("none of the")
    commit(page)
    expect(place.get_by_role("status").first).to_contain_text("You have made 1 of")
    expect(place).to_contain_text("nobody else sees it")


def test_a_later_chapter_asks_three_questions_again(reader, base):
    page = visit(reader, base, LATER).page
    questions = show_end(page).locator(".course-prediction")
    expect(questions).to_have_count(3)
    questions.first.locator("label").first.click()
    questions.first.locator(".course-commit").click()
    expect(questions.first.locator(".course-reveal:visible")).not_to_have_count(0)
    saved = json.loads(page.evaluate("localStorage.getItem('course-record')"))
    assert [recall["streak"] in (0, 1) for recall in saved["recalls"].values()] == [True]
    assert saved["predictions"] == {}  # recalling is no prediction


def test_the_whole_record_goes_to_another_browser_and_is_forgotten(reader, browser, base, tmp_path):
    commit(visit(reader, base, CHAPTER).page)
    page = visit(reader, base, "record.html").page
    expect(page.get_by_text("You have made 1 of")).to_be_visible()
    expect(page.locator(".course-calibration tr").last).to_contain_text("of 1 right")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "record.json")
    other = open_context(browser, LOOK)
    there = visit(other, base, "record.html").page
    expect(there.get_by_text("You have made none of")).to_be_visible()
    there.locator("input[type=file]").set_input_files(tmp_path / "record.json")
    expect(there.get_by_text("You have made 1 of")).to_be_visible()
    there.once("dialog", lambda dialog: dialog.accept())
    there.get_by_role("button", name="Forget everything").click()
    expect(there.get_by_text("You have made none of")).to_be_visible()
    other.close()


def test_a_file_that_is_no_record_is_refused_in_words(reader, base, tmp_path):
    (tmp_path / "photo.json").write_bytes(b"\xff\xd8 not a record")
    page = visit(reader, base, "record.html").page
    page.locator("input[type=file]").set_input_files(tmp_path / "photo.json")
    expect(page.get_by_role("status")).to_have_text(
        "This file is no record of this course: it is not JSON."
    )


def test_without_a_storage_the_page_works_and_says_so(reader, base):
    reader.add_init_script(NO_STORAGE)
    found = visit(reader, base, CHAPTER)
    commit(found.page)
    place = show_end(found.page)
    expect(place.get_by_role("status").first).to_contain_text("You have made 1 of")
    expect(place).to_contain_text("This browser keeps no records")


def test_a_book_opened_from_files_has_a_record(reader, html):
    page = reader.new_page()
    page.goto((html / CHAPTER).as_uri())
    commit(page)
    place = show_end(page)
    expect(place.get_by_role("status").first).to_contain_text("You have made 1 of")


def test_paper_has_no_record(reader, base):
    page = visit(reader, base, CHAPTER).page
    show_end(page)
    page.emulate_media(media="print")
    expect(page.locator(".course-record")).to_be_hidden()
