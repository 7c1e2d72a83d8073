"""Pictures as pictures: an image in an axes, without ticks."""

from matplotlib.axes import Axes
from torch import Tensor

from lib.plotting.style import GRAY


def plot_image(ax: Axes, image: Tensor, *, title: str | None = None) -> Axes:
    """Draw an image (channels, height, width), 1 or 3 channels in [0, 1], pixel for pixel.

    Raises:
        ValueError: another shape.
    """
    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise ValueError(f"expected (1 or 3, height, width); got {tuple(image.shape)}")
    pixels = image.detach().clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    ax.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    return frame_picture(ax, title)


def frame_picture(ax: Axes, title: str | None = None) -> Axes:
    """Give an axes that holds a picture a thin frame and a title, and no ticks."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set(visible=True, color=GRAY, linewidth=0.6)
    if title is not None:
        ax.set_title(title, fontsize=10)
    return ax
