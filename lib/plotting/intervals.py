"""Measured values with their intervals, one row for each thing compared."""

import math
import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from lib.intervals import FEWEST, t_interval
from lib.plotting.style import BLUE, GRAY

DOTS_BELOW = 0.2  # rows


def plot_intervals(
    ax: Axes,
    values: Mapping[str, Sequence[float]],
    *,
    colors: Mapping[str, str] | None = None,
    reference: float | None = 0.0,
    sort: bool = True,
) -> Axes:
    """Draw each row's mean and its 95% interval, with a small dot per seed below, best on top.

    With fewer than three seeds no interval is drawn.

    Args:
        values: for each row's label, one number per seed.
        colors: the rows' colors; rows not in it are blue.
        reference: position of a vertical line; None draws none.
        sort: whether to sort by the mean, NaN last; False keeps the order, first on top.
    """
    means = {label: statistics.fmean(seen) for label, seen in values.items()}
    order = list(means)
    if sort:
        order.sort(key=lambda label: (math.isnan(means[label]), -means[label]))
    if reference is not None:
        ax.axvline(reference, color=GRAY, lw=1)
    for y, label in enumerate(reversed(order)):
        color = (colors or {}).get(label, BLUE)
        if len(values[label]) >= FEWEST:
            _, low, high = t_interval(values[label])
            ax.plot([low, high], [y, y], color=color, lw=2.2, solid_capstyle="butt")
        below = [y - DOTS_BELOW] * len(values[label])
        ax.plot(values[label], below, "o", color=color, ms=3.2, mew=0, alpha=0.7)
        ax.plot(means[label], y, "o", color=color, ms=6)
    ax.set_yticks(range(len(order)), order[::-1])
    ax.set_ylim(-0.6, len(order) - 0.4)
    ax.grid(axis="y", visible=False)
    return ax
