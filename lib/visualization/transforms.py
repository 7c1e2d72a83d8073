"""Small random changes of a picture while it is synthesized: what survives them is not grain.

Each function here returns a transform, called with (images, generator); every image has its own
draw. Numbers are drawn on the CPU and moved.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from lib.precision import wide, wide_dtype, without_autocast

Transform = Callable[[Tensor, torch.Generator], Tensor]


def jitter(pixels: int) -> Transform:
    """Shifts by up to `pixels` along both axes; what leaves on one side enters on the other.

    Raises:
        ValueError: a negative number.
    """
    _require(pixels >= 0, f"pixels must be at least 0; got {pixels}")

    def shift(images: Tensor, generator: torch.Generator) -> Tensor:
        places = torch.randint(-pixels, pixels + 1, (len(images), 2), generator=generator)
        return torch.stack(
            [
                image.roll(place, (1, 2))
                for image, place in zip(images, places.tolist(), strict=True)
            ]
        )

    return shift


def scale(low: float, high: float) -> Transform:
    """Scaling about the center by factors drawn uniformly from [low, high]; edges are mirrored.

    Raises:
        ValueError: not 0 < low <= high.
    """
    _require(0 < low <= high, f"expected 0 < low <= high; got {low} and {high}")

    def enlarge(images: Tensor, generator: torch.Generator) -> Tensor:
        factors = low + (high - low) * torch.rand(len(images), generator=generator)
        return _resample(images, torch.zeros(len(images)), factors)

    return enlarge


def rotate(degrees: float) -> Transform:
    """Rotations about the center by angles drawn uniformly in ±`degrees`; edges are mirrored.

    Raises:
        ValueError: a negative number.
    """
    _require(degrees >= 0, f"degrees must be at least 0; got {degrees}")

    def turn(images: Tensor, generator: torch.Generator) -> Tensor:
        angles = degrees * (2 * torch.rand(len(images), generator=generator) - 1)
        return _resample(images, angles * (math.pi / 180), torch.ones(len(images)))

    return turn


def pad(pixels: int, *, value: float = 0.5) -> Transform:
    """A frame of this width and value around the images; nothing is random.

    Raises:
        ValueError: a negative width.
    """
    _require(pixels >= 0, f"pixels must be at least 0; got {pixels}")
    return lambda images, _: functional.pad(images, (pixels,) * 4, value=value)


def blur(sigma: float) -> Transform:
    """A Gaussian blur of this standard deviation in pixels; nothing is random.

    Raises:
        ValueError: sigma is not positive.
    """
    _require(sigma > 0, f"sigma must be positive; got {sigma}")
    return lambda images, _: gaussian_blur(images, sigma)


@without_autocast()
def gaussian_blur(images: Tensor, sigma: float) -> Tensor:
    """Images (batch, channels, height, width) blurred with standard deviation `sigma`, in pixels.

    The kernel reaches to three standard deviations; at the edges the last pixel is repeated.
    """
    reach = max(1, math.ceil(3 * sigma))
    places = torch.arange(-reach, reach + 1, dtype=wide_dtype(images))
    kernel = torch.exp(-(places**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).to(images)
    channels = images.shape[1]
    x = functional.pad(images, (reach,) * 4, mode="replicate")
    x = functional.conv2d(x, kernel.view(1, 1, 1, -1).expand(channels, -1, -1, -1), groups=channels)
    return functional.conv2d(
        x, kernel.view(1, 1, -1, 1).expand(channels, -1, -1, -1), groups=channels
    )


@without_autocast()
def _resample(images: Tensor, angles: Tensor, factors: Tensor) -> Tensor:
    """Each image turned by its angle (radians) and enlarged by its factor, by inverse sampling."""
    height, width = images.shape[-2:]
    pictures = wide(images)  # half precision would round the places, too
    angles, factors = angles.to(pictures.dtype), factors.to(pictures.dtype)
    cos, sin = torch.cos(angles) / factors, torch.sin(angles) / factors
    ratio = height / width  # coordinates run from -1 to 1 along either side
    rows = [cos, -sin * ratio, 0 * cos, sin / ratio, cos, 0 * cos]
    theta = torch.stack(rows, dim=1).view(-1, 2, 3).to(pictures)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    turned = functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    return turned.to(images.dtype)


def _require(fine: bool, message: str) -> None:
    if not fine:
        raise ValueError(message)
