import inspect

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from lib import plotting
from lib.intervals import t_interval
from lib.plotting.style import BLUE, GRAY, PART_COLORS


@pytest.fixture
def ax():
    """Empty axes."""
    made, axes = plt.subplots()
    yield axes
    plt.close(made)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def xy(line):
    return list(line.get_xdata()), list(line.get_ydata())


def drawn_with(ax, marker):
    return [line for line in ax.lines if line.get_marker() == marker]


def hill(x, y):
    """100% at x = 0.5, and less the farther from it; y does not matter."""
    return 100 - 100 * np.abs(x - 0.5) + 0 * y


POINTS = np.array([[0.1, 0.2], [0.5, 0.9], [0.1, 0.7], [0.9, 0.4]])


def test_initial_losses_are_dots_per_seed_around_their_mean(ax):
    losses = np.array([[2.0, 4.0], [3.0, 8.0]])
    plotting.plot_initial_loss(ax, [1, 8], losses, expected=2.3)
    assert [xy(line) for line in drawn_with(ax, "o")] == [([1, 8], [2, 4]), ([1, 8], [3, 8])]
    assert ([1, 8], [2.5, 6]) in [xy(line) for line in ax.lines]
    assert [list(line.get_ydata()) for line in ax.lines if line.get_linestyle() == "--"] == [
        [2.3, 2.3]
    ]
    assert texts(ax) == ["log C = 2.30"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "8"]


def test_losses_are_dots_and_their_average_a_line_of_the_same_color(ax):
    plotting.plot_losses(ax, {"a": np.array([2.0, 1.0, 3.0]), "b": np.ones(3)}, window=2)
    assert xy(ax.lines[0]) == ([1, 2, 3], [2, 1, 3])
    assert xy(ax.lines[1]) == ([1, 2, 3], [2, 1.5, 2])
    assert [line.get_label() for line in (ax.lines[1], ax.lines[3])] == ["a", "b"]
    colors = [line.get_color() for line in ax.lines]
    assert colors[0] == colors[1] != colors[2] == colors[3]
    assert ax.get_ylim() == (0, 4)


def test_losses_that_exploded_stay_at_the_top(ax):
    plotting.plot_losses(ax, {"a": np.array([1.0, 1e9, np.inf, np.nan])}, window=1, top=5)
    dots = ax.lines[0].get_ydata()
    assert dots[0] == 1
    assert np.isfinite(dots).all()
    assert ((dots[1:] > 4.5) & (dots[1:] < 5)).all()


def test_scores_are_written_into_their_cells_and_the_best_stands_out(ax):
    scores = np.array([[10.0, np.nan, 30.4], [50.0, 90.0, 70.0]])
    plotting.plot_scores(ax, scores, ["u", "v"], ["a", "b", "c"])
    assert texts(ax) == ["10.0", "failed", "30.4", "50.0", "90.0", "70.0"]
    assert [t.get_text() for t in ax.texts if t.get_weight() == "bold"] == ["90.0"]
    assert ax.texts[4].get_position() == (1, 1)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b", "c"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["u", "v"]


def test_dark_cells_have_white_figures(ax):
    plotting.plot_scores(ax, np.array([[10.0, 90.0]]), ["u"], ["a", "b"])
    assert [t.get_color() == "white" for t in ax.texts] == [False, True]


def test_short_and_long_curves_are_named_apart_from_each_other(ax):
    curves = np.array([[10.0, 80.0], [20.0, 81.0], [30.0, 40.0]])
    plotting.plot_short_and_long(ax, ["a", "b", "c"], [1, 10], curves)
    assert [xy(line) for line in ax.lines] == [([1, 10], list(curve)) for curve in curves]
    assert texts(ax) == ["a", "b", "c"]
    assert [t.get_color() for t in ax.texts] == [line.get_color() for line in ax.lines]
    heights = [t.xyann[1] for t in ax.texts]
    assert heights[0] == 80
    assert heights[1] - heights[0] >= 4
    assert heights[2] == 40


