import math

import pytest

from lib import plotting
from lib.intervals import t_interval

VALUES = {"low": [0.0, 1.0, 2.0], "high": [5.0, 6.0, 7.0], "middle": [3.0, 3.0, 3.3]}


def labels(ax):
    return [text.get_text() for text in ax.get_yticklabels()][::-1]


def test_rows_are_sorted_with_the_best_on_top():
    _, ax = plotting.figure()
    assert labels(plotting.plot_intervals(ax, VALUES)) == ["high", "middle", "low"]


def test_a_row_without_a_number_is_last_and_equals_keep_their_order():
    _, ax = plotting.figure()
    rows = {"none": [math.nan], "first": [1.0], "best": [2.0], "second": [1.0]}
    assert labels(plotting.plot_intervals(ax, rows)) == ["best", "first", "second", "none"]


def test_rows_keep_their_order_where_asked():
    _, ax = plotting.figure()
    assert labels(plotting.plot_intervals(ax, VALUES, sort=False)) == list(VALUES)


def test_the_bar_is_the_interval():
    _, ax = plotting.figure()
    plotting.plot_intervals(ax, {"low": VALUES["low"]}, reference=None)
    assert ax.lines[0].get_xdata() == pytest.approx(t_interval(VALUES["low"])[1:])


def test_one_seed_has_no_interval_and_still_shows():
    _, ax = plotting.figure()
    plotting.plot_intervals(ax, {"once": [4.0]}, reference=None)
    assert [list(line.get_xdata()) for line in ax.lines] == [[4.0], [4.0]]


def test_the_dots_leave_the_bar_free():
    _, ax = plotting.figure()
    plotting.plot_intervals(ax, {"low": VALUES["low"]}, reference=None)
    bar, dots, mean = ax.lines
    assert set(bar.get_ydata()) == set(mean.get_ydata()) == {0}
    assert max(dots.get_ydata()) < 0
