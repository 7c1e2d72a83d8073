"""The figures of chapter 8: pictures made by gradients, and what they do to a network."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lib.plotting.images import plot_image
from lib.plotting.style import BLUE, GRAY, GREEN, INK, VERMILLION, figure, plot_spread

ATTACK_COLORS = {
    "random signs": GRAY,
    "FGSM": BLUE,
    "PGD": VERMILLION,
    "PGD, hardened network": GREEN,
}
DOTS = 115  # per inch: more would make 128-pixel pictures larger files, not sharper
MARGINS = {"left": 0.02, "right": 0.98, "top": 0.89, "bottom": 0.03, "wspace": 0.06}


def even_contrast(image: Tensor, *, spread: float = 0.2) -> Tensor:
    """The image with mean 0.5 and this standard deviation, clipped to [0, 1], for display.

    The contrast of pictures from different methods varies a hundredfold; this makes them
    comparable.
    A constant image becomes gray.

    Args:
        image: (channels, height, width).
        spread: about that of photographs by default.
    """
    image = image.detach().float()
    deviation = (image - image.mean()).square().mean().sqrt()
    if deviation < 1e-6:
        return torch.full_like(image, 0.5)
    return (0.5 + spread * (image - image.mean()) / deviation).clamp(0, 1)


def plot_smooth(ax: Axes, image: Tensor, *, title: str | None = None) -> Axes:
    """Draw an image as `plot_image` does, but with smooth transitions between its pixels."""
    plot_image(ax, image, title=title)
    ax.images[0].set_interpolation("bicubic")
    return ax


def ascent_figure(image: Tensor, scores: Tensor, *, step: int, highest: float, note: str) -> Figure:
    """A frame of the explorer of gradient ascent: the picture, and the objective so far.

    Args:
        image: (3, height, width), as it should be shown.
        scores: (steps,), the objective before each step.
        step: number of steps done.
        highest: the upper end of the axis, the same in all frames.
        note: text above the picture.
    """
    margins = MARGINS | {"bottom": 0.17, "right": 0.97, "wspace": 0.25}
    made, (picture, chart) = figure(1, 2, height=2.9, margins=margins)
    plot_smooth(picture, image, title=note)
    chart.plot(scores.tolist(), color=GRAY, lw=1.2)
    chart.plot(scores[: step + 1].tolist(), color=BLUE)
    at = min(step, len(scores) - 1)
    chart.plot(at, float(scores[at]), "o", color=VERMILLION, ms=7)
    chart.set(xlim=(0, 1.04 * len(scores)), ylim=(min(0.0, float(scores.min())) - 1, highest))
    chart.set_title("what is raised", fontsize=11)
    chart.set_xlabel("step", fontsize=11)
    return made


def pictures_figure(
    rows: Sequence[Tensor],
    titles: Sequence[str],
    *,
    labels: Sequence[str] | None = None,
    height: float | None = None,
) -> Figure:
    """A table of pictures.

    Args:
        rows: the pictures (columns, 3, height, width) of each row.
        titles: titles of the columns above the first row, or of every picture if there are as many.
        labels: labels of the rows, to their left.
        height: in inches; None fits square pictures.
    """
    columns = len(rows[0])
    titled = len(rows) if len(titles) > columns else 1
    if height is None:
        height = (5.0 / columns + 0.06) * len(rows) + 0.26 * titled
    made, axes = figure(len(rows), columns, height=height, squeeze=False)
    made.set_dpi(DOTS)
    for place, ax in enumerate(axes.flat):
        row, column = divmod(place, columns)
        plot_smooth(ax, rows[row][column])
        if place < len(titles):
            ax.set_title(titles[place], fontsize=11, pad=4)
    for label, ax in zip(labels or (), axes[:, 0], strict=False):
        ax.set_ylabel(label, fontsize=11)
    return made


def picture_pair_figure(
    left: Tensor, right: Tensor, *, titles: tuple[str, str], height: float = 2.9
) -> Figure:
    """A frame with two pictures (3, height, width) side by side, each with its title."""
    made, axes = figure(1, 2, height=height, margins=MARGINS)
    for ax, image, title in zip(axes, (left, right), titles, strict=True):
        plot_smooth(ax, image, title=title)
    return made


def picture_figure(image: Tensor, *, title: str) -> Figure:
    """A frame with one picture (3, height, width), as wide as the frame."""
    ratio = image.shape[-2] / image.shape[-1]
    height = 5.4 * 0.96 * ratio + 0.38
    margins = {"left": 0.02, "right": 0.98, "top": 1 - 0.33 / height, "bottom": 0.05 / height}
    made, ax = figure(height=height, margins=margins)
    plot_smooth(ax, image, title=title)
    return made


def attack_figure(
    image: Tensor, attacked: Tensor, *, epsilon: float, names: Sequence[str], p: Tensor
) -> Figure:
    """A frame of the explorer of attacks: picture, amplified change, class probabilities.

    Args:
        image, attacked: (3, height, width).
        epsilon: the largest change of a pixel; at 0 the change is gray.
        names: names of the classes to show.
        p: (classes shown,), their probabilities.
    """
    margins = MARGINS | {"top": 0.84, "right": 0.99}
    made, axes = figure(1, 3, height=2.2, margins=margins)
    change = (attacked - image) / (2 * epsilon) if epsilon else torch.zeros_like(image)
    plot_image(axes[0], attacked, title="what it sees")
    times = f"change × {0.5 / epsilon:.0f}" if epsilon else "no change"
    plot_image(axes[1], 0.5 + change, title=times)
    for ax in axes[:2]:  # drawn smaller than their actual size
        ax.images[0].set_interpolation("antialiased")
    chart, places = axes[2], np.arange(len(names))
    colors = [BLUE, *[VERMILLION] * (len(names) - 1)]
    chart.barh(places, p.tolist(), color=colors, height=0.3)
    for place, (name, value) in enumerate(zip(names, p.tolist(), strict=True)):
        chart.text(0, place - 0.28, f"{name} {value:.0%}", fontsize=11, va="bottom", color=INK)
    chart.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.75))
    chart.axis("off")
    return made


def plot_accuracy_by_epsilon(
    ax: Axes, epsilons: Sequence[float], accuracy: Mapping[str, np.ndarray]
) -> Axes:
    """Draw accuracy in percent against the size of a change, the seeds' range as a band.

    Args:
        epsilons: in units of 1/255.
        accuracy: for each name of `ATTACK_COLORS`, (seeds, epsilons).
    """
    for (name, values), style in zip(accuracy.items(), ("--", "-.", "-", "-"), strict=False):
        plot_spread(
            ax, np.asarray(epsilons), np.asarray(values), color=ATTACK_COLORS[name],
            label=name, ls=style, marker="o",
        )  # fmt: skip
    ax.set_xticks(epsilons, [f"{epsilon:g}" for epsilon in epsilons])
    ax.set(ylim=(-3, 100), xlabel="largest change of a pixel, in 1/255", ylabel="accuracy (%)")
    # Above the lines, which can be anywhere.
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2, fontsize=11,
              columnspacing=1.2, handletextpad=0.4)  # fmt: skip
    return ax
