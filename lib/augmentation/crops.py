"""Crops of images at many places and sizes: random ones to train on, fixed ones to average at test.

An image of any size becomes one of the size a network was made for.
"""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.augmentation.base import (
    integers,
    per_image,
    uniform,
    whole_per_image,
)
from lib.augmentation.geometry import horizontal_flip, sample
from lib.precision import wide, without_autocast
from lib.validation import check_images

RESNET_SCALES = (224, 256, 384, 480, 640)


def crop(images: Tensor, top: Tensor | int, left: Tensor | int, *, size: int) -> Tensor:
    """The squares of `size` pixels whose upper left corners lie at (top, left).

    Same as torchvision's `crop`, but a square that extends beyond its image is an error.

    Args:
        images: (batch, channels, height, width).
        top, left: whole pixels; a number or (batch,).

    Returns:
        (batch, channels, size, size).

    Raises:
        ValueError: a square that does not lie within its image, or corners that are not whole.
    """
    check_images(images)
    top, left = (
        whole_per_image(images, name, corner) for name, corner in (("top", top), ("left", left))
    )
    for name, corner, length in (("top", top, images.shape[-2]), ("left", left, images.shape[-1])):
        if size < 1 or not bool(((corner >= 0) & (corner + size <= length)).all()):
            raise ValueError(
                f"a crop of {size} pixels needs {name} in [0, {length - size}]; "
                f"got {corner.tolist()}"
            )
    if len(images) == 0:
        return images[..., :size, :size]
    inside = torch.arange(size, device=images.device)
    rows, columns = (top[:, None] + inside)[:, :, None], (left[:, None] + inside)[:, None, :]
    image = torch.arange(len(images), device=images.device).view(-1, 1, 1)
    return images[image, :, rows, columns].movedim(-1, 1)


def resize_short_side(images: Tensor, length: int) -> Tensor:
    """The images resized to a short side of `length` pixels, aspect ratio kept, without aliasing.

    Same as torchvision's `resize` with a single length (bilinear, antialiased).

    Raises:
        ValueError: a length below 1.
    """
    check_images(images)
    if length < 1:
        raise ValueError(f"length must be at least 1 pixel; got {length}")
    height, width = images.shape[-2:]
    short = min(height, width)
    if short == length:
        return images
    size = (int(length * height / short), int(length * width / short))
    resized = functional.interpolate(
        wide(images), size=size, mode="bilinear", antialias=True, align_corners=False
    )
    return resized.to(images.dtype)


def random_scale_crop(
    images: Tensor,
    generator: torch.Generator,
    *,
    short_side: tuple[int, int] = (256, 480),
    size: int = 224,
) -> Tensor:
    """Each image resized to a short side L drawn from `short_side`, cropped to a random square.

    The recipe that ResNet was trained with.

    Args:
        short_side: the smallest and the largest L, both included, in pixels.
        size: pixels of the square.

    Returns:
        (batch, channels, size, size).

    Raises:
        ValueError: an invalid range, or one that begins below `size`.

    Cost: one resize for each distinct L, one crop for each image.
    Source: He et al., "Deep residual learning for image recognition", CVPR 2016, section 3.4, after
    Simonyan and Zisserman, ICLR 2015, section 3.1.
    """
    check_images(images)
    if short_side[0] < size:
        raise ValueError(f"a short side of {short_side[0]} pixels has no square of {size}")
    lengths = integers(images, *short_side, generator)
    down, right = (uniform(images, 0, 1, generator) for _ in range(2))
    result = images.new_empty(len(images), images.shape[1], size, size)
    for length in lengths.unique().tolist():
        chosen = lengths == length
        resized = resize_short_side(images[chosen], length)
        corner = (  # in float32 even for float64 images, so that every dtype gets the same corner
            (part[chosen].float() * (side - size + 1)).long()
            for part, side in zip((down, right), resized.shape[-2:], strict=True)
        )
        result[chosen] = crop(resized, *corner, size=size)
    return result


