"""A baseline for maps: the edges of a picture, which depend on no network."""

import torch
from torch import Tensor
from torch.nn import functional


def edges(images: Tensor) -> Tensor:
    """How steeply each image changes at each pixel, in its steepest color: (n, height, width).

    Sobel's two filters give the slopes to the right and downward; a pixel gets the length of the
    two. The border is continued, so that it is no edge.

    Args:
        images: (n, channels, height, width).

    Raises:
        ValueError: images of another shape.
    """
    if images.ndim != 4:
        raise ValueError(f"expected images (n, channels, height, width); got {tuple(images.shape)}")
    right = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]).to(images) / 8
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    slopes = functional.conv2d(
        padded.flatten(0, 1)[:, None], torch.stack([right, right.T])[:, None]
    )
    return slopes.norm(dim=1).view(images.shape).amax(dim=1)
