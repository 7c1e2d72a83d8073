"""The figures of chapter 1: activation functions, and what they do to signals and gradients."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from chapters.activations.sweeps import Sweep
from lib.activations import ACTIVATIONS
from lib.plotting.style import (
    ACTIVATION_COLORS,
    BLUE,
    GRAY,
    INK,
    SOFT,
    VERMILLION,
    figure,
    plot_spread,
)


def plot_function_and_derivative(
    ax: Axes, x: Tensor, y: Tensor, slope: Tensor, *, name: str
) -> Axes:
    """Draw an activation function (solid) and its derivative (dashed); each (points,)."""
    color = ACTIVATION_COLORS[name]
    ax.axhline(0, color=GRAY, lw=0.8)
    ax.plot(x, slope, color=color, ls=(0, (3, 1.5)), lw=1.6)
    ax.plot(x, y, color=color, lw=2.4)
    ax.set(title=ACTIVATIONS[name].label, ylim=(-2, 2.6), yticks=[-2, -1, 0, 1, 2])
    return ax


def plot_std_by_layer(ax: Axes, stds: Mapping[str, Sequence[float]]) -> Axes:
    """Draw the standard deviation of the activations in each layer, a line for each label.

    Args:
        stds: for each label, such as "ReLU, √(2/n)", one number per layer. The second line of an
            activation is dashed.
    """
    named = {known.label: ACTIVATION_COLORS[name] for name, known in ACTIVATIONS.items()}
    seen = set()
    for label, values in stds.items():
        activation = label.partition(",")[0]
        layers, color = np.arange(1, len(values) + 1), named[activation]
        ax.plot(layers, values, color=color, marker="o", ls="--" if activation in seen else "-")
        ax.annotate(
            label, (layers[-1], values[-1]), xytext=(8, 0), textcoords="offset points",
            va="center", color=color, fontsize=11, annotation_clip=False,
        )  # fmt: skip
        seen.add(activation)
    ax.set(yscale="log", xlabel="layer", ylabel="standard deviation\nof the activations")
    ax.set_xticks(layers)
    return ax


def plot_layer_histograms(
    ax: Axes, layers: Sequence[Tensor], *, color: str, limits: tuple[float, float], title: str
) -> Axes:
    """Draw one histogram per layer, the first at the top, each scaled to its highest bar.

    Args:
        layers: values of any shape, one tensor per layer drawn.
        limits: the range of values shown; values beyond it are counted in the outermost bins.
    """
    edges = np.linspace(*limits, 42)
    for row, values in enumerate(layers):
        inside = np.clip(values.detach().flatten().cpu().numpy(), *limits)
        heights, _ = np.histogram(inside, bins=edges)
        base = len(layers) - 1 - row
        ax.stairs(base + 0.86 * heights / max(heights.max(), 1), edges, baseline=base,
                  fill=True, color=color, alpha=0.9)  # fmt: skip
        ax.axhline(base, color=GRAY, lw=0.6)
    ax.set(title=title, xlim=limits, ylim=(-0.05, len(layers)), yticks=[])
    ax.grid(visible=False, axis="y")
    return ax


def plot_descent_paths(
    ax: Axes, paths: Mapping[str, np.ndarray], *, target: Sequence[float], title: str
) -> Axes:
    """Draw paths (steps + 1, 2) of two weights under gradient descent, and their common target."""
    for (label, path), color in zip(paths.items(), (VERMILLION, BLUE), strict=False):
        ax.plot(path[:, 0], path[:, 1], color=color, marker="o", ms=3.2, lw=1.4, label=label)
    ax.plot(*target, marker="*", color=INK, ms=13, ls="none", label="best weights")
    ax.set(title=title, xlabel="weight 1", ylabel="weight 2")
    ax.set_aspect("equal")
    ax.legend(loc="best")
    return ax


def show_rates(ax: Axes, rates: Sequence[float]) -> None:
    """Make the horizontal axis a logarithmic axis of learning rates with these rates as ticks."""
    ax.set_xscale("log")
    ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
    ax.minorticks_off()


def plot_accuracy_by_learning_rate(
    axes: np.ndarray, rates: Sequence[float], accuracy: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Draw accuracy against learning rate, one panel per activation, ReLU in gray behind it.

    The scale shows differences between networks that learn; what lies below it is marked.

    Args:
        axes: one more than there are activations; the last one explains the marks.
        accuracy: (seeds, rates) in percent for each activation; NaN if it diverged.
    """
    low, high = _scale_of_learners(list(accuracy.values()))
    mark = low + 0.06 * (high - low)
    flat = axes.ravel()
    for ax, (name, values) in zip(flat, accuracy.items(), strict=False):
        color = ACTIVATION_COLORS[name]
        if name != "relu":
            ax.plot(rates, np.nanmean(accuracy["relu"], axis=0), color=GRAY, lw=1)
        plot_spread(ax, rates, values, color=color, marker="o", ms=4)
        for rate, column in zip(rates, values.T, strict=True):
            if np.isnan(column).any():
                ax.plot(rate, mark, marker="x", color=INK, ms=7, mew=1.8)
            elif column.mean() < low:
                ax.plot(rate, mark, marker="v", color=color, ms=6)
        ax.set(title=ACTIVATIONS[name].label, ylim=(low, high))
        show_rates(ax, [rate for rate in rates if rate in (0.001, 0.01, 0.1, 1)])
        ax.tick_params(labelbottom=True)
    flat[len(accuracy)].axis("off")
    flat[len(accuracy)].text(
        0, 0.95, "gray line: ReLU\n▼  below the scale\n×  diverged", va="top", linespacing=1.6,
        transform=flat[len(accuracy)].transAxes,
    )  # fmt: skip
    return axes


