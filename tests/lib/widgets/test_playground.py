"""The playground: what Python lets an author say, and what a reader meets in a browser."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from lib.widgets import Playground
from lib.widgets.assets import BUNDLES
from lib.widgets.playground import (
    LAST_SEED,
    LAST_UPDATE,
    OPTIONS,
    START,
    STORIES,
    playground_state,
)
from tests.browser import DESKTOP, LOOKS, PHONE, Look, Visit, open_context, serve, visit
from tests.lib.widgets.javascript import run_js
from tools.places import make_place

TITLE = "What does it take?"
SETTINGS = playground_state(TITLE)["settings"]
HASHES = 'import { readHash, writeHash } from "./playground_state.js";'
BUTTONS = ("Play", "Step", "Reset", "New weights", "Copy link")


def test_an_author_chooses_start_and_controls():
    playground = Playground(TITLE, start={"layers": 6, "lr": 0.3}, controls=["layers"])
    assert playground.start == START | {"layers": 6, "lr": 0.3}
    assert (playground.controls, playground.stories) == (["layers"], [])
    assert json.loads(json.dumps(playground.get_state()))["start"]["layers"] == 6


def test_all_controls_are_offered_unless_the_author_says():
    assert Playground(TITLE).controls == list(OPTIONS)


def test_repr_tells_what_differs():
    assert repr(Playground(TITLE, start={"layers": 3, "seed": 1})) == (
        "Playground('What does it take?', start={'layers': 3}, 11 controls)"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": {"width": 3}}, "start names 'width'; the settings are data, "),
        ({"start": {"layers": 7}}, r"start\['layers'\] must be one of 1, 2, 3, 4, 5, 6; got 7"),
        ({"start": {"data": "faces"}}, r"start\['data'\] must be one of 'circles', "),
        ({"start": {"updates": -1}}, r"start\['updates'\] must be 0 to 3000; got -1"),
        ({"start": {"seed": 1.5}}, r"start\['seed'\] must be 0 to 9999; got 1.5"),
        ({"controls": ["seed"]}, "controls must be among data, .*; got 'seed'"),
        ({"name": "a b"}, "name must be letters and digits, for an address; got 'a b'"),
    ],
)
def test_what_cannot_be_used_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        Playground(TITLE, **changes)


def test_every_story_starts_from_settings_that_lists_can_show():
    for told in playground_state(TITLE, stories=True)["stories"]:
        assert set(told["start"]) == set(START)
        assert told["start"]["updates"] < told["after"] < LAST_UPDATE
        assert told["question"].rstrip().endswith("?")


def read_hash(text: str) -> dict | None:
    body = 'return readHash(text, "playground", start, settings);'
    return run_js(HASHES, body, text=text, start=START, settings=SETTINGS)


@pytest.mark.parametrize("settings", [START, *(START | dict(story.start) for story in STORIES)])
def test_settings_survive_an_address(settings):
    body = 'return writeHash(values, "playground", settings);'
    written = run_js(HASHES, body, values=settings, settings=SETTINGS)
    assert written.startswith("#playground?data=")
    assert read_hash(written) == settings


@pytest.mark.parametrize("text", ["", "#chapters", "#playground", "#other?layers=3"])
def test_an_address_of_something_else_changes_nothing(text):
    assert read_hash(text) is None


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("layers=1e99&units=-1e99", {"layers": 6, "units": 1}),
        ("lr=0.025&noise=-5", {"lr": 0.03, "noise": 0}),
        ("updates=1e9&seed=-3", {"updates": LAST_UPDATE, "seed": 0}),
        ("updates=12.4&seed=1e300", {"updates": 12, "seed": LAST_SEED}),
        ("layers=NaN&units=Infinity&lr=&seed=0x", {}),
        ("data=<img src=x onerror=alert(1)>&activation=constructor", {}),
        ("__proto__[data]=moons&constructor=1&toString=2&init=__proto__", {}),
        ("%E0%A4%A&data=%", {}),
        ("layers=2&layers=5", {"layers": 2}),
    ],
)
def test_a_hostile_address_is_clamped_or_ignored(query, changes):
    assert read_hash(f"#playground?{query}") == START | changes


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[str]:
    """A page below a sub-path with a playground and its stories, as the book serves it."""
    root = tmp_path_factory.mktemp("site")
    folder = root / "deep" / "course"
    shutil.copytree(BUNDLES, folder / "_static")
    place = make_place("playground", "stories", playground_state(TITLE, stories=True))
    page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>T</title>
    <link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
    <link rel="stylesheet" href="_static/course-widgets.css">
    <script type="module" src="_static/course-widgets.js"></script>
    {place}
    <div style="height: 3000px"></div>"""
    (folder / "index.html").write_text(page)
    with serve(root) as address:
        yield f"{address}/deep/course/"


