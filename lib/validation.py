"""Shared validation of images."""

from torch import Tensor


def check_images(images: Tensor, *, name: str = "images") -> None:
    """Raise unless images are float (batch, channels, height, width); the batch may be empty.

    Args:
        name: name of the argument, for the message.

    Raises:
        TypeError: not a floating-point tensor.
        ValueError: a wrong number of dimensions, or images without pixels.
    """
    if not isinstance(images, Tensor) or not images.is_floating_point():
        got = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"{name} must be a tensor of floats; got {got}")
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise ValueError(
            f"{name} must be (batch, channels, height, width); got shape {tuple(images.shape)}"
        )
