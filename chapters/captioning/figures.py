"""The figures of chapter 10: pictures with captions, and where a captioner looked."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lib.plotting.images import plot_image
from lib.plotting.intervals import plot_intervals
from lib.plotting.style import GRAY, INK, TRANSLATOR_COLORS, figure

VEIL = 0.72  # darkness of places that were not looked at
KIND_STEP = 0.16  # distance between two networks' dots, in rows


def plot_caption(ax: Axes, image: Tensor, caption: str, *, width: int = 26) -> Axes:
    """Draw an image (3, height, width) with a caption below, in lines of `width` characters."""
    plot_image(ax, image)
    text = "\n".join(textwrap.wrap(caption, width))
    ax.set_xlabel(text, fontsize=11, color=INK, labelpad=5, linespacing=1.15)
    return ax


def plot_grid(ax: Axes, image: Tensor, rows: int, columns: int) -> Axes:
    """Draw an image (3, height, width) under the grid of its places."""
    plot_image(ax, image)
    height, width = image.shape[1:]
    lines = {"color": "white", "lw": 1.2, "alpha": 0.9}
    for k in range(1, rows):
        ax.axhline(k * height / rows - 0.5, **lines)
    for k in range(1, columns):
        ax.axvline(k * width / columns - 0.5, **lines)
    return ax


def plot_veiled(ax: Axes, image: Tensor, weights: object, rows: int, *, title: str) -> Axes:
    """Draw an image (3, height, width), darkened where it was not looked at.

    Args:
        weights: (places,), row by row; the place with the largest weight is not darkened.
        rows: number of rows of the grid.
        title: text above it.
    """
    plot_image(ax, image, title=title)
    values = np.asarray(weights, dtype=np.float64).reshape(rows, -1)
    height, width = image.shape[1:]
    veil = np.zeros((*values.shape, 4))
    veil[..., 3] = VEIL * (1 - values / values.max())
    ax.imshow(veil, extent=(-0.5, width - 0.5, height - 0.5, -0.5), interpolation="nearest")
    return ax


def plot_word_maps(
    axes: Sequence[Axes],
    image: Tensor,
    words: Sequence[str],
    weights: object,
    rows: int,
) -> Sequence[Axes]:
    """Draw a veiled picture for each word, see `plot_veiled`; unused axes are hidden.

    Args:
        words: what was written.
        weights: (words, places).
    """
    for ax, word, row in zip(axes, words, np.asarray(weights), strict=False):
        plot_veiled(ax, image, row, rows, title=word)
    for ax in axes[len(words) :]:
        ax.axis("off")
    return axes


def plot_kinds(
    ax: Axes, values: Mapping[str, Mapping[str, Sequence[float]]], blind: Mapping[str, float]
) -> Axes:
    """Draw each network's percentage for each kind of word: the mean, and a bar over the seeds.

    Args:
        values: for each key of `TRANSLATOR_COLORS`, for each kind, a percentage per seed.
        blind: for each kind the percentage of a guess that sees no picture.
    """
    kinds = list(next(iter(values.values())))
    for shift, (name, of_kind) in zip((-KIND_STEP, KIND_STEP), values.items(), strict=True):
        color = TRANSLATOR_COLORS[name]
        for row, kind in enumerate(kinds):
            seeds = np.asarray(of_kind[kind])
            label = name if row == 0 else None
            ax.plot([seeds.min(), seeds.max()], [row + shift] * 2, color=color, lw=3, alpha=0.35)
            ax.plot(seeds.mean(), row + shift, "o", color=color, label=label)
    ax.scatter([blind[kind] for kind in kinds], range(len(kinds)), marker="|", s=260, lw=2.5,
               color=GRAY, label="without a picture")  # fmt: skip
    ax.set_yticks(range(len(kinds)), kinds)
    ax.set(xlim=(0, 103), ylim=(len(kinds) - 0.5, -0.5), xlabel="words right (%)")
    ax.grid(axis="y", visible=False)
    # Above the rows, since dots can be anywhere in them.
    ax.legend(loc="lower left", bbox_to_anchor=(-0.25, 1.0), ncols=3, borderaxespad=0.2,
              columnspacing=1.2, handletextpad=0.2)  # fmt: skip
    return ax


def plot_inside(
    ax: Axes,
    values: Mapping[str, Sequence[float]],
    *,
    even: float,
    others: Mapping[str, Mapping[str, float]] | None = None,
) -> Axes:
    """Draw how much of its weight a network puts on the thing it names, with intervals.

    Args:
        values: for each kind of word a percentage per seed.
        even: the percentage that uniform weights would have there.
        others: up to two baselines by name, for each kind of word a percentage.
    """
    plot_intervals(ax, values, reference=None, sort=False)
    ax.axvline(even, color=GRAY, lw=1.2, ls="--")
    rows = range(len(values))[::-1]  # the first kind is on top
    for (name, of_kind), marker in zip((others or {}).items(), "|x", strict=False):
        shares, size = [of_kind[kind] for kind in values], 260 if marker == "|" else 60
        ax.scatter(shares, rows, marker=marker, s=size, lw=2.5, color=GRAY, label=name)
    if others:  # above the rows, since marks can be anywhere in them
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.2,
                  columnspacing=1.2, handletextpad=0.4)  # fmt: skip
    ax.set(xlim=(0, 100), ylim=(-0.6, len(values) - 0.4))
    ax.set_xlabel("share of the weights on the thing (%); dashed: even weights")
    return ax


def placed_figure(image: Tensor, caption: str, *, told: str, weights: object, rows: int) -> Figure:
    """A frame of the explorer of places: a picture, where it looked in all, and what it wrote.

    Args:
        image: (3, height, width).
        caption: what the network wrote.
        told: what the network was told about its places.
        weights: (places,), averaged over the words.
        rows: of the grid.
    """
    made, (left, right) = figure(
        1, 2, height=3.5, margins={"left": 0.02, "right": 0.98, "top": 0.9, "bottom": 0.27}
    )
    plot_image(left, image, title="what is there")
    plot_veiled(right, image, weights, rows, title="where it looked, all words")
    words = "\n".join(textwrap.wrap(caption, 62))
    made.text(0.02, 0.235, told, fontsize=11, color=GRAY, va="top")
    made.text(0.02, 0.165, words, fontsize=11, color=INK, va="top", linespacing=1.25)
    return made
