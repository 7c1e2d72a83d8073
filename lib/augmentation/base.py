"""What all augmentations share: argument checks, precision, random draws, and a way to chain them.

Nothing is computed in half precision: bfloat16 cannot tell column 257 from 256, nor 0.999 from 1.
Draws, places and pixels are computed in float32, and the images that a function returns are rounded
to their own dtype at the end. float64 stays float64.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lib.precision import wide, wide_dtype
from lib.validation import check_images

Operation = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class LabelPreserving:
    """Operations on images as one transform of a training batch; the labels do not change.

    It can be pickled if its operations can, so it can be sent to worker processes.

    Attributes:
        operations: each maps (images, generator) to images; applied in this order.
    """

    operations: tuple[Operation, ...]

    def __call__(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The images after all operations, rounded to their dtype only then; the labels unchanged.

        Raises:
            TypeError, ValueError: not images.
        """
        check_images(images)
        pixels = wide(images)
        for operation in self.operations:
            pixels = operation(pixels, generator)
        return pixels.to(images.dtype), labels


def label_preserving(*operations: Operation) -> LabelPreserving:
    """A transform (images, labels, generator) -> (images, labels) that applies `operations`.

    `label_preserving(random_horizontal_flip, partial(color_jitter, contrast=0.4))` flips, then
    changes the contrast.

    Raises:
        ValueError: no operations.
    """
    if not operations:
        raise ValueError("label_preserving needs at least one operation; got none")
    return LabelPreserving(operations)


def per_image(images: Tensor, name: str, value: Tensor | float) -> Tensor:
    """`value` as one number per image: (batch,), of the images' precision and device.

    Raises:
        ValueError: neither a number nor a tensor (batch,), or a value that is not finite.
    """
    return _expanded(images, name, value, (len(images),), "a number or a tensor")


def pair_per_image(images: Tensor, name: str, value: Tensor | tuple[float, float]) -> Tensor:
    """`value`, (x, y), as one pair per image: (batch, 2), of the images' precision and device.

    Raises:
        ValueError: neither two numbers nor a tensor (batch, 2), or a value that is not finite.
    """
    return _expanded(images, name, value, (len(images), 2), "two numbers (x, y) or a tensor")


def _expanded(
    images: Tensor, name: str, value: object, shape: tuple[int, ...], expected: str
) -> Tensor:
    numbers = torch.as_tensor(value, dtype=wide_dtype(images), device=images.device)
    if numbers.shape not in (torch.Size(shape), torch.Size(shape[1:])):
        raise ValueError(f"{name} must be {expected} {shape}; got shape {tuple(numbers.shape)}")
    if not bool(numbers.isfinite().all()):
        raise ValueError(f"{name} must be finite; got {numbers.tolist()}")
    return numbers.expand(shape)


def whole_per_image(images: Tensor, name: str, value: Tensor | int) -> Tensor:
    """`value` as one whole number per image: int64 (batch,), on the images' device.

    Raises:
        ValueError: neither a number nor a tensor (batch,), or a value that is not whole.
    """
    numbers = torch.as_tensor(value, device=images.device)
    if numbers.shape not in (torch.Size([]), images.shape[:1]):
        raise ValueError(
            f"{name} must be a number or a tensor ({len(images)},); "
            f"got shape {tuple(numbers.shape)}"
        )
    whole = numbers.long()
    if not bool((whole == numbers).all()):
        raise ValueError(f"{name} must be whole; got {numbers.tolist()}")
    return whole.expand(len(images))


def uniform(images: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """One number per image, (batch,), uniform in [low, high), of the images' precision and device.

    Drawn in float32 on the generator's device and then moved, so that every device and every dtype
    sees the same numbers.

    Raises:
        ValueError: low is above high.
    """
    if not low <= high:
        raise ValueError(f"a range must be (lowest, highest); got ({low}, {high})")
    draws = low + (high - low) * torch.rand(
        len(images), generator=generator, device=generator.device
    )
    if low < high:  # the sum may be rounded up to `high`
        below = torch.nextafter(*torch.tensor([high, low], dtype=torch.float32))
        draws = draws.clamp(max=float(below))
    return draws.to(images.device, wide_dtype(images))


def integers(images: Tensor, low: int, high: int, generator: torch.Generator) -> Tensor:
    """One integer per image, (batch,), from low to high, both included, on the images' device.

    Raises:
        ValueError: low is above high.
    """
    if not low <= high:
        raise ValueError(f"a range must be (lowest, highest); got ({low}, {high})")
    draws = torch.randint(
        low, high + 1, (len(images),), generator=generator, device=generator.device
    )
    return draws.to(images.device)