def _scale_of_learners(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """A range of accuracies, in percent, that holds each activation's best rates."""
    best = [float(np.nanmax(np.nan_to_num(table).mean(axis=0))) for table in values]
    learning = [one for one in best if one > max(best) / 2]
    return 5 * np.floor(min(learning) / 5) - 10, 5 * np.ceil(max(best) / 5) + 5


def plot_dead_fraction(ax: Axes, rates: Sequence[float], dead: Mapping[str, np.ndarray]) -> Axes:
    """Draw the percentage of dead units against learning rate; (seeds, rates) per activation."""
    for name, values in dead.items():
        plot_spread(
            ax,
            rates,
            values,
            color=ACTIVATION_COLORS[name],
            marker="o",
            label=ACTIVATIONS[name].label,
        )
    ax.set(xlabel="learning rate", ylabel="dead units (%)", ylim=(-3, 103))
    show_rates(ax, rates)
    ax.legend(loc="upper left")
    return ax


def plot_accuracy_beside_published(
    ax: Axes,
    ours: Mapping[str, Sequence[float]],
    published: Mapping[str, float],
    *,
    lowest: float,
) -> Axes:
    """Draw test accuracies in percent, one row each: every seed, the mean, the published value.

    Args:
        lowest: start of the axis; a row with a lower mean is written at its edge instead.
    """
    for row, (name, values) in enumerate(reversed(list(ours.items()))):
        color, mean = ACTIVATION_COLORS[name], np.mean(values)
        if mean < lowest:
            theirs = f" (published: {published[name]:.0f}%)" if name in published else ""
            text = f"◂ {mean:.0f}%, off the scale{theirs}"
            ax.text(lowest + 0.2, row, text, color=color, va="center", fontsize=11)
            continue
        ax.plot(values, [row] * len(values), ls="none", marker="o", ms=5, color=color, alpha=0.5)
        ax.plot(mean, row, marker="|", ms=16, mew=2.6, color=color)
        if name in published:
            ax.plot(published[name], row, marker="D", ms=6, mfc="none", mec=INK, mew=1.4)
    ax.set_yticks(range(len(ours)), [ACTIVATIONS[name].label for name in reversed(list(ours))])
    ax.set(xlabel="test accuracy (%)", xlim=(lowest, 90), ylim=(-0.6, len(ours) - 0.4))
    return ax


def plot_training(
    ax: Axes, steps: Sequence[int] | np.ndarray, loss: np.ndarray, *, name: str
) -> Axes:
    """Draw the loss (seeds, points) of one activation during training, and the loss of guessing."""
    chance = np.log(10)
    ax.axhline(chance, color=GRAY, lw=1.2, ls=(0, (4, 2)))
    ax.annotate("guessing", (steps[-1], chance), xytext=(0, 3), textcoords="offset points",
                ha="right", color=SOFT, fontsize=11)  # fmt: skip
    if np.isfinite(loss).any():
        plot_spread(ax, np.asarray(steps), loss, color=ACTIVATION_COLORS[name])
    if not np.isfinite(loss[:, -1]).any():
        ax.text(steps[-1] / 2, 1.2, "all seeds diverged", ha="center")
    ax.set(xlim=(0, steps[-1]), ylim=(0, 3), xlabel="updates", ylabel="training loss (nats)")
    return ax


def plot_dead_by_seed(ax: Axes, dead: np.ndarray, *, name: str) -> Axes:
    """Draw the percentage of dead units, one bar per seed; NaN marks a diverged run."""
    seeds = np.arange(1, len(dead) + 1)
    ax.bar(seeds, np.nan_to_num(dead), color=ACTIVATION_COLORS[name], width=0.6)
    for seed in seeds[np.isnan(dead)]:
        ax.text(seed, 4, "diverged", rotation=90, ha="center", va="bottom", fontsize=11)
    ax.set(ylim=(0, 100), xlabel="seed", title="dead units (%)", xticks=seeds)
    return ax


def signals_figure(name: str, h: Sequence[Tensor], grads: Sequence[Tensor]) -> Figure:
    """A figure of the activations (left) and the gradient sizes (right) in five layers.

    Args:
        h, grads: one tensor of any shape per layer of the network.
    """
    layers = np.linspace(0, len(h) - 1, 5).round().astype(int)
    sizes = [grads[i].abs().clamp(min=1e-20).log10() for i in layers]
    margins = {"left": 0.15, "right": 0.97, "bottom": 0.09, "top": 0.91, "wspace": 0.08}
    fig, (left, right) = figure(1, 2, height=3.5, margins=margins)
    color = ACTIVATION_COLORS[name]
    plot_layer_histograms(
        left, [h[i] for i in layers], color=color, limits=(-2.5, 2.5), title="activations"
    )
    plot_layer_histograms(right, sizes, color=color, limits=(-14, -1), title="size of gradients")
    left.set_yticks(np.arange(len(layers)) + 0.4, [f"layer {i + 1}" for i in reversed(layers)])
    right.set_xticks([-13, -9, -5, -1], ["10⁻¹³", "10⁻⁹", "10⁻⁵", "0.1"])
    return fig


def describe_signals(name: str, h: Sequence[Tensor], grads: Sequence[Tensor]) -> str:
    """What `signals_figure` shows, in words."""
    return (
        f"Histograms of activations and gradients in a network of {len(h)} layers with "
        f"{ACTIVATIONS[name].label} as activation. From the first layer to the last, the standard "
        f"deviation of the activations goes from {h[0].std():.2g} to {h[-1].std():.2g}, that of "
        f"the gradients from {grads[0].std():.1g} to {grads[-1].std():.1g}."
    )


def training_figure(name: str, sweep: Sweep, rate: float) -> Figure:
    """A figure of one activation at one learning rate: its loss curves and its dead units."""
    column = sweep.rates.index(rate)
    margins = {"left": 0.11, "right": 0.97, "bottom": 0.18, "top": 0.9, "wspace": 0.28}
    fig, (left, right) = figure(1, 2, height=3.1, width_ratios=[2.2, 1], margins=margins)
    plot_training(left, sweep.steps, sweep.loss[:, :, column].T, name=name)
    left.set(title=f"{ACTIVATIONS[name].label}, rate {rate:g}")
    plot_dead_by_seed(right, sweep.dead[:, column], name=name)
    return fig


def describe_training(name: str, sweep: Sweep, rate: float) -> str:
    """What `training_figure` shows, in words."""
    column = sweep.rates.index(rate)
    final, dead = sweep.loss[-1, :, column], sweep.dead[:, column]
    good = np.isfinite(dead)
    text = f"{ACTIVATIONS[name].label} at learning rate {rate:g}: "
    text += f"{(~good).sum()} of {len(good)} seeds diverged. "
    if good.any():
        text += (
            f"The others end at a training loss of {final[good].mean():.2f} nats "
            f"with {dead[good].mean():.0f} percent of their units dead."
        )
    return text
