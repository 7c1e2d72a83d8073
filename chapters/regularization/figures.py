"""The figures of chapter 3: early stopping, penalties, pooling regions, the contest."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from torch import Tensor, nn

from lib.plotting.images import plot_image
from lib.plotting.style import (
    BLUE,
    GAINS,
    GRAY,
    INK,
    ON_DARK,
    ON_LIGHT,
    PART_COLORS,
    figure,
    plot_spread,
)
from lib.training import BestSnapshot, History


def plot_accuracy_over_updates(
    ax: Axes, steps: Sequence[int], curves: Mapping[str, np.ndarray]
) -> Axes:
    """Draw accuracy against updates, with a line and a band over seeds for each part of the data.

    Args:
        steps: updates done at each evaluation.
        curves: "train", "validation" or "test" to accuracies in percent, (seeds, evaluations).
    """
    for name, values in curves.items():
        plot_spread(ax, np.asarray(steps), values, color=PART_COLORS[name], label=name)
    ax.set(xlabel="updates", ylim=(0, 103))
    return ax


def weights_figure(
    weights: Tensor, *, title: str, limit: float, classes: Sequence[str], shown: Sequence[int]
) -> Figure:
    """A linear classifier's weights as a histogram, and those of some classes as pictures.

    Args:
        weights: (classes, channels, height, width).
        title: states the setting, so that no two frames look alike.
        limit: the histogram spans [-limit, limit]; values beyond are counted in its outermost bins.
        classes: the classes' names.
        shown: indices of the classes drawn as pictures, at most three.
    """
    margins = {"left": 0.14, "right": 0.98, "bottom": 0.1, "top": 0.9, "hspace": 0.42}
    made, axes = figure(2, 1, height=4.6, margins=margins, gridspec_kw={"height_ratios": [1.25, 1]})
    axes[0].set_title(title)
    edges = np.linspace(-limit, limit, 62)
    values = weights.flatten().double().clamp(-limit, limit).numpy()
    axes[0].hist(values, bins=edges, color=BLUE, log=True)
    axes[0].set(xlim=(-limit, limit), ylim=(0.7, 4e4), xlabel="weight", ylabel="number of weights")
    axes[1].axis("off")
    for place, label in enumerate(shown):
        inner = axes[1].inset_axes([place / len(shown), 0, 0.9 / len(shown), 0.8])
        span = float(weights[label].abs().max()) or 1.0
        plot_image(inner, 0.5 + weights[label] / (2 * span), title=classes[label])
    return made


def plot_pool_regions(ax: Axes, rows: Tensor, cols: Tensor, size: int, *, window: int = 2) -> Axes:
    """Draw the pooling windows on a size × size map; overlaps are darker.

    Args:
        rows, cols: where windows begin, (outputs,) each.
    """
    for top in rows.tolist():
        for left in cols.tolist():
            ax.add_patch(
                Rectangle((left, top), window, window, fc=BLUE, alpha=0.25, ec=INK, lw=0.8)
            )
    ax.set(xlim=(0, size), ylim=(size, 0), aspect="equal")
    ax.set_xticks(range(size + 1), labels=[])
    ax.set_yticks(range(size + 1), labels=[])
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set(visible=True, color=GRAY)
    return ax


def plot_pair_gains(ax: Axes, gains: np.ndarray, names: Sequence[str]) -> Axes:
    """Draw the gain of every pair of methods as a colored table; the diagonal holds the singles.

    Args:
        gains: (methods, methods), symmetric, in points against no method.
        names: of the methods, in order.
    """
    count = len(names)
    lower = np.where(np.tril(np.ones_like(gains, dtype=bool)), gains, np.nan)
    reach = max(np.nanmax(np.abs(lower)), 1.0)
    ax.imshow(lower, cmap=GAINS, vmin=-reach, vmax=reach, aspect="auto")
    for row in range(count):
        for col in range(row + 1):
            value = gains[row, col]
            color = ON_DARK if abs(value) > 0.6 * reach else ON_LIGHT
            weight = "bold" if row == col else "normal"
            ax.text(
                col, row, _signed(value), ha="center", va="center",
                fontsize=11, color=color, weight=weight,
            )  # fmt: skip
    ax.set_yticks(range(count), names)
    ax.set_xticks(range(count), names, rotation=90)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    return ax


def _signed(value: float) -> str:
    """The value as a signed whole number; zero has no sign."""
    whole = round(float(value))
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def plot_snapshot(ax: Axes, history: History, best: int) -> dict[str, np.ndarray]:
    """Draw validation and test accuracy against updates, with a ring at the snapshot kept.

    Args:
        history: with metrics "validation" and "test".
        best: the index of the evaluation whose weights are kept.

    Returns:
        The accuracies that were drawn, in percent, by part.
    """
    parts = {name: history.metrics[name].numpy() for name in ("validation", "test")}
    for name, values in parts.items():
        color = PART_COLORS[name]
        ax.plot(history.evaluated_at, values, color=color, marker="o", ms=4, label=name)
        at = history.evaluated_at[best]
        ax.plot(at, values[best], "o", ms=11, mfc="none", mec=INK, mew=1.6)
    ax.margins(y=0.1)  # room for the rings
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    return parts


def patience_figure(history: History, patience: int, *, title: str) -> Figure:
    """Validation and test accuracy against updates, where training stops and what it keeps.

    Args:
        history: with metrics "validation" and "test".
        patience: in evaluations.
        title: says the setting, so that no two frames look alike.
    """
    made, ax = figure(
        height=3.6, margins={"left": 0.13, "right": 0.98, "bottom": 0.15, "top": 0.88}
    )
    steps = np.array(history.evaluated_at)
    stop, best = stopping_point(history.metrics["validation"].numpy(), patience)
    ax.axvspan(steps[stop], steps[-1], fc="none", ec=GRAY, hatch="//", lw=0, alpha=0.4)
    parts = plot_snapshot(ax, history, best)
    ax.axvline(steps[stop], color=INK, lw=1.4, ls="--")
    top, room = max(values.max() for values in parts.values()), 0.03 * steps[-1]
    ax.set(
        title=title, xlabel="updates (hatched: saved by stopping)", ylabel="accuracy (%)",
        xlim=(-room, steps[-1] + room), ylim=(0, top * 1.12),
    )  # fmt: skip
    ax.legend(loc="lower right", frameon=True, edgecolor="none")
    return made


def describe_patience(history: History, patience: int) -> str:
    """What `patience_figure` shows, in words."""
    validation = history.metrics["validation"].numpy()
    stop, best = stopping_point(validation, patience)
    at, kept = history.evaluated_at[stop], history.evaluated_at[best]
    end = "training runs to its end" if stop == len(validation) - 1 else f"training stops at {at}"
    return (
        f"Accuracy on validation and test pictures over {history.evaluated_at[-1]} updates. With a "
        f"patience of {patience}, {end}; the snapshot kept is that of update {kept}, with "
        f"{history.metrics['test'][best]:.0f}% on the test pictures."
    )


def stopping_point(validation: Sequence[float] | np.ndarray, patience: int) -> tuple[int, int]:
    """Indices of the evaluation that ends the training, and of the best one up to there.

    Args:
        validation: accuracies, one per evaluation; NaN is never the best.
        patience: evaluations without a new best after which training ends.

    Raises:
        ValueError: a patience below 1, or no accuracy up to the end that is a number.
    """
    watch, network, now = BestSnapshot("validation", patience=patience), nn.Module(), 0
    for now, value in enumerate(validation):
        if watch(now, {"validation": value}, network):
            break
    if watch.best_step is None:
        raise ValueError(f"expected an accuracy that is a number; got {list(validation)}")
    return now, watch.best_step
