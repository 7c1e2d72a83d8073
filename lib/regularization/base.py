"""What the regularizers of images share: a check of what they are given."""

from torch import Tensor


def check_images(x: Tensor) -> None:
    """Refuse anything but float images (batch, channels, height, width); the batch may be empty.

    Raises:
        TypeError: no floating-point tensor.
        ValueError: another number of dimensions, or images without pixels.
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        got = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x must be a tensor of floats; got {got}")
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise ValueError(f"expected x (batch, channels, height, width); got {tuple(x.shape)}")