def resized_crop(
    images: Tensor,
    *,
    top: Tensor | float,
    left: Tensor | float,
    height: Tensor | float,
    width: Tensor | float,
    size: int,
) -> Tensor:
    """The boxes given in pixels, each stretched to a square of `size` pixels.

    The whole batch is sampled bilinearly at once, without antialiasing: torchvision's
    `resized_crop` with `antialias=False` agrees within 1e-5 except in the outermost pixels, where
    it never samples outside the box. If a box is much larger than `size`, the result is grainy:
    use `resize_short_side` first.

    Args:
        images: (batch, channels, height, width).
        top, left, height, width: position and size of the boxes; numbers or (batch,).

    Raises:
        ValueError: boxes without area, or mismatched shapes.
    """
    check_images(images)
    start, extent = (
        torch.stack([per_image(images, name, value) for name, value in pair], -1)
        for pair in (
            (("left", left), ("top", top)),
            (("width", width), ("height", height)),
        )
    )
    if size < 1 or not bool((extent > 0).all()):
        raise ValueError(f"boxes and size must be positive; got {extent.tolist()}, size {size}")
    middles = (torch.arange(size).to(extent) + 0.5) / size
    x_y = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), -1)
    center = torch.tensor([images.shape[-1] / 2, images.shape[-2] / 2]).to(extent)
    at = start.view(-1, 1, 1, 2) + x_y * extent.view(-1, 1, 1, 2) - center
    return sample(images, at, padding="border")


def ten_crops(images: Tensor, size: int) -> Tensor:
    """The four corners and the center, then the same five of the mirrored image.

    Same as torchvision's `ten_crop`, in the same order: upper left, upper right, lower left, lower
    right, center.

    Args:
        images: (batch, channels, height, width).
        size: pixels of each square.

    Returns:
        (batch, 10, channels, size, size).

    Raises:
        ValueError: images smaller than `size`.

    Source: Krizhevsky et al., NeurIPS 2012, section 4.1.
    """
    check_images(images)
    bottom, right = (side - size for side in images.shape[-2:])
    center = (round(bottom / 2), round(right / 2))
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), center]
    crops = [
        crop(version, top, left, size=size)
        for version in (images, horizontal_flip(images))
        for top, left in corners
    ]
    with without_autocast():
        return torch.stack(crops, dim=1)


def multi_scale_crops(
    images: Tensor, *, scales: Sequence[int] = RESNET_SCALES, size: int = 224
) -> Iterator[Tensor]:
    """The ten crops (batch, 10, channels, size, size) of the resized images, for each scale.

    Source: He et al., CVPR 2016, section 3.4, where a fully convolutional network sees each scale
    whole at test time; the slides take ten crops of each scale, and so do we.
    """
    for length in scales:
        yield ten_crops(resize_short_side(images, length), size)


@torch.no_grad()
def crop_probabilities(
    model: nn.Module, crops: Iterable[Tensor], *, batch_size: int = 500
) -> Tensor:
    """The network's probabilities for each crop, in evaluation mode: (batch, all crops, classes).

    They are float64 if the network's logits are, otherwise float32.

    Args:
        model: maps images (n, channels, size, size) to logits; its mode is restored.
        crops: tensors (batch, crops, channels, size, size), such as those of `multi_scale_crops`.
        batch_size: crops per forward pass. All at once may be slower: on one core, a small network
            took twice as long for 6000 crops of 32 × 32 at once as for 12 batches of 500.
    """
    was_training = model.training
    model.eval()
    try:
        logits = [
            torch.cat(
                [wide(model(batch)) for batch in part.flatten(0, 1).split(batch_size)]
            ).unflatten(0, part.shape[:2])
            for part in crops
        ]
    finally:
        model.train(was_training)
    return torch.cat(logits, dim=1).softmax(dim=-1)


def _random_corner(images: Tensor, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(top, left) of a random square within each image."""
    if size > min(images.shape[-2:]):
        raise ValueError(f"images of {tuple(images.shape[-2:])} pixels have no square of {size}")
    top, left = (integers(images, 0, side - size, generator) for side in images.shape[-2:])
    return top, left
