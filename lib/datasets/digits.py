"""Handwritten digits of 8 × 8 pixels, bundled with scikit-learn: fast to train on."""

from typing import cast

import torch
from sklearn import datasets
from sklearn.utils import Bunch

from lib.datasets.images import ImageDataset

CLASSES = tuple("0123456789")
DARKEST = 16  # pixels count the dark dots of a 4 × 4 block


def load_digits(*, generator: torch.Generator, device: str | torch.device = "cpu") -> ImageDataset:
    """All 1,797 digits (1797, 1, 8, 8) in [0, 1], in an order drawn from the generator.

    The original order is by writer, so the rows are shuffled: any split of the result mixes
    writers.

    Args:
        generator: a CPU generator; the same state gives the same order.
        device: where the tensors are made.

    Source: Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI, 1998 (its test
    part, the one that scikit-learn bundles).
    """
    bundle = cast(Bunch, datasets.load_digits())  # its other type is for return_X_y=True
    order = torch.randperm(len(bundle.target), generator=generator)
    images = torch.tensor(bundle.images, dtype=torch.float32)[:, None] / DARKEST
    labels = torch.tensor(bundle.target, dtype=torch.int64)
    return ImageDataset(images[order].to(device), labels[order].to(device), CLASSES)
