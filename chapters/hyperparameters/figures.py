"""The figures of chapter 5 about trainings: gates, noisy losses, what short runs predict."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chapters.hyperparameters.recipe import moving_average
from lib.plotting.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ON_DARK,
    ON_LIGHT,
    ORANGE,
    PART_COLORS,
    PURPLE,
    SHARES,
    SKY,
    VERMILLION,
    figure,
)

# From small to large, as learning rates are: the larger, the warmer.
ORDERED = (BLUE, GREEN, ORANGE, VERMILLION, PURPLE, SKY, INK)
FEWEST_BRIGHT = 0.7  # part of the range above which a cell is dark enough for white numbers


def plot_initial_loss(
    ax: Axes, scales: Sequence[float], losses: np.ndarray, *, expected: float
) -> Axes:
    """Draw the loss of initial weights against their scale, a dot per seed, and the guesser's loss.

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
    """Draw noisy losses as dots and their moving averages as lines, from small rates to large.

    Args:
        losses: (updates,) in nats; values above `top` or not finite are drawn at the top.
        window: number of updates averaged.
        top: upper end of the axis; None means twice the largest first loss.
    """
    top = top or 2 * max(float(values[0]) for values in losses.values())
    for (name, values), color in zip(losses.items(), ORDERED, strict=False):
        shown = np.nan_to_num(values, nan=top, posinf=top).clip(max=top * 0.985)
        steps = np.arange(1, len(shown) + 1)
        ax.plot(steps, shown, "o", color=color, ms=2.4, alpha=0.4, mew=0)
        exploded = shown[-1] > top * 0.98  # its line ends where it leaves the scale for good
        inside = np.flatnonzero(shown < top * 0.98)
        last = int(inside[-1]) + 1 if exploded and inside.size else len(shown)
        average = moving_average(shown, window)[:last]
        ax.plot(steps[:last], average, color=color, label=name)
        if exploded:
            ax.annotate(
                "↑ off the scale", (steps[min(last, len(steps) - 1)], top * 0.985), (4, -6),
                color=color, textcoords="offset points", va="top",
            )  # fmt: skip
    ax.set(xlabel="updates", ylabel="training loss (nats)", ylim=(0, top))
    return ax


def plot_scores(ax: Axes, scores: np.ndarray, rows: Sequence[str], cols: Sequence[str]) -> Axes:
    """Draw a grid of scores as a colored table, with the best one framed.

    Args:
        scores: in percent, (rows, cols); a failed run is not a number.
    """
    low, high = np.nanmin(scores), np.nanmax(scores)
    ax.imshow(scores, cmap=SHARES, vmin=low, vmax=high, aspect="auto")
    for (row, col), value in np.ndenumerate(scores):
        bright = value > low + FEWEST_BRIGHT * (high - low)
        text = f"{value:.1f}" if np.isfinite(value) else "failed"
        best = value == high
        ax.text(
            col, row, text, ha="center", va="center", fontsize=12,
            color=ON_DARK if bright else ON_LIGHT, weight="bold" if best else "normal",
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
        names: of the settings, from the smallest rate to the largest.
        epochs: at each evaluation.
        curves: in percent, (settings, evaluations).
    """
    ends = _apart([float(curve[-1]) for curve in curves], gap=4.5)
    for name, curve, color, end in zip(names, curves, ORDERED, ends, strict=False):
        ax.plot(epochs, curve, color=color, marker="o", ms=4)
        ax.annotate(
            name, (epochs[-1], curve[-1]), (epochs[-1] * 1.06, end), color=color, va="center",
            arrowprops={"arrowstyle": "-", "color": GRAY, "lw": 0.8, "ls": ":", "shrinkB": 3},
        )  # fmt: skip
    ax.set(xlabel="epochs", ylabel="validation accuracy (%)", xlim=(0, epochs[-1] * 1.2))
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= epochs[-1]])
    low, high = float(np.min(curves)), max(float(np.max(curves)), *ends)  # names stay inside
    ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    return ax


def _apart(values: Sequence[float], *, gap: float) -> list[float]:
    """The values, moved up as little as necessary to keep `gap` between any two."""
    placed: dict[int, float] = {}
    last = -np.inf
    for index in np.argsort(values, kind="stable"):
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
