"""First-layer weights, and a number that distinguishes learned from random ones."""

import torch
from torch import Tensor, nn

from lib.precision import unit_scale, wide


def first_layer_filters(model: nn.Module) -> Tensor:
    """A copy of the weights of the model's first convolution, (filters, channels, height, width).

    It is the first in the order of `model.modules()`, in which the layers were assigned; in all of
    torchvision's networks, this is the layer that sees the pixels.

    Raises:
        ValueError: the model has no 2-d convolution.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            return module.weight.detach().clone()
    raise ValueError(f"the model has no nn.Conv2d; got a {type(model).__name__}")


def roughness(filters: Tensor) -> Tensor:
    """How much each filter changes from pixel to pixel, (filters,): 1 for noise, 0 for a constant.

    The mean squared difference of neighbors (horizontal and vertical, in the same channel) over
    twice the mean square of the weights. Independent weights of mean zero have 1 on average, smooth
    filters less, and a chessboard of +1 and -1 has 2. The roughness of a filter of zeros is NaN.

    Args:
        filters: (filters, channels, height, width), with two pixels or more.

    Raises:
        ValueError: a wrong shape, or filters of one pixel.

    Source: von Neumann, "Distribution of the ratio of the mean square successive difference to the
    variance", Annals of Mathematical Statistics 1941; here about zero instead of the mean, and on a
    grid instead of a line.
    """
    if filters.ndim != 4 or filters.shape[2] * filters.shape[3] < 2 or 0 in filters.shape:
        raise ValueError(
            "expected (filters, channels, height, width) with two pixels or more; got "
            f"{tuple(filters.shape)}"
        )
    w = wide(filters.detach())
    w = w / unit_scale(w, 1, 2, 3)  # squares of large or small weights could not be represented
    steps = torch.cat([w.diff(dim=2).flatten(1), w.diff(dim=3).flatten(1)], dim=1)
    return ((steps**2).mean(dim=1) / (2 * (w**2).flatten(1).mean(dim=1))).to(filters.dtype)