def test_a_frame_of_curves_shows_losses_and_accuracies():
    accuracies = {"train": np.array([10.0, 99.0]), "validation": np.array([10.0, 70.0])}
    made = plotting.curves_figure(
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


@pytest.mark.parametrize("shown", [1, 3, 4])
def test_a_frame_of_a_search_marks_the_trials_so_far_and_the_best(shown):
    made = plotting.search_figure(hill, POINTS, shown=shown, title=f"{shown} trials")
    above, below = made.axes
    scores = drawn_with(above, "o")[0]
    trials, best = drawn_with(below, "o")
    assert above.get_title(loc="left") == f"{shown} trials"
    np.testing.assert_allclose(scores.get_ydata(), hill(*POINTS[:shown].T))
    np.testing.assert_allclose(np.transpose(xy(trials)), POINTS[:shown])
    assert xy(best) == (([0.5], [0.9]) if shown > 1 else ([0.1], [0.2]))
    columns = [line for line in below.lines if line.get_marker() in ("None", "", None)]
    assert len(columns) == len(np.unique(POINTS[:shown, 0]))
    plt.close(made)


def test_a_frame_of_a_search_does_not_ask_for_its_kind():
    assert "kind" not in inspect.signature(plotting.search_figure).parameters


def test_a_search_is_described_in_words():
    assert plotting.describe_search(hill, POINTS, shown=3, kind="random") == (
        "3 trials of a random search on a colored surface of scores, at 2 different values of the "
        "first hyperparameter. The best score so far is 100%."
    )


def test_one_trial_is_described_in_the_singular():
    text = plotting.describe_search(hill, POINTS, shown=1, kind="grid")
    assert "1 trial of a grid search" in text
    assert "1 different value of" in text
    assert "60%" in text


def test_the_best_so_far_is_a_mean_with_its_interval(ax):
    best = {"grid": np.array([[1.0, 4], [2, 5], [6, 6]]), "random": np.full((3, 2), 7.0)}
    plotting.plot_best_so_far(ax, best)
    assert [xy(line) for line in ax.lines] == [([1, 2], [3, 5]), ([1, 2], [7, 7])]
    assert [line.get_label() for line in ax.lines] == ["grid", "random"]
    assert [line.get_color() for line in ax.lines] == list(plotting.SEARCH_COLORS.values())
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    ends = [t_interval(column) for column in best["grid"].T.tolist()]
    assert heights.min() == pytest.approx(min(low for _, low, _ in ends))
    assert heights.max() == pytest.approx(max(high for _, _, high in ends))


def test_the_chance_of_the_top_is_a_formula_and_dots_for_each_kind_of_hit(ax):
    measured = {"drawn": [6.0, 93.6], "picked": [5.0, 40.0]}
    plotting.plot_chance_of_top(ax, [1, 60], np.array([5.0, 95.0]), measured)
    assert [xy(line) for line in ax.lines] == [
        ([1, 60], [5, 95]), ([1, 60], [6, 93.6]), ([1, 60], [5, 40])
    ]  # fmt: skip
    assert [line.get_linestyle() for line in ax.lines] == ["--", "None", "None"]
    assert [line.get_label() for line in ax.lines[1:]] == ["drawn", "picked"]


def test_a_response_is_a_dot_per_trial_colored_by_weight_decay(ax):
    plotting.plot_response(
        ax, np.array([0.01, 0.1]), np.array([1e-4, 1e-2]), np.array([80.0, 20.0])
    )
    (dots,) = ax.collections
    assert dots.get_offsets().tolist() == [[0.01, 80], [0.1, 20]]
    assert dots.get_array().tolist() == [1e-4, 1e-2]
    assert ax.get_xscale() == "log"


def test_what_lies_off_the_scale_says_so(ax):
    plotting.plot_losses(ax, {"a": np.array([1.0, np.nan]), "b": np.ones(2)}, window=1, top=5)
    assert texts(ax) == ["↑ off the scale"]


def test_the_winner_is_drawn_on_the_part_that_chose_it_and_on_test_data(ax):
    scores = {"validation": np.array([[1.0, 4], [2, 5], [6, 6]]), "test": np.full((3, 2), 7.0)}
    plotting.plot_winner(ax, [1, 100], scores)
    assert [xy(line) for line in ax.lines] == [([1, 100], [3, 5]), ([1, 100], [7, 7])]
    assert [line.get_color() for line in ax.lines] == [PART_COLORS[name] for name in scores]
    assert len(ax.collections) == 2
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "100"]


def test_trials_that_were_stopped_early_are_gray(ax):
    trials = [{10: 20.0}, {40: 90.0, 10: 50.0}, {10: 30.0}]
    plotting.plot_halving(ax, trials)
    shown = {to_hex(line.get_color()): [] for line in ax.lines}
    for line in ax.lines:
        shown[to_hex(line.get_color())].append(xy(line))
    assert shown == {
        to_hex(GRAY): [([10], [20]), ([10], [30])],
        to_hex(BLUE): [([10, 40], [50, 90])],
    }
    assert [t.get_text() for t in ax.get_xticklabels()] == ["10", "40"]
