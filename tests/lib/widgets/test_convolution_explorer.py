"""What the explorer draws in a browser, without a kernel, against what torch computes."""

import itertools
import re
from collections.abc import Callable, Iterator

import pytest
import torch
from playwright.sync_api import Locator, expect
from torch import nn
from torch.nn.functional import conv2d, pad
from traitlets import TraitError

from lib.widgets import ConvolutionExplorer

STATE = [
    "title", "question", "limits", "row", "column",
    "size", "filter", "stride", "padding", "channels", "filters",
]  # fmt: skip
# A model per explorer, which the tests can reach, and its view.
SHOW = """async ([code, states]) => {
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const { default: widget } = await import(url);
    window.models = states.map((values) => {
        const calls = [];
        const on = (names, call) => calls.push([names.split(" "), call]);
        const get = (name) => values[name];
        const set = (name, value) => {
            if (values[name] === value) return;
            values[name] = value;
            calls.forEach(([names, call]) => names.includes(`change:${name}`) && call());
        };
        return { get, set, on, off() {}, save_changes() {} };
    });
    for (const model of models) {
        const el = document.body.appendChild(document.createElement("div"));
        widget.render({ model, el });
    }
}"""
SET = "changes => Object.entries(changes).forEach(([name, value]) => models[0].set(name, value))"
# The cells of a drawing whose centers lie in the window.
WINDOW = """svg => {
    const window = svg.querySelector(".course-window").getBoundingClientRect();
    const { left, top, width } = svg.getBoundingClientRect();
    const side = svg.viewBox.baseVal.width;
    const cell = width / side;
    const isIn = (at, from, to) => from < (at + 0.5) * cell && (at + 0.5) * cell < to;
    return [...Array(side ** 2).keys()].filter((i) =>
        isIn(Math.floor(i / side), window.top - top, window.bottom - top) &&
        isIn(i % side, window.left - left, window.right - left));
}"""
# The cells whose centers are marked as never reached.
MISSED = """svg => {
    const side = svg.viewBox.baseVal.width;
    const isMarked = (x, y) =>
        svg.querySelector(".course-missed").isPointInFill(new DOMPoint(x + 0.5, y + 0.5));
    return [...Array(side ** 2).keys()].filter((i) => isMarked(i % side, Math.floor(i / side)));
}"""
TOO_SMALL = """card => [...card.querySelectorAll("button, input, [role=slider]")]
    .filter(node => node.checkVisibility())
    .map(node => [node.outerHTML, node.getBoundingClientRect()])
    .filter(([, { width, height }]) => Math.min(width, height) < 24)"""
Shape = tuple[int, int, int, int]  # size, filter, stride, padding


@pytest.fixture
def show(browser) -> Iterator[Callable[..., Locator]]:
    """Draws explorers on one page and gives the first card; a console error fails the test."""
    contexts, problems = [], []

    def draw(*explorers: ConvolutionExplorer, width: int = 1000, motion: str = "reduce") -> Locator:
        viewport = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=viewport, reduced_motion=motion))
        page = contexts[-1].new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.set_content(f"<!doctype html><html lang=en><style>{explorers[0]._css}</style><body>")
        states = [explorer.get_state(STATE) for explorer in explorers]
        page.evaluate(SHOW, [explorers[0]._esm, states])
        return page.locator(".course-convolution").first

    yield draw
    for context in contexts:
        context.close()
    assert problems == []


def put(card: Locator, **changes: int) -> None:
    """Change settings as a kernel would."""
    card.page.evaluate(SET, changes)


def put_shape(card: Locator, shape: Shape) -> None:
    put(card, **dict(zip(("size", "filter", "stride", "padding"), shape, strict=True)))


def costs(card: Locator) -> list[str]:
    """What is told of input, output, weights and multiplications."""
    return card.locator(".course-costs b").all_inner_texts()


