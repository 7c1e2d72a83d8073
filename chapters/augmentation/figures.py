"""The figures of chapter 4: effects of augmentations on pictures and on accuracy."""

import statistics
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from lib import augmentation
from lib.intervals import FEWEST, t_interval
from lib.plotting.images import plot_image
from lib.plotting.style import (
    BLUE,
    GAINS,
    GRAY,
    GREEN,
    ON_DARK,
    ON_LIGHT,
    SHARES,
    VERMILLION,
    figure,
)

MARGINS = {"left": 0.02, "right": 0.98, "top": 0.86, "bottom": 0.04, "wspace": 0.08}
CHANNEL_COLORS = {"red": VERMILLION, "green": GREEN, "blue": BLUE}
COLOR_OPERATIONS = {
    "brightness": augmentation.adjust_brightness,
    "contrast": augmentation.adjust_contrast,
    "saturation": augmentation.adjust_saturation,
    "hue": augmentation.adjust_hue,
}
# The parameters at strength 1, for an image of the given height.
AFFINE_OPERATIONS = {
    "translation": lambda strength, height: {"translate": (strength * height / 4, 0.0)},
    "rotation": lambda strength, height: {"angle": 45.0 * strength},
    "stretch": lambda strength, height: {"stretch": (1.6**strength, 1.0)},
    "shear": lambda strength, height: {"shear": (30.0 * strength, 0.0)},
}


def plot_window(ax: Axes, image: Tensor, *, top: int, left: int, size: int) -> Axes:
    """Draw an image (3, height, width) and a square window of `size` pixels in it."""
    plot_image(ax, image)
    for color, width in (("white", 4.0), (VERMILLION, 2.0)):  # visible on any picture
        ax.add_patch(Rectangle((left - 0.5, top - 0.5), size, size, fill=False, ec=color, lw=width))
    return ax


def crop_figure(photo: Tensor, *, short_side: int, place: float, flip: bool) -> Figure:
    """A frame of the explorer of crops: the resized photograph with its window, and the patch.

    Args:
        photo: (3, height, width), wider than high.
        short_side: L in pixels.
        place: position of the window, from 0 (upper left) to 1 (lower right).
        flip: whether to mirror the patch.
    """
    resized = augmentation.resize_short_side(photo[None], short_side)
    top, left = (int(place * (side - 224)) for side in resized.shape[-2:])
    patch = augmentation.crop(resized, top, left, size=224)
    made, (whole, part) = figure(1, 2, height=2.2, margins=MARGINS)
    plot_window(whole, resized[0], top=top, left=left, size=224)
    height, width = resized.shape[-2:]
    whole.set_title(f"{width} × {height} pixels", fontsize=11)
    plot_image(part, augmentation.horizontal_flip(patch, flip)[0])
    part.set_title("mirrored patch, 224 × 224" if flip else "patch, 224 × 224", fontsize=11)
    return made


def color_figure(photo: Tensor, *, operation: str, amount: float) -> Figure:
    """A frame of the explorer of colors: the photograph and how often each value occurs in it.

    Args:
        photo: (3, height, width).
        operation: a key of `COLOR_OPERATIONS`.
        amount: its factor or, for the hue, its shift.
    """
    changed = COLOR_OPERATIONS[operation](photo[None], amount)[0]
    margins = MARGINS | {"bottom": 0.2, "right": 0.97, "wspace": 0.12}
    made, (picture, chart) = figure(1, 2, height=2.3, margins=margins)
    value = f"{amount:+.2f} turns" if operation == "hue" else f"× {amount:g}"
    plot_image(picture, changed, title=f"{operation} {value}".replace("-", "−"))
    for channel, (name, color) in zip(changed, CHANNEL_COLORS.items(), strict=True):
        counts, edges = np.histogram(channel.cpu().numpy(), bins=32, range=(0, 1))
        chart.stairs(counts / counts.sum(), edges, color=color, lw=1.8, label=name)
    chart.set(xlim=(0, 1), xticks=[0, 0.5, 1], ylim=(0, 0.2), yticks=[])
    chart.set_xlabel("value of a pixel", fontsize=11)
    chart.legend(fontsize=11, loc="upper right", borderaxespad=0)
    return made


