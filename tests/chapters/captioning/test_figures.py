import numpy as np
import pytest
import torch

from chapters.captioning import figures
from lib import plotting

IMAGE = torch.linspace(0, 1, 3 * 12 * 12).view(3, 12, 12)
WEIGHTS = torch.tensor([[0.1, 0.2, 0.3, 0.4], [1.0, 0.0, 0.0, 0.0]])


def test_a_caption_stands_below_its_picture_in_short_lines():
    _, ax = plotting.figure()
    figures.plot_caption(ax, IMAGE, "a large red ring left of a small blue star", width=20)
    lines = ax.get_xlabel().split("\n")
    assert " ".join(lines) == "a large red ring left of a small blue star"
    assert max(map(len, lines)) <= 20


def test_a_grid_has_a_line_between_its_places():
    _, ax = plotting.figure()
    figures.plot_grid(ax, IMAGE, 2, 3)
    assert len(ax.lines) == 1 + 2


def test_places_are_dark_where_it_did_not_look():
    _, ax = plotting.figure()
    figures.plot_veiled(ax, IMAGE, WEIGHTS[0], 2, title="ring")
    veil = np.asarray(ax.images[-1].get_array())[..., 3]
    np.testing.assert_allclose(veil, 0.72 * (1 - WEIGHTS[0].view(2, 2).numpy() / 0.4), atol=1e-6)
    assert ax.get_title(loc="left") == "ring"


def test_each_word_has_a_picture_and_axes_left_over_are_empty():
    _, axes = plotting.figure(1, 3)
    figures.plot_word_maps(list(axes), IMAGE, ["a", "ring"], WEIGHTS, 2)
    assert [ax.get_title(loc="left") for ax in axes] == ["a", "ring", ""]
    assert [bool(ax.images) for ax in axes] == [True, True, False]


def test_kinds_of_words_have_a_dot_for_each_network_at_its_mean():
    _, ax = plotting.figure()
    values = {
        name: {"color": [80 + k, 90 + k], "shape": [50 + k, 60 + k]}
        for k, name in enumerate(plotting.TRANSLATOR_COLORS)
    }
    figures.plot_kinds(ax, values, {"color": 10.0, "shape": 15.0})
    dots = [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o"]
    assert dots == [85, 55, 86, 56]
    assert ax.collections[0].get_offsets().tolist() == [[10, 0], [15, 1]]
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == [*values, "without a picture"]


@pytest.mark.parametrize("caption", ["a ring on sand", "a large striped red ring " * 3])
def test_frames_of_places_have_one_size_and_say_what_was_written(caption):
    made = figures.placed_figure(IMAGE, caption, told="mirrored", weights=WEIGHTS[0], rows=2)
    assert tuple(made.get_size_inches()) == (5.4, 3.5)
    texts = [text.get_text().replace("\n", " ") for text in made.texts]
    assert texts == ["mirrored", caption.strip()]


def test_shares_have_a_row_each_and_a_line_for_even_weights():
    _, ax = plotting.figure()
    figures.plot_inside(ax, {"color": [50, 52, 54], "shape": [60, 61, 62]}, even=7)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["shape", "color"]
    assert any(list(line.get_xdata()) == [7, 7] for line in ax.lines)


def test_baselines_are_marked_in_the_row_of_their_kind():
    _, ax = plotting.figure()
    others = {"blind": {"color": 10, "shape": 20}, "another": {"color": 3, "shape": 4}}
    figures.plot_inside(ax, {"color": [50], "shape": [60]}, even=7, others=others)
    marks = [points.get_offsets().tolist() for points in ax.collections]
    assert marks == [[[10, 1], [20, 0]], [[3, 1], [4, 0]]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(others)