def numbers(grid: Locator) -> torch.Tensor:
    """The numbers drawn in the cells of a square grid."""
    texts = grid.locator("text").evaluate_all("nodes => nodes.map(node => node.textContent)")
    values = torch.tensor([float(text.replace("−", "-")) for text in texts])
    side = round(len(texts) ** 0.5)
    return values.reshape(side, side)


def reached(shape: Shape, *place: int) -> set[int]:
    """The cells of the padded picture with a gradient from the output at a place, or from all."""
    size, filter, stride, padding = shape
    padded = torch.zeros(1, 1, *[size + 2 * padding] * 2, requires_grad=True)
    output = conv2d(padded, torch.ones(1, 1, filter, filter), stride=stride)[0, 0]
    output[place].sum().backward()
    return set(padded.grad.flatten().nonzero().flatten().tolist())


def output_of(card: Locator) -> Locator:
    return card.get_by_role("slider")


def place_of(card: Locator) -> tuple[int, int]:
    """The row and column, from 0, of the chosen output."""
    row, column = re.findall(r"\d+", output_of(card).get_attribute("aria-valuetext"))[:2]
    return int(row) - 1, int(column) - 1


def test_the_output_has_the_shape_that_torch_gives(show):
    card = show(ConvolutionExplorer())
    for shape in itertools.product((3, 7, 8, 32), (1, 2, 3, 5, 11), (1, 2, 3, 4), (0, 1, 3)):
        put_shape(card, shape)
        size, filter, stride, padding = shape
        images, weights = torch.zeros(1, 3, size, size), torch.zeros(6, 3, filter, filter)
        fits = filter <= size + 2 * padding
        expected = "none"
        if fits:
            output = conv2d(images, weights, stride=stride, padding=padding)
            expected = " × ".join(map(str, output.shape[1:]))
            expect(card.locator(".course-formula b")).to_have_text(f"= {output.shape[-1]}")
        assert costs(card)[:2] == [f"3 × {size} × {size}", expected], shape
        assert output_of(card).is_visible() is fits


@pytest.mark.parametrize(("channels", "filters", "size"), [(1, 1, 3), (3, 6, 5), (16, 4, 7)])
def test_weights_and_multiplications_are_those_of_a_layer(show, channels, filters, size):
    layer = nn.Conv2d(channels, filters, 3, stride=2, padding=1)
    parameters = sum(parameter.numel() for parameter in layer.parameters())
    output = layer(torch.zeros(1, channels, size, size))
    products = sum(
        layer.weight[k].numel() for k, _, _ in itertools.product(*map(range, output[0].shape))
    )
    settings = {"channels": channels, "filters": filters, "size": size}
    card = show(ConvolutionExplorer(**settings, filter=3, stride=2, padding=1))
    assert costs(card)[2:] == [f"{parameters:,}", f"{products:,}"]


@pytest.mark.parametrize("shape", [(7, 3, 1, 0), (7, 3, 2, 1), (12, 5, 3, 2), (9, 1, 2, 1)])
def test_the_window_covers_the_cells_that_the_output_depends_on(show, shape):
    card = show(ConvolutionExplorer())
    put_shape(card, shape)
    picture = card.get_by_role("img")
    last = int(card.locator(".course-formula b").inner_text().removeprefix("= ")) - 1
    for row, column in {(0, 0), (0, last), (1, 2), (last, last)}:
        put(card, row=row, column=column)
        assert set(picture.evaluate(WINDOW)) == reached(shape, row, column)


@pytest.mark.parametrize(
    "shape", [(7, 3, 1, 0), (7, 3, 3, 0), (8, 3, 2, 1), (8, 3, 3, 1), (9, 1, 3, 2), (10, 2, 4, 0)]
)
def test_what_no_output_depends_on_is_marked_and_counted(show, shape):
    card = show(ConvolutionExplorer())
    put_shape(card, shape)
    size, _, _, padding = shape
    span = size + 2 * padding
    missed = set(range(span**2)) - reached(shape)
    assert set(card.get_by_role("img").evaluate(MISSED)) == missed
    diagonal = [at for at in range(padding, padding + size) if at * span + at in missed]
    told = card.locator(".course-fit")
    if diagonal:
        expect(told).to_contain_text(f"never reaches {len(diagonal)} of the picture’s {size} col")
    else:
        expect(told).to_contain_text("nothing of the picture is lost" if missed else "It fits")


