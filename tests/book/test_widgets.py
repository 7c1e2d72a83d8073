"""Every widget of the book works without a kernel, by mouse and by keyboard."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import LOOKS, WIDGETS, visit
from tools.places import MARK

PICTURE = "img.course-frame"
CONTROLS = "input[type=range], select"
NAMES = {
    ".course-attention": "attention_reader",
    ".course-command-center": "command_center",
    ".course-convolution": "convolution_explorer",
    ".course-picture-map": "picture_map",
    ".course-playground": "playground",
    ".course-prediction": "prediction",
}


@pytest.fixture(scope="module")
def paths(html, pages) -> list[str]:
    """The pages that show widgets."""
    return [path for path in pages if path != "index.html" and MARK in (html / path).read_text()]


@pytest.fixture(scope="module")
def widget_pages(contexts, base, paths) -> list[Page]:
    """These pages, opened once; explorers work from any state."""
    return [visit(contexts[LOOKS[0]], base, path).page for path in paths]


@pytest.fixture
def fresh_pages(opened, html, paths) -> Callable[[str], Iterator[Page]]:
    """A function that opens the pages with a widget as a reader finds them, one after another."""

    def open_pages(selector: str) -> Iterator[Page]:
        for path in paths:
            if f'{MARK}{NAMES[selector]}"' in (html / path).read_text():
                page = opened(path)
                yield page
                page.close()

    return open_pages


def every(pages: list[Page] | Callable[[str], Iterator[Page]], selector: str) -> Iterator[Locator]:
    """Each element of that selector on these pages, at least one."""
    count = 0
    for page in pages if isinstance(pages, list) else pages(selector):
        for element in page.locator(selector).all():
            count += 1
            yield element
    assert count, f"no page of the book shows a {selector}"


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
        cards = "places => places.map(place => place.querySelectorAll('.course-card').length)"
        drawn = page.locator(f"{WIDGETS}:not([data-widget=record])")
        assert set(drawn.evaluate_all(cards)) <= {1}


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
        for key in ("Space", "Tab", "Tab", "Tab", "Tab"):  # past how sure the reader is
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


def names_of(places: Locator) -> list[str]:
    return places.evaluate_all("nodes => nodes.map(node => node.getAttribute('aria-label'))")


def test_the_mouse_picks_a_picture_of_a_map_and_shows_its_neighbors(fresh_pages):
    for picture_map in every(fresh_pages, ".course-picture-map"):
        told = picture_map.get_by_role("status")
        before = told.inner_text()
        dots, pictures = picture_map.get_by_role("listbox"), picture_map.get_by_role("option")
        # The last one drawn lies on top of all others, but for the chosen one.
        x, y = pictures.last.evaluate(
            """node => {
                const [own, all] = [node, node.parentNode].map(n => n.getBoundingClientRect());
                return [own.x + own.width / 2 - all.x, own.y + own.height / 2 - all.y];
            }"""
        )
        dots.click(position={"x": x, "y": y})
        expect(told).not_to_have_text(before)
        chosen = picture_map.locator("[aria-selected=true]")
        expect(chosen).to_have_count(1)
        name = chosen.get_attribute("aria-label")
        expect(told).to_contain_text(name)
        expect(picture_map.locator(".course-large")).to_have_attribute("aria-label", name)
        neighbor = picture_map.locator(".course-near-by").first
        other = neighbor.get_attribute("aria-label")
        neighbor.click()
        expect(picture_map.locator(".course-large")).to_have_attribute("aria-label", other)


def test_arrow_keys_move_over_a_map(fresh_pages):
    for picture_map in every(fresh_pages, ".course-picture-map"):
        picture_map.get_by_role("listbox").focus()
        seen = set()
        for key in ("Home", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "End"):
            picture_map.page.keyboard.press(key)
            chosen = picture_map.locator("[aria-selected=true]")
            expect(chosen).to_have_count(1)
            seen.add(chosen.get_attribute("aria-label"))
            active = picture_map.get_by_role("listbox").get_attribute("aria-activedescendant")
            assert active == chosen.get_attribute("id")
        assert len(seen) > 2


def test_lists_of_a_map_change_its_layout_and_what_it_shows(fresh_pages):
    for picture_map in every(fresh_pages, ".course-picture-map"):
        layout, shown = picture_map.locator("select").all()
        where = "nodes => nodes.map(node => node.style.left + node.style.top)"
        before = picture_map.get_by_role("option").evaluate_all(where)
        for index in range(1, layout.evaluate("e => e.length")):
            layout.select_option(index=index)
            after = picture_map.get_by_role("option").evaluate_all(where)
            assert after != before
            before = after
        shown.select_option(index=1)
        expect(picture_map.locator(".course-faint").first).to_be_attached()
        shown.select_option(index=0)
        expect(picture_map.locator(".course-faint")).to_have_count(0)


def test_every_picture_of_a_map_is_drawn(fresh_pages):
    for picture_map in every(fresh_pages, ".course-picture-map"):
        drawn = """async node => {
            const image = new Image();
            image.src = getComputedStyle(node).backgroundImage.slice(5, -2);
            await image.decode();
            return image.naturalWidth;
        }"""
        assert picture_map.locator(".course-large").evaluate(drawn) > 0
        assert len(set(names_of(picture_map.get_by_role("option")))) > 1


def test_every_word_of_an_attention_reader_shows_where_the_network_looked(fresh_pages):
    for reader in every(fresh_pages, ".course-attention"):
        told, words = reader.get_by_role("status"), reader.get_by_role("radio")
        for word in words.all()[::-1]:
            word.click()
            expect(word).to_have_attribute("aria-checked", "true")
            expect(told).to_contain_text(f"“{word.inner_text()}”")
            shares = reader.locator(".course-word, .course-place").evaluate_all(
                "nodes => nodes.map(node => +node.dataset.weight)"
            )
            assert 980 <= sum(shares) <= 1020
        expect(reader.locator(".course-later")).to_have_count(words.count() - 1)


def test_arrow_keys_play_and_the_list_move_an_attention_reader(fresh_pages):
    for reader in every(fresh_pages, ".course-attention"):
        chosen = reader.locator("[role=radio][aria-checked=true]")
        chosen.focus()
        for key in ("End", "Home", "ArrowRight", "ArrowLeft"):
            before = chosen.inner_text(), reader.locator(".course-later").count()
            reader.page.keyboard.press(key)
            expect(chosen).to_be_focused()
            assert (chosen.inner_text(), reader.locator(".course-later").count()) != before
        later = reader.locator(".course-later").count()
        reader.locator(".course-play").click()
        expect(reader.locator(".course-later")).to_have_count(later - 1)
        reader.locator(".course-play").click()
        read = reader.locator(".course-read").evaluate("node => node.outerHTML")
        reader.locator("select").select_option(index=1)
        assert reader.locator(".course-read").evaluate("node => node.outerHTML") != read


def test_the_box_frames_what_is_known_to_be_right(fresh_pages):
    for reader in every(fresh_pages, ".course-attention"):
        box = reader.get_by_label("Frame")
        if box.is_hidden():
            continue
        expect(reader.locator(".course-right")).to_have_count(0)
        box.check()
        for word in reader.get_by_role("radio").all():
            word.click()
            if reader.locator(".course-right").count():
                break
        expect(reader.locator(".course-right").first).to_be_visible()


def test_the_other_box_marks_what_is_wrong_and_says_what_is_right(fresh_pages):
    marked = 0
    for reader in every(fresh_pages, ".course-attention"):
        box, right = reader.get_by_label("Mark what is wrong"), reader.locator(".course-truth")
        if box.is_hidden():
            continue
        expect(reader.locator(".course-wrong")).to_have_count(0)
        expect(right).to_be_empty()
        box.check()
        for index in range(reader.locator("select option").count()):
            reader.locator("select").select_option(index=index)
            expect(right).to_contain_text("right", ignore_case=True)
            wrong = reader.locator(".course-wrong").count()
            whole = "All of it is right." in right.inner_text()
            assert whole == (wrong == 0 and "Words are missing" not in right.inner_text())
            marked += wrong
    assert marked > 0


def test_the_playground_of_the_landing_page_trains(opened):
    page = opened("index.html")
    count = page.locator(".course-count")
    expect(count).to_have_text("0 updates")
    page.get_by_role("button", name="Step", exact=True).click()
    expect(count).to_have_text("1 update")


def test_playgrounds_of_chapters_train(fresh_pages):
    for card in every(fresh_pages, ".course-playground"):
        card.get_by_role("button", name="Step", exact=True).click()
        expect(card.locator(".course-count")).to_have_text("1 update")


def test_a_larger_padding_gives_larger_maps(fresh_pages):
    for card in every(fresh_pages, ".course-convolution"):
        shape = card.locator(".course-formula")
        before = shape.inner_text()
        card.get_by_role("button", name="Raise Padding P").click()
        expect(shape).not_to_have_text(before)
