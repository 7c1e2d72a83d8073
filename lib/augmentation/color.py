"""Changes of light and color: brightness, contrast, saturation and hue."""

from collections.abc import Callable

import torch
from torch import Tensor

from lib.augmentation.base import per_image, uniform
from lib.precision import wide
from lib.validation import check_images

LUMA = (0.2989, 0.587, 0.114)  # how bright red, green and blue look (ITU-R BT.601)


def adjust_brightness(images: Tensor, factor: Tensor | float) -> Tensor:
    """The images times `factor`, clipped to [0, 1]: 0 is black, 1 changes nothing.

    Same result as torchvision's function of this name.

    Args:
        images: (batch, 1 or 3, height, width), as for all functions here.
        factor: at least 0; a number or (batch,).

    Raises:
        ValueError: a negative factor, or mismatched shapes.
    """
    return _blend(_pixels(images), 0.0, factor).to(images.dtype)


def adjust_contrast(images: Tensor, factor: Tensor | float) -> Tensor:
    """The images' distances from their own mean gray times `factor`: 0 is flat gray.

    Same result as torchvision's function of this name, up to rounding (1e-6).
    """
    pixels = _pixels(images)
    return _blend(pixels, _gray(pixels).mean(dim=(-2, -1), keepdim=True), factor).to(images.dtype)


def adjust_saturation(images: Tensor, factor: Tensor | float) -> Tensor:
    """Every pixel's distance from its own gray times `factor`: 0 is a gray picture.

    Same result as torchvision's function of this name, up to rounding (1e-6).
    """
    pixels = _pixels(images)
    return _blend(pixels, _gray(pixels), factor).to(images.dtype)


def adjust_hue(images: Tensor, shift: Tensor | float) -> Tensor:
    """The images with every hue turned by `shift` of the color circle; gray pixels do not change.

    A third of a turn makes red green, green blue and blue red. torchvision's function of this name
    differs only by rounding (1e-5).

    Args:
        images: as above; with one channel there is no hue, and nothing changes.
        shift: turns in [-1/2, 1/2]; a number or (batch,).

    Raises:
        ValueError: a shift out of range, or mismatched shapes.
    """
    pixels = _pixels(images)
    shift = per_image(images, "shift", shift)
    if not bool((shift.abs() <= 0.5).all()):
        raise ValueError(f"shift must lie in [-1/2, 1/2] turns; got {shift.tolist()}")
    if images.shape[1] == 1:
        return images
    hue, chroma, value = _hue_chroma_value(pixels)
    return _rgb(hue + 6 * shift.view(-1, 1, 1), chroma, value).to(images.dtype)


def color_jitter(
    images: Tensor,
    generator: torch.Generator,
    *,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
) -> Tensor:
    """Each image with its own random color change: factors uniform in 1 ± amount, hues in ±`hue`.

    Like torchvision's `ColorJitter`, but always in the order of the arguments (there it is random)
    and with separate draws per image. An amount of 0 costs nothing.

    Args:
        brightness, contrast, saturation: at most 1.
        hue: turns, at most 1/2.

    Raises:
        ValueError: an amount out of range.
    """
    amounts = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    if not all(0 <= amount <= 1 for amount in amounts.values()) or not 0 <= hue <= 0.5:
        raise ValueError(f"amounts must lie in [0, 1], hue in [0, 1/2]; got {amounts}, hue {hue}")
    check_images(images)
    pixels = wide(images)
    steps: list[tuple[Callable, float, float]] = [
        (adjust_brightness, brightness, 1.0),
        (adjust_contrast, contrast, 1.0),
        (adjust_saturation, saturation, 1.0),
        (adjust_hue, hue, 0.0),
    ]
    for adjust, amount, middle in steps:
        if amount:
            draws = uniform(images, middle - amount, middle + amount, generator)
            pixels = adjust(pixels, draws)
    return pixels.to(images.dtype)


def gray(images: Tensor) -> Tensor:
    """How bright each pixel looks, (batch, 1, height, width)."""
    return _gray(_pixels(images)).to(images.dtype)


def _pixels(images: Tensor) -> Tensor:
    """The images in their precision, which is at least float32."""
    check_images(images)
    if images.shape[1] not in (1, 3):
        raise ValueError(f"colors need 1 or 3 channels; got {images.shape[1]}")
    return wide(images)


def _gray(pixels: Tensor) -> Tensor:
    if pixels.shape[1] == 1:
        return pixels
    red, green, blue = pixels.split(1, dim=1)
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def _blend(pixels: Tensor, other: Tensor | float, factor: Tensor | float) -> Tensor:
    """factor · pixels + (1 - factor) · other, in [0, 1]."""
    factor = per_image(pixels, "factor", factor).view(-1, 1, 1, 1)
    if not bool((factor >= 0).all()):
        raise ValueError(f"factor must be at least 0; got {factor.flatten().tolist()}")
    return (factor * pixels + (1 - factor) * other).clamp(0, 1)


def _hue_chroma_value(pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue in sixths of a turn, chroma (largest minus smallest channel), value (largest)."""
    red, green, blue = pixels.unbind(1)
    value = pixels.amax(1)
    chroma = value - pixels.amin(1)
    safe = chroma.clamp(min=torch.finfo(pixels.dtype).tiny)
    largest_is_blue = (red - green) / safe + 4
    largest_is_green = (blue - red) / safe + 2
    hue = torch.where(green == value, largest_is_green, largest_is_blue)
    return torch.where(red == value, (green - blue) / safe, hue), chroma, value


def _rgb(hue: Tensor, chroma: Tensor, value: Tensor) -> Tensor:
    """The inverse: each channel falls below `value` by up to the chroma, by hue distance."""
    channels = []
    for offset in (5, 3, 1):  # red, green, blue
        k = (hue + offset) % 6
        channels.append(value - chroma * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, 1)
