"""Labeled images as two tensors, and reproducible splits of them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lib.labels import class_indices


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Images with one label each, on one device.

    Attributes:
        images: (n, channels, height, width), float32 in [0, 1].
        labels: (n,), int64, each an index into `classes`; other forms that
            `lib.labels.class_indices` knows are turned into this one.
        classes: the names of the classes.

    Raises:
        TypeError: labels that are not integers.
        ValueError: a label that is no index into `classes`, or another number of labels than of
            images.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        labels = class_indices(self.labels, (len(self.images), len(self.classes)))
        object.__setattr__(self, "labels", labels)  # how a frozen dataclass sets a field

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Tensor | slice) -> "ImageDataset":
        """The rows at these indices, in the order given."""
        return ImageDataset(self.images[indices], self.labels[indices], self.classes)


def train_validation_split(
    dataset: ImageDataset, *, validation: int = 10_000, generator: torch.Generator
) -> tuple[ImageDataset, ImageDataset]:
    """The data set in two disjoint parts, (training, validation), drawn at random.

    Args:
        dataset: at least two rows.
        validation: rows of the validation part, at least 1 and fewer than all.
        generator: a CPU generator; the same state gives the same split on every device.

    Raises:
        ValueError: one of the two parts would be empty.
    """
    if not 0 < validation < len(dataset):
        raise ValueError(
            f"validation must be between 1 and {len(dataset) - 1} of {len(dataset)} rows; "
            f"got {validation}"
        )
    order = torch.randperm(len(dataset), generator=generator).to(dataset.labels.device)
    return dataset.subset(order[validation:]), dataset.subset(order[:validation])
