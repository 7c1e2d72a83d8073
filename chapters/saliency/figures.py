"""The figures of chapter 7: maps of what a network looks at, beside the pictures they explain."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from lib.plotting.images import frame_picture, plot_image
from lib.plotting.style import (
    BLUE,
    GAINS,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    VERMILLION,
    WIDTH,
    figure,
    plot_spread,
)
from lib.visualization.transforms import gaussian_blur

HEAT = "magma"  # perceptually uniform from dark to light, and safe for color-blind readers
METHOD_COLORS = {
    "guided backprop": VERMILLION,
    "occlusion": GREEN,
    "saliency": BLUE,
    "Grad-CAM": ORANGE,
    "edges of the picture": GRAY,
}
MARGINS = {"left": 0.02, "right": 0.98, "top": 0.9, "bottom": 0.03, "wspace": 0.05}
BRIGHTEST = 0.998  # the fraction of pixels that a heat map shows without clipping


def plot_heat(ax: Axes, heat: Tensor, *, title: str | None = None, smooth: float = 0.0) -> Axes:
    """Draw a map (height, width) of values from 0 up, dark to light; the largest few are clipped.

    Args:
        smooth: standard deviation of a blur for display, in pixels.
    """
    shown = heat.detach().float().cpu().clamp(min=0)
    if smooth > 0:
        shown = gaussian_blur(shown[None, None], smooth)[0, 0]
    most = float(shown.flatten().quantile(BRIGHTEST)) or float(shown.max()) or 1.0
    ax.imshow(shown.numpy(), cmap=HEAT, vmin=0, vmax=most, interpolation="nearest")
    return frame_picture(ax, title)


def plot_falls(
    ax: Axes, image: Tensor, falls: Tensor, *, limit: float, title: str | None = None
) -> Axes:
    """Draw an image in pale gray, blue where covering lowers the score, orange where it raises it.

    Args:
        image: (3, height, width).
        falls: (height, width), drops of the score; NaN where nothing is known yet.
        limit: the drop drawn in full color.
    """
    gray = image.detach().mean(0).clamp(0, 1).cpu().numpy()[..., None]
    strength = np.nan_to_num(falls.detach().float().cpu().numpy() / limit).clip(-1, 1)
    color = GAINS((strength + 1) / 2)[..., :3]
    weight = (0.85 * np.abs(strength) ** 0.7)[..., None]
    pixels = (0.35 + 0.6 * gray) * (1 - weight) + color * weight
    ax.imshow(pixels, interpolation="nearest")
    return frame_picture(ax, title)


def film_figure(
    image: Tensor, falls: Tensor, *, box: tuple[int, int, int, int], fall: float, limit: float
) -> Figure:
    """A frame of the film of occlusion: the image under its patch, and the map known so far.

    Args:
        image: (3, height, width).
        falls: (height, width), NaN where no window has been yet.
        box: top, left, height and width of the patch.
        fall: drop of the score under this patch.
        limit: the drop drawn in full color.
    """
    top, left, height, width = box
    covered = image.clone()
    covered[:, top : top + height, left : left + width] = 0.5
    made, (picture, chart) = figure(1, 2, height=2.8, margins=MARGINS)
    plot_image(picture, covered)
    word = "falls" if fall > 0 else "rises"
    picture.set_title(f"the score {word} by {abs(fall):.1f}", fontsize=11)
    plot_falls(chart, image, falls, limit=limit, title="the map so far")
    chart.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, ec=INK, lw=1.2))
    return made


def heat_figure(image: Tensor, heat: Tensor, *, title: str, smooth: float = 0.0) -> Figure:
    """A frame that shows an image (3, height, width) and a map of it, side by side."""
    made, (picture, chart) = figure(1, 2, height=2.8, margins=MARGINS)
    plot_image(picture, image)
    plot_heat(chart, heat, title=title, smooth=smooth)
    return made


def plot_outline(ax: Axes, mask: Tensor, *, color: str = "white") -> Axes:
    """Draw the outline of a mask (height, width) over what an axes shows."""
    ax.contour(mask.cpu().numpy().astype(float), levels=[0.5], colors=[color], linewidths=1.2)
    return ax


def maps_figure(image: Tensor, mask: Tensor, maps: Mapping[str, Tensor]) -> Figure:
    """An image with the outline of its object, and one heat map per method, in rows of three.

    Args:
        image: (3, height, width).
        mask: (height, width) bool, the object.
        maps: (height, width) for each method's name.
    """
    rows = -(-(len(maps) + 1) // 3)
    made, axes = figure(rows, 3, height=2.0 * rows)
    for ax in axes.flat:
        ax.axis("off")
    plot_outline(plot_image(axes.flat[0], image, title="object outlined"), mask)
    for ax, (name, heat) in zip(axes.flat[1:], maps.items(), strict=False):
        plot_outline(plot_heat(ax, heat, title=name), mask)
    for ax in axes.flat[: len(maps) + 1]:
        ax.axis("on")
    return made


def plot_forgetting(
    ax: Axes, energies: Mapping[str, np.ndarray], steps: Sequence[str], *, share: float
) -> Axes:
    """Draw the energy inside the mask while layers are shuffled, from the top downwards.

    Args:
        energies: (networks, steps) for each method: mean over networks and their range.
        steps: a name for each step, such as "+ hidden".
        share: mean share of the image inside the masks, the energy of an uninformative map.
    """
    ax.axhline(share, color=GRAY, lw=1.2, ls="--")
    places = np.arange(len(steps))
    for name, values in energies.items():
        plot_spread(ax, places, np.asarray(values), color=METHOD_COLORS[name], label=name)
    ax.set_xticks(places, steps, fontsize=11)
    ax.set(ylim=(0, None), ylabel="energy inside the mask", xlabel="layers shuffled so far")
    ax.text(0, share - 0.01, "the mask's share", fontsize=11, ha="left", va="top", color=GRAY)
    return ax


def suspect_figure(image: Tensor, falls: Mapping[str, Tensor]) -> Figure:
    """A frame with an image and what each of several networks takes from it, by occlusion.

    Args:
        image: (3, height, width).
        falls: drops of the score, (height, width), by network name; each has its own scale.
    """
    made, axes = figure(1, 1 + len(falls), height=5.4 / (1 + len(falls)) + 0.25, margins=MARGINS)
    plot_image(axes[0], image, title="scene")
    for ax, (name, values) in zip(axes[1:], falls.items(), strict=True):
        limit = 0.8 * float(values.abs().max()) or 1.0
        plot_falls(ax, image, values, limit=limit, title=name)
    return made


def neuron_figure(
    image: Tensor,
    boxes: Sequence[tuple[int, int, int, int]],
    heats: Sequence[Sequence[Tensor]],
    *,
    rows: Sequence[str],
) -> Figure:
    """A column for each neuron: the pixels it can see, and maps of them.

    Args:
        image: (3, height, width).
        boxes: (top, left, bottom, right) for each neuron, the last two exclusive.
        heats: for each neuron a map (height, width) of the whole image for each of `rows`.
        rows: names of the maps.
    """
    height = WIDTH / len(boxes) * (1 + len(rows))
    made, axes = figure(1 + len(rows), len(boxes), height=height, squeeze=False)
    for column, (top, left, bottom, right), maps in zip(axes.T, boxes, heats, strict=True):
        part = (..., slice(top, bottom), slice(left, right))
        plot_image(column[0], image[part], title=f"sees {bottom - top} × {right - left}")
        for ax, heat in zip(column[1:], maps, strict=True):
            plot_heat(ax, heat[part], smooth=(bottom - top) / 160)
    for ax, name in zip(axes[:, 0], ("pixels", *rows), strict=True):
        ax.set_ylabel(name, fontsize=11)
    return made
