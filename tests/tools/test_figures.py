import base64
import io
import re

import nbformat
import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.colors import to_hex
from PIL import Image

from lib import plotting
from lib.plotting import style
from tests.lib.plotting.test_style import contrast
from tools.chapters import CourseError
from tools.figures import DARK, EXTRA, PAPER, SVG, place_figures, themed

LINES = {
    name: color
    for name, color in vars(style).items()
    if name.isupper() and isinstance(color, str) and color.startswith("#")
    if name not in {"PAPER", "GRID", "BLUE_AREA", "ORANGE_AREA", "ON_LIGHT"}
}


def draw(paint):
    """The SVG of a figure in the course's style."""
    with rc_context():
        plotting.use_style()
        figure, ax = plotting.figure(height=2)
        paint(ax)
        drawing = io.StringIO()
        figure.savefig(drawing, format="svg", metadata={"Date": None})
    return drawing.getvalue()


def colors(drawing):
    return set(re.findall(r"#[0-9a-fA-F]{6}\b", drawing))


def pictures(drawing):
    found = re.findall(r"data:image/(\w+);base64,([A-Za-z0-9+/=]+)", drawing)
    return [(kind, Image.open(io.BytesIO(base64.b64decode(data)))) for kind, data in found]


def notebook(drawing, alt="A line."):
    cell = nbformat.v4.new_code_cell("fig", metadata={"mystnb": {"image": {"alt": alt}}})
    cell.outputs = [nbformat.v4.new_output("execute_result", data={SVG: drawing}, metadata={})]
    return nbformat.v4.new_notebook(cells=[cell])


def test_lines_paper_and_letters_take_the_dark_pages_colors():
    def paint(ax):
        ax.plot([0, 1], color=style.BLUE)
        ax.set_title("a line")

    versions = themed(draw(paint))
    assert style.BLUE.lower() in colors(versions["light"])
    assert DARK[style.BLUE] not in colors(versions["light"])
    for theme in ("light", "dark"):
        assert PAPER[theme] in colors(versions[theme])
        assert style.PAPER.lower() not in colors(versions[theme])
    seen = colors(versions["dark"])
    assert {DARK[style.BLUE], DARK[style.INK], DARK[style.GRID]} <= seen
    assert not {color.lower() for color in DARK} & seen


@pytest.mark.parametrize("name", LINES)
def test_each_color_of_the_course_is_seen_on_both_pages(name):
    assert contrast(DARK[LINES[name]], PAPER["dark"]) >= 4.5
    assert contrast(LINES[name], PAPER["light"]) >= 2


def test_the_dark_colors_are_told_apart_as_the_light_ones_are():
    names = list(LINES.values())
    light, dark = (np.array([list(bytes.fromhex(c[1:])) for c in colors]) for colors in
                   (names, [DARK[color] for color in names]))  # fmt: skip
    apart = [np.abs(found[:, None] - found).sum(-1)[np.triu_indices(len(names), 1)].min()
             for found in (light.astype(int), dark.astype(int))]  # fmt: skip
    assert apart[1] >= 0.7 * apart[0] > 0


def test_what_is_drawn_on_a_filled_cell_or_a_picture_stays():
    def paint(ax):
        ax.imshow(np.eye(2))
        ax.text(0, 0, "dark", color=style.ON_LIGHT)
        ax.text(1, 0, "light", color=style.ON_DARK)

    dark = colors(themed(draw(paint))["dark"])
    assert {to_hex(style.ON_LIGHT), to_hex(style.ON_DARK)} <= dark


def test_a_chart_in_a_picture_keeps_every_pixel():
    checkers = np.indices((8, 8)).sum(axis=0) % 2
    drawing = draw(lambda ax: ax.imshow(checkers, cmap="gray", interpolation="nearest"))
    ((kind, before),) = pictures(drawing.replace("\n", ""))
    for version in themed(drawing).values():
        ((now, after),) = pictures(version)
        assert (kind, now) == ("png", "webp")
        assert np.array_equal(np.asarray(before.convert("RGB")), np.asarray(after.convert("RGB")))


def test_a_photograph_gets_smaller_and_hardly_differs():
    waves = np.sin(np.linspace(0, 6, 200))[:, None, None] * np.ones((200, 200, 3)) / 2 + 0.5
    photo = np.clip(waves + np.random.default_rng(0).normal(0, 0.02, waves.shape), 0, 1)
    drawing = draw(lambda ax: ax.imshow(photo))
    version = themed(drawing)["dark"]
    assert len(version) < len(drawing) / 3
    before, after = (np.asarray(pictures(d.replace("\n", ""))[0][1].convert("RGB")).astype(int)
                     for d in (drawing, version))  # fmt: skip
    assert np.abs(before - after).mean() < 6


def test_a_notebooks_figure_becomes_an_image_for_each_theme():
    book = notebook(draw(lambda ax: ax.plot([0, 1])), alt='A "straight" line.')
    files = place_figures(book, "00_recap")
    html = book.cells[0].outputs[0].data["text/html"]
    assert SVG not in book.cells[0].outputs[0].data
    assert len(files) == html.count("<img ") == html.count('loading="lazy"') == 2
    assert html.count('alt="A &quot;straight&quot; line."') == 2
    for path in files:
        assert f'src="../{path.removeprefix(EXTRA + "/")}"' in html
    assert 'width="389" height="144"' in html


def test_a_figure_without_words_is_refused():
    with pytest.raises(CourseError, match="00_recap: a figure's cell has no alt text:\nfig"):
        place_figures(notebook(draw(lambda ax: ax.plot([0, 1])), alt=""), "00_recap")


def test_what_is_no_drawing_of_ours_is_named():
    with pytest.raises(CourseError, match="expected an SVG file by matplotlib; got '<svg>'"):
        place_figures(notebook("<svg>"), "00_recap")