def affine_figure(photo: Tensor, *, operation: str, strength: float) -> Figure:
    """A frame of the explorer of affine maps: the photograph, and the image of a square.

    Args:
        photo: (3, height, width).
        operation: a key of `AFFINE_OPERATIONS`.
        strength: from -1 to 1; 0 changes nothing.
    """
    options = AFFINE_OPERATIONS[operation](strength, photo.shape[-2])
    moved = torch.tensor(options.get("translate", (0.0, 0.0))) / photo.shape[-2]
    linear = {name: value for name, value in options.items() if name != "translate"}
    matrix = augmentation.affine_matrix(photo[None], **linear)[0].cpu()
    made, (picture, plane) = figure(1, 2, height=2.3, margins=MARGINS)
    plot_image(picture, augmentation.affine(photo[None], **options)[0])
    name = f"{operation}, strength {strength:+g}".replace("-", "−")
    picture.set_title(name if strength else f"{operation}, none", fontsize=11)
    _plot_square(plane, matrix, moved)
    return made


def _plot_square(ax: Axes, matrix: Tensor, moved: Tensor) -> None:
    """A square around the center (dashed) and where the map takes it; y points down."""
    corners = torch.tensor([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5]])
    ax.plot(*corners.T, color=GRAY, ls="--", lw=1.4)
    ax.plot(*(corners @ matrix.T + moved).T, color=BLUE, lw=2.4)
    ax.set(xlim=(-1.2, 1.2), ylim=(1.35, -0.85), aspect="equal")
    ax.axis("off")
    rows = zip("xy", (matrix + 0.0).tolist(), moved.tolist(), strict=True)
    lines = [f"{name}' = {a:.2f} x {_term(b)} y {_term(t)}" for name, (a, b), t in rows]
    text = "\n".join(lines).replace("= -", "= −")
    ax.text(0, 0.85, text, fontsize=11, ha="center", va="top")


def _term(value: float) -> str:
    """A later term of a sum, such as "+ 0.50"; values that round to zero are positive."""
    return f"{'−' if value <= -0.005 else '+'} {abs(value):.2f}"


def lens_figure(photo: Tensor, *, k: float) -> Figure:
    """A frame of the explorer of lenses: the photograph (3, height, width) and a straight grid."""
    lines = torch.ones(1, 1, *photo.shape[-2:])
    for side in (-2, -1):  # every 24 pixels from the center, 3 pixels wide
        places = torch.arange(lines.shape[side]) - lines.shape[side] // 2
        lines.index_fill_(side, ((places + 1) % 24 < 3).nonzero()[:, 0], 0.3)
    made, axes = figure(1, 2, height=2.2, margins=MARGINS)
    for ax, image in zip(axes, (photo[None], lines), strict=True):
        plot_image(ax, augmentation.lens_distortion(image.cpu(), k)[0])
    kind = "barrel" if k > 0 else "pincushion" if k < 0 else "no distortion"
    axes[0].set_title(f"k = {k:+.2f}: {kind}".replace("-", "−") if k else kind, fontsize=11)
    axes[1].set_title("straight lines", fontsize=11)
    return made


