"""The figures of the opening chapter: templates, descent, nonlinear boundaries, filters, costs."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from torch import Tensor

from chapters.recap.costs import StageCost
from lib.plotting.images import plot_image, plot_tiles
from lib.plotting.style import (
    BLUE,
    BLUE_AREA,
    GAINS,
    GRAY,
    INK,
    ORANGE,
    ORANGE_AREA,
    PURPLE,
    SKY,
    VERMILLION,
    figure,
)

GROUPS = (ORANGE, BLUE)  # the two classes of toy points, as in the playground
NETWORK_COLORS = {"linear": GRAY, "two layers": ORANGE, "convolutional": BLUE}
# Heights of maps in networks for 224-pixel pictures, from large to small; some differ by one.
STAGE_COLORS = {
    224: "#d6e6f4",
    112: "#abcfe6",
    56: "#6aaed6",
    28: "#3787c0",
    14: "#105ba4",
    7: "#083572",
}
DENSE_COLOR = VERMILLION
FRAME = {"left": 0.02, "right": 0.98, "top": 0.9, "bottom": 0.02, "wspace": 0.06}


def signed_pictures(weights: Tensor) -> Tensor:
    """Weights (n, height, width) as pictures (n, 3, height, width): blue adds, red subtracts.

    Each has its own scale, from minus its largest weight to plus it.
    """
    largest = weights.abs().amax(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    shown = GAINS(((weights / largest + 1) / 2).cpu().numpy())[..., :3]
    return torch.from_numpy(shown).permute(0, 3, 1, 2).float()


def templates_figure(means: Tensor, templates: Tensor, classes: Sequence[str]) -> Figure:
    """The mean picture of each of ten classes, and the template that a linear classifier learned.

    Args:
        means: (10, height, width) in [0, 1].
        templates: (10, height, width), signed.
        classes: their names.
    """
    made, axes = figure(4, 1, height=5.6)
    gray = means[:, None].expand(-1, 3, -1, -1).cpu()
    colored = signed_pictures(templates)
    for half in range(2):
        rows = slice(5 * half, 5 * half + 5)
        for ax, pictures in zip(axes[2 * half :], (gray, colored), strict=False):
            plot_tiles(ax, pictures[rows], columns=5, gap=2)
        for place, name in enumerate(classes[rows]):
            center = place * (means.shape[-1] + 2) + means.shape[-1] / 2
            axes[2 * half].text(center, -2.5, name, ha="center", fontsize=11)
    return made


def descent_figure(loss: Tensor, extent: Sequence[float], path: Tensor, best: Tensor) -> Figure:
    """A frame of the explorer of descents: a path over the contours of a loss of two weights.

    Args:
        loss: (rows, columns) over a grid of the second and the first weight.
        extent: smallest and largest first weight, smallest and largest second weight.
        path: (updates + 1, 2), starting with the initial weights.
        best: (2,), the weights with the smallest loss.
    """
    margins = {"left": 0.13, "right": 0.97, "top": 0.9, "bottom": 0.16}
    made, ax = figure(height=3.5, margins=margins)
    rows, columns = loss.shape
    left, right, bottom, top = extent
    across, up = torch.linspace(left, right, columns), torch.linspace(bottom, top, rows)
    levels = float(loss.min()) + np.geomspace(0.02, float(loss.max() - loss.min()), 9)
    ax.contour(across, up, loss.numpy(), levels=levels, colors=GRAY, linewidths=0.8)
    ax.plot(*path.T.numpy(), "o-", color=BLUE, ms=3.5, lw=1.2)
    ax.plot(*path[0].tolist(), "o", color=INK, ms=7, label="start")
    ax.plot(*best.tolist(), "*", color=VERMILLION, ms=14, label="smallest loss")
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel="first weight", ylabel="second weight")
    handles, labels = ax.get_legend_handles_labels()
    narrow = {"handlelength": 1, "handletextpad": 0.4, "columnspacing": 1}
    made.legend(handles, labels, loc="upper right", ncols=2, fontsize=11, **narrow)
    ax.grid(False)
    return made


def plot_boundary(
    ax: Axes, scores: Tensor, reach: float, points: Tensor, groups: Tensor, *, title: str
) -> Axes:
    """Draw the decision regions of two classes over the square [-reach, reach]², and the points.

    Args:
        scores: (n, n), score of class 1 minus that of class 0; rows go upwards.
        points: (count, 2).
        groups: (count,), 0 or 1.
    """
    box = (-reach, reach, -reach, reach)
    sides = np.sign(scores.numpy())
    ax.contourf(sides, levels=[-2, 0, 2], colors=[ORANGE_AREA, BLUE_AREA], extent=box)
    ax.contour(scores.numpy(), levels=[0], colors=INK, linewidths=1.6, extent=box)
    for group, (color, marker) in enumerate(zip(GROUPS, ("o", "^"), strict=True)):
        at = points[groups == group]
        ax.plot(*at.T.numpy(), marker, color=color, ms=4, mew=0.4, mec="white", ls="none")
    ax.set(xlim=box[:2], ylim=box[2:], xticks=[], yticks=[], aspect="equal")
    ax.grid(False)
    ax.set_title(title, fontsize=11)
    return ax


def plot_creases(ax: Axes, weights: Tensor, biases: Tensor, *, reach: float) -> Axes:
    """Draw where each hidden unit w·x + b switches on, as a dashed line.

    Args:
        weights: (units, 2).
        biases: (units,).
    """
    t = torch.linspace(-3 * reach, 3 * reach, 2)
    for w, b in zip(weights, biases, strict=True):
        foot, along = -b * w / w.square().sum(), torch.stack([-w[1], w[0]]) / w.norm()
        ax.plot(*(foot[:, None] + along[:, None] * t).numpy(), "--", color=PURPLE, lw=1.1)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
    return ax


def sliding_figure(
    photo: Tensor, weights: Tensor, response: Tensor, *, done: float, stride: int, title: str
) -> Figure:
    """A frame of the explorer of filters: the window on a photograph, and the map so far.

    Args:
        photo: (3, height, width) in [0, 1].
        weights: (size, size), signed; what the filter does to each color.
        response: (rows, columns), the whole map.
        done: the share of the map that has been computed, from the top left on.
        stride: of the filter, in pixels.
        title: of the map.
    """
    made, (picture, drawn) = figure(1, 2, height=2.2, margins=FRAME)
    size, (rows, columns) = weights.shape[-1], response.shape
    last = max(0, min(rows * columns, round(done * rows * columns)) - 1)
    row, column = divmod(last, columns)
    plot_image(picture, photo, title=f"the photograph, {photo.shape[1]} × {photo.shape[2]}")
    for color, width in (("white", 3.6), (VERMILLION, 1.8)):
        corner = column * stride - 0.5, row * stride - 0.5
        picture.add_patch(Rectangle(corner, size, size, fill=False, ec=color, lw=width))
    shown = torch.full((3, rows, columns), 0.94).flatten(1)
    shown[:, : last + 1] = signed_pictures(response[None])[0].flatten(1)[:, : last + 1]
    plot_image(drawn, shown.view(3, rows, columns), title=title)
    inset = picture.inset_axes((0.02, 0.03, 0.24, 0.24 * photo.shape[2] / photo.shape[1]))
    plot_image(inset, signed_pictures(weights[None])[0])
    return made


def costs_figure(networks: Mapping[str, Sequence[StageCost]]) -> Figure:
    """Where the weights of networks are, and where their multiplications are, by size of map.

    Args:
        networks: the stages of each, by its name, for pictures of 224 × 224.
    """
    made, axes = figure(1, 2, height=3.9, sharey=True)
    for ax, kind, unit in zip(axes, ("weights", "multiplications"), (1e6, 1e9), strict=True):
        _plot_shares_by_stage(ax, networks, kind, unit)
        ax.set_title(kind)
    axes[0].set_yticks(range(len(networks)), list(networks))
    axes[0].invert_yaxis()
    names = {color: f"about {size} × {size}" for size, color in STAGE_COLORS.items()}
    names[DENSE_COLOR] = "no map"
    handles = [Patch(color=color, label=name) for color, name in names.items()]
    made.legend(
        handles=handles, loc="outside lower center", ncols=3, fontsize=11, title="size of the maps"
    )
    return made


def _plot_shares_by_stage(
    ax: Axes,
    networks: Mapping[str, Sequence[StageCost]],
    kind: str,
    unit: float,
) -> None:
    """Draw a bar of 100% for each network, split by stage, with the total next to it."""
    letter = {1e6: "M", 1e9: "G"}[unit]
    for row, found in enumerate(networks.values()):
        total, start = sum(getattr(stage, kind) for stage in found), 0.0
        for stage in found:
            share = 100 * getattr(stage, kind) / total
            ax.barh(row, share, left=start, height=0.62, color=_stage_color(stage))
            start += share
        ax.text(103, row, f"{total / unit:.3g} {letter}", va="center", fontsize=11)
    ax.set(xlim=(0, 136), xticks=[0, 50, 100], xlabel="share, %")
    ax.grid(axis="y", visible=False)


def _stage_color(stage: StageCost) -> str:
    """The color of the stage with the nearest size."""
    if stage.size is None:
        return DENSE_COLOR
    height, _ = stage.size
    return STAGE_COLORS[min(STAGE_COLORS, key=lambda size: abs(size - height))]


def plot_shuffle(
    ax: Axes, accuracies: Mapping[str, tuple[np.ndarray, np.ndarray]], *, names: Sequence[str]
) -> Axes:
    """Draw the accuracy of networks on pictures as they are and shuffled, a dot for each seed.

    The names of the networks stand below, since their lines may be anywhere.

    Args:
        accuracies: two arrays (seeds,) by network, in percent.
        names: of the two kinds of pictures.
    """
    for shift, (network, both) in zip((-0.06, 0.0, 0.06), accuracies.items(), strict=False):
        color = NETWORK_COLORS.get(network, SKY)
        means = [values.mean() for values in both]
        ax.plot([shift, 1 + shift], means, "-", color=color, lw=1.6, label=network)
        for x, values in enumerate(both):
            ax.plot(np.full(len(values), x + shift), values, "o", color=color, alpha=0.8, mew=0)
    ax.set_xticks([0, 1], list(names))
    ax.set(xlim=(-0.35, 1.35), ylabel="held-out pictures named, %")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=len(accuracies))
    return ax
