"""Shared validation of images, and of values that can be looked at without waiting."""

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


def extremes(values: Tensor) -> tuple[float, float] | None:
    """The lowest and the highest value of a tensor on the CPU; None on any other device.

    A GPU computes while the program goes on, and reading a value back would make the program wait.
    What lies on the CPU is read through numpy, which shares its memory. NaN makes both NaN.

    Args:
        values: numbers of any shape, not empty.
    """
    if values.device.type != "cpu":
        return None
    low, high = values.detach().aminmax()
    return float(low.double().numpy()), float(high.double().numpy())