def plot_reading(
    ax: Axes, *, width: int, height: int, inverse: Tensor, pixel: Sequence[int]
) -> Axes:
    """Draw where an output's pixels come from, as dots on the input's pixels.

    Args:
        width, height: of both images, in pixels.
        inverse: (2, 2), from output to input coordinates, about the center.
        pixel: (column, row) of the output pixel that is drawn with its four neighbors.
    """
    center = torch.tensor([(width - 1) / 2, (height - 1) / 2])
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    at = (torch.stack([x, y], -1) - center) @ inverse.T + center
    ax.plot(
        x.flatten(), y.flatten(), "s", color=GRAY, ms=9, alpha=0.35, label="pixels of the\ninput"
    )
    ax.plot(*at.flatten(0, 1).T, ".", color=BLUE, ms=5, label="where output\npixels come from")
    column, row = pixel
    source = at[row, column]
    corner = source.floor()
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        neighbor = corner + torch.tensor([dx, dy])
        ax.plot(*torch.stack([source, neighbor]).T, color=VERMILLION, lw=1.5)
    ax.plot(*source, "o", color=VERMILLION, ms=8, label="one of them and\nits four neighbors")
    ax.set_aspect("equal")
    ax.invert_yaxis()
    ax.axis("off")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=11, frameon=False)
    return ax


def plot_crop_probabilities(
    ax: Axes, probabilities: Sequence[Sequence[float]], scales: Sequence[int], *, title: str
) -> Axes:
    """Draw one dot for each crop, a column for each scale, and the mean of all as a line.

    Args:
        probabilities: of one class, for each scale a sequence over its crops.
        scales: short sides, in pixels.
    """
    for x, column in enumerate(probabilities):
        spread = np.linspace(-0.22, 0.22, len(column))  # so that equal values do not overlap
        ax.plot(x + spread, column, ".", color=BLUE, ms=6, alpha=0.8)
    mean = statistics.fmean(value for column in probabilities for value in column)
    ax.axhline(mean, color=VERMILLION, lw=1.8)
    ax.set_xticks(range(len(scales)), [str(scale) for scale in scales], fontsize=11)
    ax.set(ylim=(-0.03, 1.03), xlabel="short side, pixels")
    ax.set_title(title, fontsize=11)
    return ax


def plot_answers(ax: Axes, shares: np.ndarray) -> Axes:
    """Draw how often each class (rows) gets each answer (columns), in percent; (10, 10)."""
    ax.imshow(shares, cmap=SHARES, vmin=0, vmax=100)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 1:
            color = ON_DARK if share > 55 else ON_LIGHT
            ax.text(column, row, f"{share:.0f}", ha="center", va="center", color=color, fontsize=11)
    ax.set(xticks=range(10), yticks=range(10), xlabel="answer", ylabel="mirrored digit")
    ax.grid(False)
    return ax


def plot_gains(ax: Axes, gains: Mapping[str, Mapping[str, Sequence[float]]]) -> Axes:
    """Draw a table of gains in points: mean over seeds, and ± half its 95% interval below.

    Args:
        gains: for each row and column, one number per seed; all rows have the same columns.
    """
    rows, columns = list(gains), list(next(iter(gains.values())))
    means = np.array([[statistics.fmean(gains[row][column]) for column in columns] for row in rows])
    limit = np.abs(means).max() or 1.0
    ax.imshow(means, cmap=GAINS, vmin=-limit, vmax=limit, aspect="auto")
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            dark = abs(means[y, x]) > 0.65 * limit
            ax.text(
                x, y, _gain(gains[row][column]), ha="center", va="center", fontsize=11,
                linespacing=0.95, color=ON_DARK if dark else ON_LIGHT,
            )  # fmt: skip
    ax.set_xticks(range(len(columns)), columns, fontsize=11)
    ax.set_yticks(range(len(rows)), rows, fontsize=11)
    ax.tick_params(length=0)
    ax.grid(False)
    return ax


def _gain(values: Sequence[float]) -> str:
    """Text such as "+12.3" above "± 1.0"; without an interval if there are too few values."""
    mean = f"{statistics.fmean(values):+.1f}".replace("-", "−")
    if len(values) < FEWEST:
        return mean
    _, low, high = t_interval(values)
    return f"{mean}\n± {(high - low) / 2:.1f}"
