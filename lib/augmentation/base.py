"""What all augmentations share: argument checks, random draws, and a way to chain them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

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
        """The images after all operations, and the labels unchanged."""
        for operation in self.operations:
            images = operation(images, generator)
        return images, labels


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
    """`value` as one number per image: (batch,), of the images' dtype and device.

    Raises:
        ValueError: neither a number nor a tensor (batch,), or a value that is not finite.
    """
    return _expanded(images, name, value, (len(images),), "a number or a tensor")


def pair_per_image(images: Tensor, name: str, value: Tensor | tuple[float, float]) -> Tensor:
    """`value`, (x, y), as one pair per image: (batch, 2), of the images' dtype and device.

    Raises:
        ValueError: neither two numbers nor a tensor (batch, 2), or a value that is not finite.
    """
    return _expanded(images, name, value, (len(images), 2), "two numbers (x, y) or a tensor")


def _expanded(
    images: Tensor, name: str, value: object, shape: tuple[int, ...], expected: str
) -> Tensor:
    numbers = torch.as_tensor(value).to(images)
    if numbers.shape not in (torch.Size(shape), torch.Size(shape[1:])):
        raise ValueError(f"{name} must be {expected} {shape}; got shape {tuple(numbers.shape)}")
    if not bool(numbers.isfinite().all()):
        raise ValueError(f"{name} must be finite; got {numbers.tolist()}")
    return numbers.expand(shape)


def uniform(images: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """One number per image, (batch,), uniform in [low, high), on the images' device.

    Drawn on the generator's device and then moved, so that every device sees the same numbers.

    Raises:
        ValueError: low is above high.
    """
    if not low <= high:
        raise ValueError(f"a range must be (lowest, highest); got ({low}, {high})")
    draws = torch.rand(len(images), generator=generator, device=generator.device)
    return (low + (high - low) * draws).to(images)


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