def test_a_filter_larger_than_the_padded_picture_is_said_not_to_fit(show):
    card = show(ConvolutionExplorer(size=5, filter=8, padding=1))
    told = card.locator(".course-fit")
    expect(told).to_have_text(
        "The filter does not fit: it is 8 wide, the padded picture only 7. There is no output."
    )
    expect(card.get_by_text("no output", exact=True)).to_be_visible()
    assert not card.get_by_role("button", name="Play").is_visible()
    assert costs(card)[1::2] == ["none", "0"]


@pytest.mark.parametrize("shape", [(7, 3, 1, 0), (7, 3, 2, 1), (8, 4, 2, 2), (12, 5, 3, 0)])
def test_the_numbers_of_the_output_are_those_of_torch(show, shape):
    card = show(ConvolutionExplorer())
    put_shape(card, shape)
    _, _, stride, padding = shape
    picture, weights, output = (
        numbers(card.locator(f".course-{name}")) for name in ("input", "filter", "output")
    )
    assert output.unique().numel() > 2
    assert torch.equal(
        output, conv2d(picture[None, None], weights[None, None], stride=stride)[0, 0]
    )
    rim = pad(torch.ones_like(picture)[2 * padding :, 2 * padding :], [padding] * 4) == 0
    assert not picture[rim].any()


def test_the_sum_is_written_out_for_the_chosen_output(show):
    card = show(ConvolutionExplorer(filter=3, padding=1))
    output = numbers(card.locator(".course-output"))
    for row, column in [(0, 0), (2, 1), (6, 6)]:
        put(card, row=row, column=column)
        terms = card.locator(".course-terms span").all_inner_texts()
        pairs = [re.findall(r"−?\d+", term.replace("+", "")) for term in terms]
        products = [int(a) * int(b.replace("−", "-")) for a, b in pairs]
        assert len(products) == 9
        total = card.locator(".course-total b").inner_text()
        assert int(total.replace("−", "-")) == sum(products) == output[row, column]


def test_numbers_are_shown_where_there_is_room(show):
    card = show(ConvolutionExplorer(size=12))
    expect(card.locator(".course-sum")).to_be_visible()
    put(card, padding=1)
    expect(card.locator(".course-sum")).to_be_hidden()
    expect(card.locator("text")).to_have_count(0)


@pytest.mark.parametrize(
    ("example", "output"),
    [
        ("Six 5 × 5 filters", "6 × 28 × 28"),
        ("Same size", "8 × 10 × 10"),
        ("Half the size", "8 × 5 × 5"),
        ("Uneven stride", "8 × 2 × 2"),
        ("AlexNet’s first", "96 × 55 × 55"),
    ],
)
def test_an_example_sets_the_settings_and_is_marked(show, example, output):
    card = show(ConvolutionExplorer(size=10, filters=8, filter=2))
    expect(card.locator("[aria-pressed=true]")).to_have_count(0)
    button = card.get_by_role("button", name=example)
    button.press("Enter")
    assert costs(card)[1] == output
    expect(button).to_have_attribute("aria-pressed", "true")
    card.get_by_role("button", name="Raise Padding P").click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_keys_move_the_window_over_the_outputs_and_stop_at_their_edge(show):
    card = show(ConvolutionExplorer(size=5, filter=3))
    output = output_of(card)
    for key, place in [
        ("ArrowRight", (0, 1)), ("ArrowDown", (1, 1)), ("ArrowLeft", (1, 0)), ("ArrowLeft", (1, 0)),
        ("ArrowUp", (0, 0)), ("End", (2, 2)), ("ArrowDown", (2, 2)), ("Home", (0, 0)),
    ]:  # fmt: skip
        output.press(key)
        assert place_of(card) == place
        assert int(output.get_attribute("aria-valuenow")) == 3 * place[0] + place[1] + 1
        assert set(card.get_by_role("img").evaluate(WINDOW)) == reached((5, 3, 1, 0), *place)


