"""Out-of-distribution test images, made from ordinary ones by one known shift."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lib.augmentation.base import uniform
from lib.augmentation.geometry import affine, horizontal_flip, rotate
from lib.precision import wide
from lib.validation import check_images


def shift_images(images: Tensor, shift: str, *, generator: torch.Generator) -> Tensor:
    """The images changed in the way that `shift` names, each by its own amount.

    For data that, unlike the rendered scenes, cannot be made again under other conditions. The
    names are those of the scenes' shifts, and the amounts are similar; here the background changes
    with the object.

    Args:
        images: (batch, channels, height, width).
        shift: "mirrored", "moved" (by 22% of the width, in any direction), "rescaled" (by 1.6 or
            1 / 1.6), "relit" (half as bright and, in color, warmer) or "rotated" (by 45 to 135°,
            in either direction).

    Raises:
        ValueError: an unknown shift.
    """
    check_images(images)
    if shift not in _SHIFTS:
        raise ValueError(f"shift must be one of {', '.join(_SHIFTS)}; got {shift!r}")
    return _SHIFTS[shift](images, generator)


def _mirrored(images: Tensor, generator: torch.Generator) -> Tensor:
    return horizontal_flip(images)


def _moved(images: Tensor, generator: torch.Generator) -> Tensor:
    direction = uniform(images, 0, 2 * math.pi, generator)
    by = 0.22 * images.shape[-1] * torch.stack([direction.cos(), direction.sin()], -1)
    return affine(images, translate=by, padding="border")


def _rescaled(images: Tensor, generator: torch.Generator) -> Tensor:
    return affine(images, scale=1.6 ** _sign(images, generator), padding="border")


def _relit(images: Tensor, generator: torch.Generator) -> Tensor:
    tint = torch.tensor([1.25, 1.0, 0.75] if images.shape[1] == 3 else [1.0])
    pixels = wide(images)
    return (0.5 * pixels * tint.to(pixels).view(-1, 1, 1)).clamp(0, 1).to(images.dtype)


def _rotated(images: Tensor, generator: torch.Generator) -> Tensor:
    angle = uniform(images, 45, 135, generator) * _sign(images, generator)
    return rotate(images, angle, padding="border")


def _sign(images: Tensor, generator: torch.Generator) -> Tensor:
    """-1 or 1 for each image, (batch,)."""
    draws = uniform(images, 0, 1, generator)
    return torch.where(draws < 0.5, -1.0, 1.0).to(draws)


_SHIFTS: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "mirrored": _mirrored,
    "moved": _moved,
    "rescaled": _rescaled,
    "relit": _relit,
    "rotated": _rotated,
}