@pytest.fixture
def opened(browser, site) -> Iterator[Callable[..., Visit]]:
    """A function that opens the page with a hash, in a look."""
    contexts = []

    def open_page(fragment: str = "", look: Look = LOOKS[0]) -> Visit:
        contexts.append(open_context(browser, look))
        found = visit(contexts[-1], site, f"index.html{fragment}")
        expect(found.page.get_by_role("button", name="Play")).to_be_visible()
        return found

    yield open_page
    for context in contexts:
        context.close()


def updates(page: Page) -> int:
    return int(page.locator(".course-count").inner_text().split()[0])


def wait_for_updates(page: Page, count: int) -> None:
    expect(page.locator(".course-count")).to_have_text(f"{count} update" + "s" * (count != 1))


def unfold(page: Page) -> None:
    page.get_by_text("More settings").click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def pixels(canvas: Locator) -> str:
    """A picture, as a text that is another for other pixels."""
    return canvas.evaluate("c => c.toDataURL()")


def link(**changes: object) -> str:
    return f"#playground?{urlencode(START | changes)}"


def test_it_stands_still_until_the_reader_presses_play(opened):
    found = opened()
    wait_for_updates(found.page, 0)
    found.page.wait_for_timeout(300)
    wait_for_updates(found.page, 0)
    expect(found.page.get_by_text(STORIES[0].question)).to_be_visible()
    assert found.problems == []


def test_play_trains_and_pause_stops_it_in_words(opened):
    found = opened(link())
    page = found.page
    before = pixels(page.locator(".course-plane canvas"))
    press(page, "Play")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function(
        "+document.querySelector('.course-count').textContent.split(' ')[0] > 20"
    )
    expect(page.get_by_role("status")).to_have_text("")
    press(page, "Pause")
    expect(page.get_by_role("status")).to_have_text(
        re.compile(r"Paused: \d+% of training and \d+% of validation points are right")
    )
    stood = updates(page)
    shares = re.findall(r"\d+%", page.get_by_role("status").inner_text())
    page.wait_for_timeout(200)
    assert updates(page) == stood
    assert re.findall(r"\d+%", page.locator(".course-numbers").inner_text()) == shares
    assert pixels(page.locator(".course-plane canvas")) != before
    assert found.problems == []


def test_a_step_is_one_update_and_reset_undoes_all(opened):
    page = opened(link(seed=5)).page
    first = pixels(page.locator(".course-maps canvas").first)
    for count in (1, 2, 3):
        press(page, "Step")
        wait_for_updates(page, count)
    assert pixels(page.locator(".course-maps canvas").first) != first
    press(page, "Reset")
    wait_for_updates(page, 0)
    assert pixels(page.locator(".course-maps canvas").first) == first


def test_new_weights_change_the_units_but_not_the_points(opened):
    page = opened(link()).page
    canvas, dots = page.locator(".course-maps canvas").first, page.locator(".course-points")
    units, points = pixels(canvas), dots.evaluate_all("d => d.map(p => p.getAttribute('d'))")
    press(page, "New weights")
    assert pixels(canvas) != units
    assert dots.evaluate_all("d => d.map(p => p.getAttribute('d'))") == points


def test_every_list_starts_another_training_and_is_kept_in_the_address(opened):
    found = opened(link(updates=10))
    page = found.page
    unfold(page)
    for name, (label, options) in OPTIONS.items():
        value = next(value for value in options if value != START[name])
        choice = page.get_by_label(label, exact=True)
        choice.select_option(index=list(options).index(value))
        wait_for_updates(page, 0)
        text = str(value)
        page.wait_for_function(
            "([name, text]) => new URLSearchParams(location.hash.split('?')[1]).get(name) === text",
            arg=[name, text],
        )
        press(page, "Step")
        wait_for_updates(page, 1)
    assert found.problems == []


def test_there_is_a_map_for_each_unit_and_a_histogram_for_each_layer(opened):
    page = opened(link(layers=4, units=3)).page
    expect(page.locator(".course-layer")).to_have_count(4)
    expect(page.locator(".course-layer canvas")).to_have_count(12)
    bars = page.locator(".course-histogram path")
    assert all("v" in d for d in bars.evaluate_all("d => d.map(p => p.getAttribute('d'))"))