@pytest.mark.parametrize("modifier", ["Alt", "Control", "Meta"])
def test_the_browsers_own_keys_do_not_move_the_window(show, modifier):
    card = show(ConvolutionExplorer(size=5, filter=3))
    output_of(card).press(f"{modifier}+ArrowRight")
    assert place_of(card) == (0, 0)


def test_keys_that_move_the_window_do_not_scroll_the_page(show):
    card = show(ConvolutionExplorer())
    card.page.add_style_tag(content="body { padding-bottom: 3000px }")
    output_of(card).focus()
    before = card.page.evaluate("scrollY")
    for key in ("ArrowDown", "End", "ArrowUp", "Home"):
        card.page.keyboard.press(key)
        card.page.wait_for_timeout(100)  # a scroll would glide
        assert card.page.evaluate("scrollY") == before


def test_the_mouse_moves_the_window_and_a_click_keeps_it_there(show):
    card = show(ConvolutionExplorer(size=5, filter=3))
    cells = card.locator(".course-output .course-cells")
    side = cells.bounding_box()["width"] / 3
    cells.hover(position={"x": 2.5 * side, "y": 0.5 * side})
    assert place_of(card) == (0, 2)
    card.locator(".course-title").hover()
    assert place_of(card) == (0, 0)
    cells.click(position={"x": 1.5 * side, "y": 2.5 * side})
    card.locator(".course-title").hover()
    assert place_of(card) == (2, 1)


def test_keys_move_the_window_away_from_a_resting_mouse(show):
    card = show(ConvolutionExplorer(size=5, filter=3))
    card.locator(".course-output .course-cells").hover()
    assert place_of(card) == (1, 1)
    output_of(card).press("ArrowRight")
    assert place_of(card) == (1, 2)


def test_a_typed_number_is_taken_within_its_limits(show):
    card = show(ConvolutionExplorer())
    field = card.get_by_label("Picture size N", exact=True)
    for typed, taken in [("12", "12"), ("9999", "227"), ("-1", "3"), ("8.6", "9"), ("", "9")]:
        field.fill(typed)
        field.press("Enter")
        expect(field).to_have_value(taken)
        assert costs(card)[0] == f"3 × {taken} × {taken}"


def test_the_buttons_step_and_stop_at_the_limits(show):
    card = show(ConvolutionExplorer(stride=3, channels=3))
    stride, channels = (card.get_by_label(name, exact=True) for name in ("Stride S", "Channels C"))
    button = card.get_by_role("button", name="Raise Stride S")
    for _ in range(2):
        button.press("Enter")
    expect(stride).to_have_value("4")
    expect(button).to_have_attribute("aria-disabled", "true")
    card.get_by_role("button", name="Raise Channels C").click()
    expect(channels).to_have_value("16")


def test_a_smaller_output_keeps_the_window_within_it(show):
    card = show(ConvolutionExplorer(size=7, filter=3))
    output_of(card).press("End")
    put(card, stride=2)
    assert place_of(card) == (2, 2)


def test_play_goes_over_all_outputs_and_starts_over(show):
    card = show(ConvolutionExplorer(size=3, filter=2))
    card.page.clock.install()
    card.get_by_role("button", name="Play").click()
    places = []
    for _ in range(3):
        card.page.clock.run_for(500)
        places.append(place_of(card))
    assert places == [(0, 1), (1, 0), (1, 1)]
    card.get_by_role("button", name="Play").click()
    assert place_of(card) == (0, 0)
    card.get_by_role("button", name="Pause").click()
    card.page.clock.run_for(5000)
    assert place_of(card) == (0, 0)


def test_play_stops_on_a_page_that_is_out_of_sight(show):
    card = show(ConvolutionExplorer())
    card.page.clock.install()
    card.get_by_role("button", name="Play").click()
    card.page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    card.page.clock.run_for(5000)
    expect(card.get_by_role("button", name="Play")).to_be_visible()
    assert place_of(card) == (0, 0)


