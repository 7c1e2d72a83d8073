import inspect

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from chapters.hyperparameters import search_figures
from lib.intervals import t_interval
from lib.plotting.style import BLUE, GRAY, PART_COLORS
from tests.drawn import drawn_with, xy


def hill(x, y):
    """100% at x = 0.5, and less the farther from it; y does not matter."""
    return 100 - 100 * np.abs(x - 0.5) + 0 * y


POINTS = np.array([[0.1, 0.2], [0.5, 0.9], [0.1, 0.7], [0.9, 0.4]])


@pytest.mark.parametrize("shown", [1, 3, 4])
def test_a_frame_of_a_search_marks_the_trials_so_far_and_the_best(shown):
    made = search_figures.search_figure(hill, POINTS, shown=shown, title=f"{shown} trials")
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
    assert "kind" not in inspect.signature(search_figures.search_figure).parameters


def test_a_search_is_described_in_words():
    assert search_figures.describe_search(hill, POINTS, shown=3, kind="random") == (
        "3 trials of a random search on a colored surface of scores, at 2 different values of the "
        "first hyperparameter. The best score so far is 100%."
    )


def test_one_trial_is_described_in_the_singular():
    text = search_figures.describe_search(hill, POINTS, shown=1, kind="grid")
    assert "1 trial of a grid search" in text
    assert "1 different value of" in text
    assert "60%" in text


def test_the_best_so_far_is_a_mean_with_its_interval(ax):
    best = {"grid": np.array([[1.0, 4], [2, 5], [6, 6]]), "random": np.full((3, 2), 7.0)}
    search_figures.plot_best_so_far(ax, best)
    assert [xy(line) for line in ax.lines] == [([1, 2], [3, 5]), ([1, 2], [7, 7])]
    assert [line.get_label() for line in ax.lines] == ["grid", "random"]
    assert [line.get_color() for line in ax.lines] == list(search_figures.SEARCH_COLORS.values())
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    ends = [t_interval(column) for column in best["grid"].T.tolist()]
    assert heights.min() == pytest.approx(min(low for _, low, _ in ends))
    assert heights.max() == pytest.approx(max(high for _, _, high in ends))


def test_the_chance_of_the_top_is_a_formula_and_dots_for_each_kind_of_hit(ax):
    measured = {"drawn": [6.0, 93.6], "picked": [5.0, 40.0]}
    search_figures.plot_chance_of_top(ax, [1, 60], np.array([5.0, 95.0]), measured)
    assert [xy(line) for line in ax.lines] == [
        ([1, 60], [5, 95]), ([1, 60], [6, 93.6]), ([1, 60], [5, 40])
    ]  # fmt: skip
    assert [line.get_linestyle() for line in ax.lines] == ["--", "None", "None"]
    assert [line.get_label() for line in ax.lines[1:]] == ["drawn", "picked"]


def test_a_response_is_a_dot_per_trial_colored_by_weight_decay(ax):
    search_figures.plot_response(
        ax, np.array([0.01, 0.1]), np.array([1e-4, 1e-2]), np.array([80.0, 20.0])
    )
    (dots,) = ax.collections
    assert dots.get_offsets().tolist() == [[0.01, 80], [0.1, 20]]
    assert dots.get_array().tolist() == [1e-4, 1e-2]
    assert ax.get_xscale() == "log"


def test_the_winner_is_drawn_on_the_part_that_chose_it_and_on_test_data(ax):
    scores = {"validation": np.array([[1.0, 4], [2, 5], [6, 6]]), "test": np.full((3, 2), 7.0)}
    search_figures.plot_winner(ax, [1, 100], scores)
    assert [xy(line) for line in ax.lines] == [([1, 100], [3, 5]), ([1, 100], [7, 7])]
    assert [line.get_color() for line in ax.lines] == [PART_COLORS[name] for name in scores]
    assert len(ax.collections) == 2
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "100"]


def test_trials_that_were_stopped_early_are_gray(ax):
    trials = [{10: 20.0}, {40: 90.0, 10: 50.0}, {10: 30.0}]
    search_figures.plot_halving(ax, trials)
    shown = {to_hex(line.get_color()): [] for line in ax.lines}
    for line in ax.lines:
        shown[to_hex(line.get_color())].append(xy(line))
    assert shown == {
        to_hex(GRAY): [([10], [20]), ([10], [30])],
        to_hex(BLUE): [([10, 40], [50, 90])],
    }
    assert [t.get_text() for t in ax.get_xticklabels()] == ["10", "40"]