def test_a_link_shows_what_was_shared_after_as_many_updates(opened):
    shared = opened(link(data="arms", layers=3, dropout=0.2))
    press(shared.page, "Play")
    shared.page.wait_for_function(
        "+document.querySelector('.course-count').textContent.split(' ')[0] > 30"
    )
    press(shared.page, "Pause")
    press(shared.page, "Copy link")
    expect(shared.page.get_by_role("status")).to_have_text("The link is copied.")
    address = shared.page.evaluate("navigator.clipboard.readText()")
    other = opened(address[address.index("#") :])
    wait_for_updates(other.page, updates(shared.page))
    for canvas in (".course-plane canvas", ".course-maps canvas >> nth=-1"):
        assert pixels(other.page.locator(canvas)) == pixels(shared.page.locator(canvas))
    numbers = ".course-key:has(.course-train), .course-key:has(.course-validation)"
    texts = [found.page.locator(numbers).all_inner_texts() for found in (shared, other)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("broken", ["undefined", "{ writeText: () => Promise.reject(Error()) }"])
def test_the_link_can_be_copied_without_the_clipboard_api(opened, broken):
    page = opened(link()).page
    page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{ value: {broken} }})")
    press(page, "Copy link")
    expect(page.get_by_role("status")).to_have_text(re.compile("The link is (copied|selected)"))
    field = page.get_by_label("Link to this state of the playground")
    expect(field).to_be_focused()
    assert "#playground?data=circles" in field.input_value()
    selected = field.evaluate("f => f.value.slice(f.selectionStart, f.selectionEnd)")
    assert selected == field.input_value()


def test_another_link_on_the_same_page_is_followed_and_other_anchors_are_not(opened):
    page = opened(link(layers=1)).page
    page.evaluate("location.hash = 'chapters'")
    expect(page.locator(".course-layer")).to_have_count(1)
    page.evaluate(f"location.hash = {json.dumps(link(layers=5))}")
    expect(page.locator(".course-layer")).to_have_count(5)


def test_a_hostile_link_is_inert(opened):
    attack = "<img src=x onerror=window.attacked=1>"
    found = opened(f"#playground?{urlencode({'data': attack, 'layers': '1e99', 'seed': attack})}")
    assert found.page.evaluate("window.attacked ?? null") is None
    assert found.page.locator(".course-playground img").count() == 0
    expect(found.page.locator(".course-layer")).to_have_count(6)
    assert found.problems == []


def test_a_story_asks_and_answers_only_after_its_updates(opened):
    page = opened().page
    story = STORIES[2]
    press(page, story.name)
    expect(page.get_by_text(story.question)).to_be_visible()
    expect(page.get_by_text(story.answer)).to_have_count(0)
    expect(page.get_by_role("button", name=story.name)).to_have_attribute("aria-pressed", "true")
    for _ in range(story.after):
        press(page, "Step")
    expect(page.get_by_text(story.answer)).to_be_visible()
    page.get_by_label("Data").select_option(label="moons")
    expect(page.get_by_text(TITLE)).to_be_visible()
    expect(page.locator("[aria-pressed=true]")).to_have_count(0)


def test_a_story_pauses_at_its_answer_and_offers_something_else_to_try(opened):
    page = opened().page
    story = STORIES[2]
    press(page, story.name)
    offer = page.get_by_role("button", name=story.offer)
    expect(offer).to_have_count(0)
    press(page, "Play")
    expect(page.get_by_text(story.answer)).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    press(page, "Play")  # on from there
    expect(page.get_by_role("status")).to_have_text(re.compile("Diverged"))
    offer.click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_label("Learning rate").locator("option:checked")).to_have_text("0.03")
    expect(offer).to_have_count(0)


def test_what_a_story_offers_differs_from_its_start():
    for story in playground_state(TITLE, stories=True)["stories"]:
        assert bool(story["offer"]) == bool(story["changes"])
        assert all(story["start"][name] != value for name, value in story["changes"].items())


def test_of_many_lists_some_are_folded(opened):
    page = opened().page
    hidden = [
        label
        for label, _ in OPTIONS.values()
        if not page.get_by_label(label, exact=True).is_visible()
    ]
    assert hidden == ["Training points", "Noise", "Units per layer", "Initialization", "Momentum",
                      "Weight decay", "Dropout"]  # fmt: skip
    unfold(page)
    assert all(page.get_by_label(label, exact=True).is_visible() for label, _ in OPTIONS.values())


def test_divergence_is_told_and_stops(opened):
    found = opened(link(activation="leaky_relu", init="he", layers=3, units=8, lr=3))
    page = found.page
    press(page, "Play")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"Diverged after \d+ updates: "))
    expect(page.get_by_role("button", name="Play")).to_be_disabled()
    expect(page.get_by_role("button", name="Step", exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name="Play")).to_be_focused()
    stood = updates(page)
    for key in ("Enter", "Tab", "Enter"):  # the second Enter is on Step
        page.keyboard.press(key)
    assert updates(page) == stood
    expect(page.get_by_role("status")).to_have_text(re.compile(r"Diverged after \d+ updates: "))
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_label("Learning rate").select_option(label="0.03")
    expect(page.get_by_role("status")).to_have_text("")
    expect(page.get_by_role("button", name="Play")).to_be_enabled()
    assert found.problems == []


