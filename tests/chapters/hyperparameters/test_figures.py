import matplotlib.pyplot as plt
import numpy as np

from chapters.hyperparameters import figures
from lib.plotting.style import PART_COLORS
from tests.drawn import drawn_with, texts, xy


def test_initial_losses_are_dots_per_seed_around_their_mean(ax):
    losses = np.array([[2.0, 4.0], [3.0, 8.0]])
    figures.plot_initial_loss(ax, [1, 8], losses, expected=2.3)
    assert [xy(line) for line in drawn_with(ax, "o")] == [([1, 8], [2, 4]), ([1, 8], [3, 8])]
    assert ([1, 8], [2.5, 6]) in [xy(line) for line in ax.lines]
    assert [list(line.get_ydata()) for line in ax.lines if line.get_linestyle() == "--"] == [
        [2.3, 2.3]
    ]
    assert texts(ax) == ["log C = 2.30"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "8"]


def test_losses_are_dots_and_their_average_a_line_of_the_same_color(ax):
    figures.plot_losses(ax, {"a": np.array([2.0, 1.0, 3.0]), "b": np.ones(3)}, window=2)
    assert xy(ax.lines[0]) == ([1, 2, 3], [2, 1, 3])
    assert xy(ax.lines[1]) == ([1, 2, 3], [2, 1.5, 2])
    assert [line.get_label() for line in (ax.lines[1], ax.lines[3])] == ["a", "b"]
    colors = [line.get_color() for line in ax.lines]
    assert colors[0] == colors[1] != colors[2] == colors[3]
    assert ax.get_ylim() == (0, 4)


def test_losses_that_exploded_stay_at_the_top(ax):
    figures.plot_losses(ax, {"a": np.array([1.0, 1e9, np.inf, np.nan])}, window=1, top=5)
    dots = ax.lines[0].get_ydata()
    assert dots[0] == 1
    assert np.isfinite(dots).all()
    assert ((dots[1:] > 4.5) & (dots[1:] < 5)).all()


def test_scores_are_written_into_their_cells_and_the_best_stands_out(ax):
    scores = np.array([[10.0, np.nan, 30.4], [50.0, 90.0, 70.0]])
    figures.plot_scores(ax, scores, ["u", "v"], ["a", "b", "c"])
    assert texts(ax) == ["10.0", "failed", "30.4", "50.0", "90.0", "70.0"]
    assert [t.get_text() for t in ax.texts if t.get_weight() == "bold"] == ["90.0"]
    assert ax.texts[4].get_position() == (1, 1)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b", "c"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["u", "v"]


def test_dark_cells_have_white_figures(ax):
    figures.plot_scores(ax, np.array([[10.0, 90.0]]), ["u"], ["a", "b"])
    assert [t.get_color() == "white" for t in ax.texts] == [False, True]


def test_short_and_long_curves_are_named_apart_from_each_other(ax):
    curves = np.array([[10.0, 80.0], [20.0, 81.0], [30.0, 40.0]])
    figures.plot_short_and_long(ax, ["a", "b", "c"], [1, 10], curves)
    assert [xy(line) for line in ax.lines] == [([1, 10], list(curve)) for curve in curves]
    assert texts(ax) == ["a", "b", "c"]
    assert [t.get_color() for t in ax.texts] == [line.get_color() for line in ax.lines]
    heights = [t.xyann[1] for t in ax.texts]
    assert heights[0] == 80
    assert heights[1] - heights[0] >= 4
    assert heights[2] == 40


def test_names_of_curves_that_end_close_together_stay_inside_the_axes(ax):
    curves = np.array([[9.0, 10.0], [9.5, 10.1], [9.2, 10.2], [9.1, 10.3]])
    figures.plot_short_and_long(ax, ["a", "b", "c", "d"], [0, 2], curves)
    low, high = ax.get_ylim()
    assert all(low < t.xyann[1] < high for t in ax.texts)


def test_a_frame_of_curves_shows_losses_and_accuracies():
    accuracies = {"train": np.array([10.0, 99.0]), "validation": np.array([10.0, 70.0])}
    made = figures.curves_figure(
        np.array([2.0, 1.0]), [0, 2], accuracies, window=2, title="rate 0.1"
    )
    left, right = made.axes
    assert made.get_suptitle() == "rate 0.1"
    assert xy(left.lines[0]) == ([1, 2], [2, 1])
    assert xy(left.lines[1]) == ([1, 2], [2, 1.5])
    assert [xy(line) for line in right.lines] == [([0, 2], [10, 99]), ([0, 2], [10, 70])]
    assert [line.get_color() for line in right.lines] == [
        PART_COLORS["train"],
        PART_COLORS["validation"],
    ]
    plt.close(made)


def test_what_lies_off_the_scale_says_so(ax):
    figures.plot_losses(ax, {"a": np.array([1.0, np.nan]), "b": np.ones(2)}, window=1, top=5)
    assert texts(ax) == ["↑ off the scale"]
