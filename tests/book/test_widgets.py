"""Every widget of the book works without a kernel, by mouse and by keyboard."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import LOOKS, VIEWS, visit

PICTURE = "img.course-frame"
CONTROLS = "input[type=range], select"


@pytest.fixture(scope="module")
def paths(html, pages) -> list[str]:
    """The pages that show widgets."""
    return [path for path in pages if "vnd.jupyter.widget-view" in (html / path).read_text()]


@pytest.fixture(scope="module")
def widget_pages(contexts, base, paths) -> list[Page]:
    """These pages, opened once; explorers work from any state."""
    return [visit(contexts[LOOKS[0]], base, path).page for path in paths]


@pytest.fixture
def fresh_pages(opened, paths) -> list[Page]:
    """These pages as a reader finds them."""
    return [opened(path) for path in paths]


def every(opened_pages: list[Page], selector: str) -> list[Locator]:
    """Each element of that selector on these pages, at least one."""
    found = [element for page in opened_pages for element in page.locator(selector).all()]
    assert found, f"no page of the book shows a {selector}"
    return found


def position(control: Locator) -> tuple[int, int]:
    """(where a control stands, its last position)"""
    return tuple(
        control.evaluate(
            "e => e.matches('select') ? [e.selectedIndex, e.length - 1] : [+e.value, +e.max]"
        )
    )


def expect_new_picture(explorer: Locator, before: str) -> str:
    """The source of the picture an explorer shows, once it is another than before."""
    picture = explorer.locator(PICTURE)
    expect(picture).not_to_have_attribute("src", before)
    assert picture.evaluate("e => e.decode().then(() => e.naturalWidth)") > 0
    return picture.get_attribute("src")


def expect_explanations(prediction: Locator) -> None:
    """Each choice of a prediction has an explanation in sight."""
    choices = prediction.locator("input[type=radio]").count()
    reveals = prediction.locator(".course-reveal:visible")
    expect(reveals).to_have_count(choices)
    assert all(text.strip() for text in reveals.all_inner_texts())


def test_every_widget_is_drawn_once(widget_pages):
    for page in widget_pages:
        assert page.locator(".widget-subarea").count() == page.locator(VIEWS).count()


def test_every_control_of_an_explorer_changes_its_picture_by_mouse(widget_pages):
    for explorer in every(widget_pages, ".course-explorer"):
        picture = explorer.locator(PICTURE).get_attribute("src")
        for control in explorer.locator(CONTROLS).all():
            now, last = position(control)
            if control.evaluate("e => e.matches('select')"):
                control.select_option(index=(now + 1) % (last + 1))
            else:
                box = control.bounding_box()
                x = 2 if now == last else box["width"] - 2
                control.click(position={"x": x, "y": box["height"] / 2})
            picture = expect_new_picture(explorer, picture)


def test_every_control_of_an_explorer_changes_its_picture_by_keyboard(widget_pages):
    for explorer in every(widget_pages, ".course-explorer"):
        picture = explorer.locator(PICTURE).get_attribute("src")
        for control in explorer.locator(CONTROLS).all():
            now, last = position(control)
            control.press("Home" if now == last else "End")
            picture = expect_new_picture(explorer, picture)


def test_play_moves_the_picture(widget_pages):
    for play in every(widget_pages, ".course-explorer .course-play"):
        explorer = play.locator("xpath=ancestor::*[contains(@class, 'course-explorer')]")
        before = explorer.locator(PICTURE).get_attribute("src")
        play.press("Enter")
        expect_new_picture(explorer, before)
        play.press("Enter")


def test_every_prediction_explains_its_choices_once_committed_by_mouse(fresh_pages):
    for prediction in every(fresh_pages, ".course-prediction"):
        expect(prediction.locator(".course-reveal:visible")).to_have_count(0)
        prediction.locator("label").last.click()
        prediction.locator(".course-commit").click()
        expect_explanations(prediction)


def test_every_prediction_explains_its_choices_once_committed_by_keyboard(fresh_pages):
    for prediction in every(fresh_pages, ".course-prediction"):
        prediction.locator("input[type=radio]").first.focus()
        for key in ("Space", "Tab"):
            prediction.page.keyboard.press(key)
        expect(prediction.locator(".course-commit")).to_be_focused()
        prediction.page.keyboard.press("Enter")
        expect_explanations(prediction)


def lines_of(center: Locator) -> list[str]:
    """The paths of all lines that a command center draws, and whether each is faint."""
    return center.locator("path.course-line").evaluate_all(
        "lines => lines.map(line => line.getAttribute('class') + line.getAttribute('d'))"
    )


def test_every_filter_of_a_command_center_changes_its_drawing_by_mouse(fresh_pages):
    for center in every(fresh_pages, ".course-command-center"):
        for choice in center.locator(".course-filters select").all():
            before = lines_of(center)
            assert before
            choice.select_option(index=1)
            expect(center.locator("path.course-faint").first).to_be_attached()
            assert lines_of(center) != before
            choice.select_option(index=0)
            expect(center.locator("path.course-faint")).to_have_count(0)


def test_the_mouse_picks_a_line_of_a_command_center(fresh_pages):
    for center in every(fresh_pages, ".course-command-center"):
        line = center.locator("path.course-line:not(.course-cross)").last
        x, y = line.evaluate(
            """line => {
                const at = line.getPointAtLength(line.getTotalLength() / 2);
                const { x, y } = at.matrixTransform(line.getScreenCTM());
                const box = line.closest("[role=img]").getBoundingClientRect();
                return [x - box.x, y - box.y];
            }"""
        )
        center.get_by_role("img").click(position={"x": x, "y": y})
        expect(center.locator(".course-told")).to_contain_text("Rank")
        expect(center.locator(".course-picked")).to_be_attached()


def test_the_keyboard_picks_any_run_of_a_command_center(fresh_pages):
    for center in every(fresh_pages, ".course-command-center"):
        center.locator("tbody input").first.focus()
        center.page.keyboard.press("Space")
        for _ in range(6):
            row = center.locator("tbody tr:has(:checked)")
            radio = row.locator("input")
            expect(radio).to_be_focused()
            name = radio.get_attribute("aria-label")
            expect(center.locator(".course-told")).to_contain_text(name)
            picked = center.locator(".course-picked")
            expect(picked).to_have_attribute("data-run", radio.get_attribute("value"))
            center.page.keyboard.press("ArrowDown")