def test_it_rests_out_of_view(opened):
    page = opened(link()).page
    press(page, "Play")
    page.wait_for_function("+document.querySelector('.course-count').textContent.split(' ')[0] > 4")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)
    stood = updates(page)
    page.wait_for_timeout(300)
    assert updates(page) == stood
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_function(
        f"+document.querySelector('.course-count').textContent.split(' ')[0] > {stood}"
    )


def test_the_run_before_stays_in_sight_where_it_can_be_compared(opened):
    page = opened(link(updates=50)).page
    wait_for_updates(page, 50)
    before = page.locator(".course-curve.course-before")
    assert not before.get_attribute("d")
    unfold(page)
    page.get_by_label("Weight decay").select_option(label="0.1")
    assert before.get_attribute("d")
    page.get_by_label("Data").select_option(label="moons")
    assert not before.get_attribute("d")


def test_the_keyboard_reaches_and_works_everything(opened):
    page = opened(link()).page
    page.locator("details").evaluate("node => { node.open = true; }")
    seen = []
    for _ in range(len(STORIES) + len(BUTTONS) + len(OPTIONS) + 1):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "(document.activeElement.labels?.[0] ?? document.activeElement).textContent"
            )
        )
    labels = [label for label, _ in OPTIONS.values()]
    first = ["Data", "Hidden layers", "Activation", "Learning rate"]
    rest = [label for label in labels if label not in first]
    assert seen == [*(s.name for s in STORIES), *BUTTONS, *first, "More settings", *rest]
    page.get_by_role("button", name="Step", exact=True).focus()
    page.keyboard.press("Enter")
    wait_for_updates(page, 1)
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("Space")
    layers = page.get_by_label("Hidden layers")
    layers.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".course-layer")).to_have_count(3)


@pytest.mark.parametrize("width", [PHONE, 320, 700, 1000, DESKTOP])
def test_nothing_overflows_at_any_width(opened, width):
    page = opened(link(layers=6, units=8), Look("light", width)).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    overflowing = """() => [...document.querySelectorAll(".course-playground *")]
        .filter(node => node.getBoundingClientRect().right > innerWidth)
        .map(node => node.className)"""
    assert page.evaluate(overflowing) == []


def test_a_change_of_theme_draws_anew(opened):
    page = opened(link(updates=20)).page
    wait_for_updates(page, 20)
    before = pixels(page.locator(".course-plane canvas"))
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(100)
    assert pixels(page.locator(".course-plane canvas")) != before


def test_it_asks_for_nothing_but_its_files(opened, site):
    found = opened(link())
    press(found.page, "Step")
    asked = {url.removeprefix(site).split("#")[0] for url in found.requests}
    bundles = {f"_static/course-widgets.{kind}" for kind in ("js", "css")}
    assert asked - {"data:,"} == {"index.html", *bundles}


def test_a_widget_drawn_before_it_is_on_the_page_gets_its_colors(opened):
    page = opened().page
    early, late = page.evaluate(
        """async state => {
            const { default: widget } = await import("./_static/playground.js");
            const places = [0, 1].map(() => document.createElement("div"));
            document.body.prepend(places[1]);
            for (const el of places) widget.render({ model: { get: name => state[name] }, el });
            document.body.prepend(places[0]);
            await new Promise(done => setTimeout(done, 300));
            return places.map(el => el.querySelector("canvas").toDataURL());
        }""",
        playground_state(TITLE, controls=["layers"]),
    )
    assert early == late


def test_a_widget_that_is_taken_away_stops(opened, site):
    page = opened().page
    left = page.evaluate(
        """async state => {
            const { default: widget } = await import("./_static/playground.js");
            const el = document.createElement("div");
            document.body.prepend(el);
            const end = widget.render({ model: { get: name => state[name] }, el });
            [...el.querySelectorAll("button")].find(b => b.textContent === "Play").click();
            const count = () => el.querySelector(".course-count").textContent;
            await new Promise(done => setTimeout(done, 100));
            end();
            const stood = count();
            await new Promise(done => setTimeout(done, 200));
            return [stood, count()];
        }""",
        playground_state(TITLE, {"seed": 3}, ["layers"]),
    )
    assert left[0] == left[1] != "0 updates"
