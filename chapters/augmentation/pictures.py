"""The pictures of chapter 4: handwritten digits, small color pictures, and their shifted tests."""

import functools
from typing import cast

import torch
from sklearn.datasets import load_digits
from sklearn.utils import Bunch

from lib import augmentation
from lib.datasets.color_images import load_color_images
from lib.datasets.images import ImageDataset
from lib.datasets.scenes import SHIFTS, load_scenes
from lib.runtime import Run


@functools.lru_cache(maxsize=1)
def handwritten_digits() -> ImageDataset:
    """The 1797 digits of scikit-learn as pictures (n, 1, 8, 8) in [0, 1]."""
    found = cast(Bunch, load_digits())  # its other type is for return_X_y=True
    images = torch.tensor(found.images, dtype=torch.float32)[:, None] / 16
    return ImageDataset(images, torch.tensor(found.target), tuple("0123456789"))


@functools.lru_cache(maxsize=2)
def small_pictures(run: Run, dataset: str = "scenes") -> tuple[ImageDataset, ImageDataset]:
    """Color pictures of ten classes: 1000 for training, and a test part."""
    sizes = {"train": 1000, "test": run.pick(quick=200, standard=600)}
    train, test = (
        load_color_images(dataset, split, n, generator=run.generator(split), device=run.device)
        for split, n in sizes.items()
    )
    return train, test


@functools.lru_cache(maxsize=2)
def test_sets(run: Run, dataset: str = "scenes") -> dict[str, ImageDataset]:
    """The ordinary test pictures, and the same number with each shift, keyed by its name."""
    _, test = small_pictures(run, dataset)
    return {"ordinary": test} | {shift: _shifted(test, shift, run, dataset) for shift in SHIFTS}


def _shifted(test: ImageDataset, shift: str, run: Run, dataset: str) -> ImageDataset:
    if dataset == "scenes":  # rendered again: the object changes within its scene
        again = run.generator("test")
        return load_scenes(len(test), generator=again, shift=shift, device=run.device)
    images = augmentation.shift_images(test.images, shift, generator=run.generator(shift))
    return ImageDataset(images, test.labels, test.classes)
