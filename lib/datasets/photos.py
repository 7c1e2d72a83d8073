"""Photographs that come inside the scikit-image and scikit-learn wheels: no network is needed.

Their origins and licenses are in datasheets.md.
"""

import math
from importlib.resources import as_file, files

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

_FILES = {
    "astronaut": ("skimage.data", "astronaut.png"),
    "chelsea": ("skimage.data", "chelsea.png"),
    "coffee": ("skimage.data", "coffee.png"),
    "hubble": ("skimage.data", "hubble_deep_field.jpg"),
    "motorcycle": ("skimage.data", "motorcycle_left.png"),
    "rocket": ("skimage.data", "rocket.jpg"),
    "china": ("sklearn.datasets.images", "china.jpg"),
    "flower": ("sklearn.datasets.images", "flower.jpg"),
}
PHOTOS = tuple(_FILES)
# Patches are cut from photographs reduced to this height: at full size most would be one color.
PATCH_SOURCE_HEIGHT = 160


def load_photo(name: str) -> Tensor:
    """A photograph (3, height, width), float32 in [0, 1], on the CPU.

    Args:
        name: one of `PHOTOS`.

    Raises:
        ValueError: an unknown name; the message lists the valid ones.
        FileNotFoundError: the photograph is missing from its wheel.
    """
    if name not in _FILES:
        raise ValueError(f"name must be one of {', '.join(PHOTOS)}; got {name!r}")
    package, file = _FILES[name]
    with as_file(files(package) / file) as path, Image.open(path) as image:
        pixels = np.array(image.convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).float().div(255)


def photo_patches(
    count: int,
    *,
    size: int = 32,
    generator: torch.Generator,
    names: tuple[str, ...] = PHOTOS,
    height: int = PATCH_SOURCE_HEIGHT,
) -> Tensor:
    """Random square patches of photographs, (count, 3, size, size), on the CPU.

    Each comes from a photograph drawn uniformly, which is first reduced to `height` pixels by
    averaging, and from a place drawn uniformly.

    Args:
        count: number of patches, at least 1.
        size: pixels on a side, at most those of the smallest reduced photograph.
        generator: a CPU generator; the same state gives the same patches.
        names: photographs to cut from.
        height: pixels to which photographs are reduced; smaller shows more of the scene in a patch.

    Raises:
        ValueError: a count or size below 1, no names or unknown ones, or patches larger than a
            reduced photograph.
    """
    if count < 1 or size < 1 or not names:
        raise ValueError(
            f"expected count and size of at least 1 and a name; got {count}, {size}, {names}"
        )
    photos = [_reduce(load_photo(name), height) for name in names]
    smallest = min(min(photo.shape[1:]) for photo in photos)
    if size > smallest:
        raise ValueError(f"patches of {size} pixels do not fit into {smallest}; raise the height")
    choice = torch.randint(len(photos), (count,), generator=generator)
    places = torch.rand(count, 2, generator=generator)
    patches = torch.empty(count, 3, size, size)
    for row, (photo, place) in enumerate(zip(choice.tolist(), places.tolist(), strict=True)):
        pixels = photos[photo]
        top, left = (
            math.floor(part * (side - size + 1))
            for part, side in zip(place, pixels.shape[1:], strict=True)
        )
        patches[row] = pixels[:, top : top + size, left : left + size]
    return patches


def _reduce(photo: Tensor, height: int) -> Tensor:
    """The photograph at this height, aspect ratio kept; a lower one is unchanged."""
    if height >= photo.shape[1]:
        return photo
    width = round(photo.shape[2] * height / photo.shape[1])
    scaled = functional.interpolate(photo[None], (height, width), mode="bilinear", antialias=True)
    return scaled[0].clamp(0, 1)
