"""Images, and mosaics of them, drawn on axes without ticks."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor

from lib.plotting.style import GRAY, INK

PAPER = 0.99  # the gray between the pictures of a mosaic, as in the figures' background


def plot_image(ax: Axes, image: Tensor, *, title: str | None = None) -> Axes:
    """Draw an image (channels, height, width), 1 or 3 channels in [0, 1], pixel for pixel.

    Raises:
        ValueError: a wrong shape.
    """
    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(f"expected (1 or 3, height, width); got {tuple(image.shape)}")
    pixels = image.detach().clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    ax.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    return frame_picture(ax, title)


def frame_picture(ax: Axes, title: str | None = None) -> Axes:
    """Give axes that hold a picture a thin frame and a title, and remove the ticks."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=True, color=GRAY, linewidth=0.6)
    if title is not None:
        ax.set_title(title, fontsize=11)
    return ax


def mosaic(images: Tensor, *, columns: int, gap: int = 1, background: float = PAPER) -> Tensor:
    """Images (n, c, height, width) side by side with gaps, as one picture (c, height, width)."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    size = channels, rows * (height + gap) - gap, columns * (width + gap) - gap
    sheet = torch.full(size, background, dtype=images.dtype, device=images.device)
    for index, image in enumerate(images):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        sheet[:, top : top + height, left : left + width] = image
    return sheet


def plot_tiles(
    ax: Axes,
    images: Tensor,
    *,
    columns: int,
    gap: int = 1,
    title: str | None = None,
    marked: Sequence[int] = (),
) -> Axes:
    """Draw pictures (n, 1 or 3, height, width) in [0, 1] side by side, `gap` pixels apart.

    Those whose indices are in `marked` get a cross.
    """
    sheet = mosaic(images, columns=columns, gap=gap).expand(3, -1, -1)
    between = mosaic(torch.ones_like(images[:, :1]), columns=columns, gap=gap, background=0.0)
    pixels = torch.cat([sheet, between]).detach().clamp(0, 1)  # gaps are transparent
    ax.imshow(pixels.permute(1, 2, 0).cpu().numpy(), interpolation="nearest")
    frame_picture(ax, title)
    height, width = images.shape[2:]
    for index in marked:
        top, left = index // columns * (height + gap) - 0.5, index % columns * (width + gap) - 0.5
        for rows in ((top, top + height), (top + height, top)):
            ax.plot((left, left + width), rows, color=INK, lw=1.6)
    ax.axis("off")
    return ax