@pytest.mark.parametrize(("motion", "glides"), [("reduce", False), ("no-preference", True)])
def test_the_window_glides_only_for_readers_who_like_motion(show, motion, glides):
    card = show(ConvolutionExplorer(), motion=motion)
    duration = card.locator("rect.course-window").evaluate(
        "e => getComputedStyle(e).transitionDuration"
    )
    assert (duration != "0s") is glides


def test_what_settings_lead_to_is_announced_once_and_moves_are_not(show):
    card = show(ConvolutionExplorer())
    status = card.get_by_role("status")
    card.get_by_role("button", name="Uneven stride").click()
    expect(status).to_have_text(
        "Output 6 × 2 × 2. The division leaves a remainder of 1. "
        "The window never reaches 1 of the picture’s 7 columns, and as many rows."
    )
    before = status.inner_text()
    output_of(card).press("ArrowRight")
    card.page.wait_for_timeout(600)
    assert status.inner_text() == before
    expect(card.get_by_role("img")).to_have_accessible_name(
        "Output in row 1, column 2: rows 1 to 3, columns 4 to 6 of the picture."
    )


def test_explorers_on_one_page_do_not_move_each_other(show):
    card = show(ConvolutionExplorer(), ConvolutionExplorer(size=9, question="Why <b>9</b>?"))
    other = card.page.locator(".course-convolution").last
    expect(other.locator(".course-question")).to_have_text("Why <b>9</b>?")
    expect(card.locator(".course-question")).to_be_hidden()
    put(card, size=8)
    assert [costs(one)[0] for one in (card, other)] == ["3 × 8 × 8", "3 × 9 × 9"]


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("shape", [(3, 3, 1, 0), (12, 11, 1, 0), (32, 5, 1, 3), (227, 11, 4, 0)])
def test_it_fits_the_page_and_its_targets_fit_a_finger(show, width, shape):
    card = show(ConvolutionExplorer(channels=512, filters=512), width=width)
    put_shape(card, shape)
    assert card.page.evaluate("document.documentElement.scrollWidth") <= width
    assert card.evaluate(TOO_SMALL) == []
    tops = [card.locator(f".course-{name}").bounding_box()["y"] for name in ("input", "output")]
    assert (tops[0] == tops[1]) is (width == 1000)


def test_on_paper_the_grids_stand_without_controls(show):
    card = show(ConvolutionExplorer())
    card.page.emulate_media(media="print")
    expect(card.locator("button:visible, input:visible")).to_have_count(0)
    for name in ("input", "output", "formula", "costs"):
        expect(card.locator(f".course-{name}")).to_be_visible()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"size": 2}, ValueError, "size must be from 3 to 227; got 2"),
        ({"filter": 0}, ValueError, "filter must be from 1 to 11; got 0"),
        ({"stride": 5}, ValueError, "stride must be from 1 to 4; got 5"),
        ({"padding": -1}, ValueError, "padding must be from 0 to 3; got -1"),
        ({"channels": 513}, ValueError, "channels must be from 1 to 512; got 513"),
        ({"filters": 1.5}, TypeError, "filters must be a whole number; got 1.5"),
        ({"stride": True}, TypeError, "stride must be a whole number; got True"),
        ({"title": " "}, ValueError, "title must be a text; got ' '"),
    ],
)
def test_what_cannot_be_used_is_named(settings, error, message):
    with pytest.raises(error, match=re.escape(message)):
        ConvolutionExplorer(**settings)


def test_a_setting_stays_within_its_limits_later_too():
    explorer = ConvolutionExplorer(size=227, filter=11)
    with pytest.raises(TraitError, match="size"):
        explorer.size = 228


def test_repr_tells_the_settings():
    assert repr(ConvolutionExplorer(title="How large?", size=torch.tensor(9).item())) == (
        "ConvolutionExplorer('How large?', size=9, filter=3, stride=1, padding=0, channels=3, "
        "filters=6)"
    )
