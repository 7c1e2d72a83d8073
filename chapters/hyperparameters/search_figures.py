"""The figures of chapter 5 about searches: which trials were made, and what they found."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.intervals import t_interval
from lib.plotting.style import BLUE, GRAY, INK, ORANGE, PART_COLORS, SHARES, VERMILLION, figure

SEARCH_COLORS = {"grid": ORANGE, "random": BLUE}  # the same search has the same color everywhere


def search_figure(
    surface: Callable[[np.ndarray, np.ndarray], np.ndarray],
    points: np.ndarray,
    *,
    shown: int,
    title: str,
) -> Figure:
    """A frame of the explorer of searches: the first trials on a surface, and what they show of x.

    Args:
        surface: score in percent at (x, y), both in [0, 1].
        points: (trials, 2), in the order in which they are tried.
        shown: how many of them are drawn.
        title: states the setting, so that no two frames look alike.
    """
    margins = {"left": 0.13, "right": 0.98, "bottom": 0.12, "top": 0.91, "hspace": 0.12}
    made, (above, below) = figure(
        2, 1, height=5.0, margins=margins, sharex=True, gridspec_kw={"height_ratios": [1, 2.4]}
    )
    above.set_title(title)
    line = np.linspace(0, 1, 200)
    x, y = np.meshgrid(line, line)
    scores = surface(x, y)
    below.contourf(x, y, scores, levels=8, cmap=SHARES)
    above.plot(line, scores.max(axis=0), color=GRAY)
    tried = points[:shown]
    values, color = surface(tried[:, 0], tried[:, 1]), VERMILLION
    best = int(values.argmax())
    above.plot(tried[:, 0], values, "o", color=color, ms=6, mec="white", mew=0.8)
    below.plot(tried[:, 0], tried[:, 1], "o", color=color, ms=8, mec="white", mew=1.2)
    below.plot(*tried[best], "o", ms=16, mfc="none", mec=INK, mew=1.8)
    for column in np.unique(tried[:, 0].round(6)):
        below.axvline(column, color=INK, lw=0.7, alpha=0.5)
    above.set(ylim=(0, 105), ylabel="score (%)")
    below.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="first hyperparameter", ylabel="second hyperparameter"
    )
    return made


def describe_search(
    surface: Callable[[np.ndarray, np.ndarray], np.ndarray],
    points: np.ndarray,
    *,
    shown: int,
    kind: str,
) -> str:
    """What `search_figure` shows, in words."""
    tried = points[:shown]
    different = len(np.unique(tried[:, 0].round(6)))
    best = surface(tried[:, 0], tried[:, 1]).max()
    return (
        f"{shown} trial{'s' if shown > 1 else ''} of a {kind} search on a colored surface of "
        f"scores, at {different} different value{'s' if different > 1 else ''} of the first "
        f"hyperparameter. The best score so far is {best:.0f}%."
    )


def plot_best_so_far(ax: Axes, best: Mapping[str, np.ndarray]) -> Axes:
    """Draw the best score after each trial: the mean over repeats and its 95% interval.

    Args:
        best: "grid" and "random" to scores in percent, (repeats, trials).
    """
    for name, values in best.items():
        trials = np.arange(1, values.shape[1] + 1)
        mean, low, high = np.array([t_interval(column) for column in values.T.tolist()]).T
        ax.fill_between(trials, low, high, color=SEARCH_COLORS[name], alpha=0.25, lw=0)
        ax.plot(trials, mean, color=SEARCH_COLORS[name], marker="o", ms=4, label=name)
    ax.set_xticks(trials[::2])
    ax.set(xlabel="trials", ylabel="best so far (%), 95% interval")
    return ax


def plot_response(ax: Axes, rates: np.ndarray, decays: np.ndarray, scores: np.ndarray) -> Axes:
    """Draw the score of every trial against its learning rate, colored by weight decay.

    Args:
        rates, decays, scores: (trials,); scores in percent, a failed trial is not a number.
    """
    dots = ax.scatter(
        rates, scores, c=decays, cmap="viridis", norm="log", s=16, alpha=0.8, linewidths=0
    )
    ax.figure.colorbar(dots, ax=ax, label="weight decay", pad=0.02)
    ax.set_xscale("log")
    ax.set(xlabel="learning rate", ylabel="validation accuracy (%)", ylim=(0, 104))
    return ax


def plot_chance_of_top(
    ax: Axes, counts: Sequence[int], computed: np.ndarray, measured: Mapping[str, Sequence[float]]
) -> Axes:
    """Draw the chance that n trials hit the top 5%: the formula, and what was measured.

    Args:
        counts: n.
        computed: in percent, one per n.
        measured: for each kind of hit, the same.
    """
    ax.plot(counts, computed, color=INK, ls="--", lw=1.6, label="1 − 0.95ⁿ")
    for (name, values), color, marker in zip(
        measured.items(), (BLUE, VERMILLION), "os", strict=True
    ):
        ax.plot(counts, values, marker, color=color, label=name)
    ax.set(xlabel="random trials", ylabel="chance (%)", ylim=(0, 104))
    return ax


def plot_winner(ax: Axes, counts: Sequence[int], scores: Mapping[str, np.ndarray]) -> Axes:
    """Draw what the winner of n trials scores on the part that chose it, and on test data.

    Args:
        counts: n.
        scores: "validation" and "test" to percent, (repeats, counts).
    """
    for name, values in scores.items():
        mean, low, high = np.array([t_interval(column) for column in values.T.tolist()]).T
        inside = np.clip(low, 0, 100), np.clip(high, 0, 100)
        ax.fill_between(counts, *inside, color=PART_COLORS[name], alpha=0.25, lw=0)
        ax.plot(counts, mean, color=PART_COLORS[name], marker="o", ms=4, label=name)
    ax.set_xscale("log")
    ax.set_xticks(counts, [str(n) for n in counts])
    ax.minorticks_off()
    ax.set(xlabel="trials to choose from", ylabel="winner (%), 95% interval")
    return ax


def plot_halving(ax: Axes, trials: Sequence[Mapping[float, float]]) -> Axes:
    """Draw each trial's score against its budget; trials that were stopped early are gray.

    Args:
        trials: for each trial, scores in percent keyed by budget.
    """
    largest = max(max(values) for values in trials)
    for values in sorted(trials, key=len):
        budgets = sorted(values)
        to_the_end = budgets[-1] == largest
        color, width = (BLUE, 2.4) if to_the_end else (GRAY, 1.2)
        ax.plot(budgets, [values[b] for b in budgets], color=color, lw=width, marker="o", ms=4)
    budgets = sorted({b for values in trials for b in values})
    ax.set_xscale("log")
    ax.set_xticks(budgets, [f"{b:g}" for b in budgets])
    ax.minorticks_off()
    ax.set(xlabel="updates given", ylabel="validation accuracy (%)", ylim=(0, 104))
    return ax
