"""How well networks do on short and on long sentences."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lib.plotting.style import TRANSLATOR_COLORS


def plot_by_length(
    ax: Axes, lengths: Sequence[float], values: dict[str, object], *, xlabel: str, ylabel: str
) -> Axes:
    """Draw a value of each network against sentence length, with the spread over seeds.

    Args:
        lengths: sentence lengths in words, or another measure.
        values: for each key of `TRANSLATOR_COLORS` (seeds, lengths).
    """
    for name, of_seeds in values.items():
        table, color = np.asarray(of_seeds), TRANSLATOR_COLORS[name]
        ax.fill_between(lengths, table.min(0), table.max(0), color=color, alpha=0.2, lw=0)
        ax.plot(lengths, table.mean(0), "o-", color=color, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 103))
    ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return ax
