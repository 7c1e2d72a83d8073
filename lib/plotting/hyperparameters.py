"""The figures of chapter 5: gates, noisy losses, grids, searches, what short runs foretell."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from lib.intervals import t_interval
from lib.plotting.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PART_COLORS,
    PURPLE,
    SKY,
    VERMILLION,
    figure,
)
from lib.recipe import moving_average

SEARCH_COLORS = {"grid": ORANGE, "random": BLUE}  # the same search has the same color everywhere
ORDERED = (VERMILLION, ORANGE, GREEN, SKY, BLUE, PURPLE, INK)
SCORES = LinearSegmentedColormap.from_list("scores", ["#fdfcf8", SKY, BLUE])
FEWEST_BRIGHT = 0.7  # of the range, above which a cell is dark enough for white figures


def plot_initial_loss(
    ax: Axes, scales: Sequence[float], losses: np.ndarray, *, expected: float
) -> Axes:
    """Draw the loss of fresh weights over their scale, a dot per seed, and the guesser's loss.

    Args:
        scales: factors on the initialization.
        losses: in nats, (seeds, scales).
        expected: log C.
    """
    for values in losses:
        ax.plot(scales, values, "o", color=BLUE, ms=4, alpha=0.5)
    ax.plot(scales, losses.mean(axis=0), color=BLUE)
    ax.axhline(expected, color=INK, ls="--", lw=1.4)
    ax.annotate(
        f"log C = {expected:.2f}", (scales[0], expected), (0, -14), textcoords="offset points"
    )
    ax.set_xscale("log", base=2)
    ax.set_xticks(scales, [f"{s:g}" for s in scales])
    ax.set(
        xlabel="scale of the first weights (1: LeCun's)",
        ylabel="initial loss (nats)",
        yscale="log",
    )
    ax.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
    return ax


def plot_losses(
    ax: Axes, losses: Mapping[str, np.ndarray], *, window: int, top: float | None = None
) -> Axes:
    """Draw noisy losses as dots and their moving averages as lines, a color for each name.

    Args:
        losses: (updates,) in nats; what lies above `top`, or is no number, is drawn at the top.
        window: updates averaged.
        top: of the axis; None takes twice the largest first loss.
    """
    top = top or 2 * max(float(values[0]) for values in losses.values())
    for (name, values), color in zip(losses.items(), ORDERED, strict=False):
        shown = np.nan_to_num(values, nan=top, posinf=top).clip(max=top * 0.985)
        steps = np.arange(1, len(shown) + 1)
        ax.plot(steps, shown, "o", color=color, ms=2.4, alpha=0.4, mew=0)
        ax.plot(steps, moving_average(shown, window), color=color, label=name)
        if shown[-1] > top * 0.98:
            ax.annotate(
                "↑ off the scale", (steps[len(steps) // 5], top * 0.985), (0, -6), color=color,
                textcoords="offset points", va="top",
            )  # fmt: skip
    ax.set(xlabel="updates", ylabel="training loss (nats)", ylim=(0, top))
    return ax


def plot_scores(ax: Axes, scores: np.ndarray, rows: Sequence[str], cols: Sequence[str]) -> Axes:
    """Draw a grid of scores as a colored table, the best one framed.

    Args:
        scores: in percent, (rows, cols); a failed run is not a number.
    """
    low, high = np.nanmin(scores), np.nanmax(scores)
    ax.imshow(scores, cmap=SCORES, vmin=low, vmax=high, aspect="auto")
    for (row, col), value in np.ndenumerate(scores):
        bright = value > low + FEWEST_BRIGHT * (high - low)
        text = f"{value:.1f}" if np.isfinite(value) else "failed"
        best = value == high
        ax.text(
            col, row, text, ha="center", va="center", fontsize=12,
            color="white" if bright else INK, weight="bold" if best else "normal",
        )  # fmt: skip
    ax.set_xticks(range(len(cols)), cols)
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def plot_short_and_long(
    ax: Axes, names: Sequence[str], epochs: Sequence[float], curves: np.ndarray
) -> Axes:
    """Draw the validation accuracy of several settings over epochs, each line named at its end.

    Args:
        names: of the settings.
        epochs: at each evaluation.
        curves: in percent, (settings, evaluations).
    """
    ends = _apart([float(curve[-1]) for curve in curves], gap=4.5)
    for name, curve, color, end in zip(names, curves, ORDERED, ends, strict=False):
        ax.plot(epochs, curve, color=color, marker="o", ms=4)
        ax.annotate(
            name, (epochs[-1], curve[-1]), (epochs[-1] * 1.06, end), color=color, va="center",
            arrowprops={"arrowstyle": "-", "color": color, "lw": 0.8, "shrinkA": 1, "shrinkB": 3},
        )  # fmt: skip
    ax.set(xlabel="epochs", ylabel="validation accuracy (%)", xlim=(0, epochs[-1] * 1.2))
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= epochs[-1]])
    return ax


def _apart(values: Sequence[float], *, gap: float) -> list[float]:
    """The values moved up as little as it takes to keep `gap` between any two."""
    placed: dict[int, float] = {}
    last = -np.inf
    for index in np.argsort(values):
        last = placed[int(index)] = max(values[index], last + gap)
    return [placed[i] for i in range(len(values))]


def curves_figure(
    loss: np.ndarray,
    steps: Sequence[int],
    accuracies: Mapping[str, np.ndarray],
    *,
    window: int,
    title: str,
) -> Figure:
    """A frame of the gallery: noisy losses and their average, beside the two accuracies.

    Args:
        loss: (updates,) in nats.
        steps: updates at each evaluation.
        accuracies: "train" and "validation" in percent, one per evaluation.
        window: updates averaged.
        title: says the setting, so that no two frames look alike.
    """
    margins = {"left": 0.11, "right": 0.98, "bottom": 0.17, "top": 0.86, "wspace": 0.34}
    made, axes = figure(1, 2, height=3.2, margins=margins)
    made.suptitle(title, x=0.02, ha="left", fontsize=12)
    plot_losses(axes[0], {"": loss}, window=window, top=5.0)
    axes[0].lines[0].set_color(BLUE)
    axes[0].lines[1].set_color(BLUE)
    for name, values in accuracies.items():
        axes[1].plot(steps, values, color=PART_COLORS[name], marker="o", ms=4, label=name)
    axes[1].set(xlabel="updates", ylabel="accuracy (%)", ylim=(0, 104))
    axes[1].legend(loc="best")
    return made


def search_figure(
    surface: Callable[[np.ndarray, np.ndarray], np.ndarray],
    points: np.ndarray,
    *,
    shown: int,
    title: str,
) -> Figure:
    """A frame of the explorer of searches: the first trials on a surface, and what they see of x.

    Args:
        surface: score in percent at (x, y), both in [0, 1].
        points: (trials, 2), in the order in which they are tried.
        shown: how many of them are drawn.
        title: says the setting, so that no two frames look alike.
    """
    margins = {"left": 0.13, "right": 0.98, "bottom": 0.12, "top": 0.91, "hspace": 0.12}
    made, (above, below) = figure(
        2, 1, height=5.0, margins=margins, sharex=True, gridspec_kw={"height_ratios": [1, 2.4]}
    )
    above.set_title(title)
    line = np.linspace(0, 1, 200)
    x, y = np.meshgrid(line, line)
    scores = surface(x, y)
    below.contourf(x, y, scores, levels=8, cmap=SCORES)
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
    ax.set(xlabel="trials", ylabel="best so far (%), 95% interval")
    return ax


def plot_response(ax: Axes, rates: np.ndarray, decays: np.ndarray, scores: np.ndarray) -> Axes:
    """Draw the score of every trial over its learning rate, colored by weight decay.

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
        ax.fill_between(counts, low, high, color=PART_COLORS[name], alpha=0.25, lw=0)
        ax.plot(counts, mean, color=PART_COLORS[name], marker="o", ms=4, label=name)
    ax.set_xscale("log")
    ax.set_xticks(counts, [str(n) for n in counts])
    ax.minorticks_off()
    ax.set(xlabel="trials to choose from", ylabel="winner (%), 95% interval")
    return ax


def plot_halving(ax: Axes, trials: Sequence[Mapping[float, float]]) -> Axes:
    """Draw each trial's score over the budget it was given; what was stopped early is gray.

    Args:
        trials: budget to score in percent, for each trial.
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
