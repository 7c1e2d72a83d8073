"""Images with a part missing, and blends of two: cutout and mixup."""

import numpy as np
import torch
from torch import Tensor

from lib.augmentation.base import integers, per_image, whole_per_image
from lib.labels import class_probabilities
from lib.precision import wide
from lib.validation import check_images


def erase(
    images: Tensor, *, top: Tensor | int, left: Tensor | int, size: int, fill: float = 0.5
) -> Tensor:
    """The images with a square of uniform gray, clipped to the image.

    Same as torchvision's `erase` if the square lies inside.

    Args:
        images: (batch, channels, height, width).
        top, left: the square's upper left corner in whole pixels, may be negative; numbers or
            (batch,).
        size: side of the square, in pixels.
        fill: its gray value.

    Raises:
        ValueError: a negative size, corners that are not whole, or mismatched shapes.
    """
    check_images(images)
    if size < 0:
        raise ValueError(f"size must be at least 0 pixels; got {size}")
    inside = []
    for name, start, length in zip(("top", "left"), (top, left), images.shape[-2:], strict=True):
        start = whole_per_image(images, name, start)[:, None]
        position = torch.arange(length, device=images.device)
        inside.append((position >= start) & (position < start + size))
    square = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return images.masked_fill(square, fill)


def cutout(images: Tensor, generator: torch.Generator, *, size: int, fill: float = 0.5) -> Tensor:
    """The images, each with a square around a random pixel replaced by gray.

    The square may extend beyond the image, so it sometimes covers a corner and sometimes hardly
    anything. The paper does the same; torchvision's `RandomErasing` keeps its boxes inside and
    draws their area and aspect ratio.

    Args:
        images: (batch, channels, height, width).
        size: side of the square, in pixels.
        fill: the gray; the paper fills with the mean of normalized images, which is about 0.5.

    Raises:
        ValueError: a negative size.

    Source: DeVries and Taylor, "Improved regularization of convolutional neural networks with
    cutout", 2017, section 3.
    """
    check_images(images)
    row, column = (integers(images, 0, side - 1, generator) for side in images.shape[-2:])
    return erase(images, top=row - size // 2, left=column - size // 2, size=size, fill=fill)


def blend(
    images: Tensor, probabilities: Tensor, *, lam: Tensor | float, partner: Tensor
) -> tuple[Tensor, Tensor]:
    """λ of each image and its label, 1 - λ of its partner's.

    timm's `Mixup` gives the same result if the partners are the reversed batch.

    Args:
        images: (batch, channels, height, width).
        probabilities: (batch, classes); one-hot rows may be integers.
        lam: λ in [0, 1]; a number or (batch,).
        partner: (batch,): the index of each image's partner.

    Returns:
        Images and probabilities of the same shapes and dtypes; integers become float32.

    Raises:
        TypeError: probabilities that are not a tensor.
        ValueError: a λ or a partner out of range, rows that are not probabilities, or mismatched
            shapes.
    """
    check_images(images)
    lam = per_image(images, "lam", lam)
    if not bool(((lam >= 0) & (lam <= 1)).all()):
        raise ValueError(f"lam must lie in [0, 1]; got {lam.tolist()}")
    if not isinstance(probabilities, Tensor):
        raise TypeError(f"probabilities must be a tensor; got {type(probabilities).__name__}")
    if probabilities.ndim != 2 or len(probabilities) != len(images):
        raise ValueError(
            f"probabilities must be ({len(images)}, classes); got {tuple(probabilities.shape)}"
        )
    if partner.shape != images.shape[:1]:
        raise ValueError(f"partner must be ({len(images)},); got {tuple(partner.shape)}")
    if not bool(((partner >= 0) & (partner < len(images))).all()):
        raise ValueError(f"partner must be from 0 to {len(images) - 1}; got {partner.tolist()}")
    rows = class_probabilities(probabilities, probabilities.shape)
    partner = whole_per_image(images, "partner", partner)
    return _mix(images, lam.view(-1, 1, 1, 1), partner), _mix(rows, lam[:, None], partner)


def _mix(values: Tensor, weight: Tensor, partner: Tensor) -> Tensor:
    """λ x + (1 - λ) x', rounded to the dtype of x at the end."""
    own = wide(values)
    return torch.lerp(own[partner], own, weight.to(own.dtype)).to(values.dtype)


def mixup(
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator,
    *,
    alpha: float = 0.2,
    classes: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Blends of random pairs of the batch, images and labels alike; test on unmixed images.

    Args:
        images: (batch, channels, height, width).
        labels: classes (batch,) or (batch, 1), integers of any dtype or bool, or one-hot rows or
            probabilities (batch, classes).
        alpha: λ is drawn from Beta(alpha, alpha) for each image; small values give λ near 0 or 1.
        classes: the number of classes; required if labels are classes.

    Returns:
        (images, probabilities): probabilities (batch, classes), float32 unless labels are floats of
        another dtype.

    Raises:
        TypeError: classes that are not integers.
        ValueError: alpha is not positive, classes without `classes` or out of its range, rows that
            are not probabilities, or mismatched shapes.

    Source: Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018, section 2. Its
    code draws one λ for a batch; we draw one for each image.
    """
    check_images(images)
    if not alpha > 0:
        raise ValueError(f"alpha must be positive; got {alpha}")
    partner = torch.randperm(len(images), generator=generator, device=generator.device)
    # torch's Beta takes no generator; NumPy's takes a seed, which we draw from ours.
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    lam = np.random.default_rng(seed).beta(alpha, alpha, len(images))
    classes = _count_classes(labels) if classes is None else classes
    rows = class_probabilities(labels, (len(images), classes))
    return blend(images, rows, lam=torch.from_numpy(lam), partner=partner)


def _count_classes(labels: Tensor) -> int:
    """The number of classes of one-hot rows or probabilities."""
    rows = isinstance(labels, Tensor) and labels.ndim == 2
    if not rows or (labels.shape[1] == 1 and not labels.is_floating_point()):
        raise ValueError("mixup of class labels needs classes=, how many classes there are")
    return labels.shape[1]
