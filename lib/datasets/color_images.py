"""The one entry point through which chapters load color images, so readers can change the data."""

import torch

from lib.datasets.cifar10 import CLASSES, as_images, read_cifar10
from lib.datasets.images import ImageDataset
from lib.datasets.scenes import load_scenes

DATASETS = ("scenes", "cifar10")
SPLITS = ("train", "test")


def load_color_images(
    dataset: str,
    split: str,
    count: int,
    *,
    generator: torch.Generator,
    device: str | torch.device = "cpu",
) -> ImageDataset:
    """Labeled color images (count, 3, 32, 32) of ten classes.

    Scenes are rendered from the generator, so "train" and "test" differ only in what is drawn.
    From CIFAR-10, `count` different rows of the split are drawn.

    Args:
        dataset: "scenes" or "cifar10".
        split: "train" or "test".
        count: number of images, at least 1.
        generator: a CPU generator; the same state gives the same images.
        device: where the tensors are made.

    Raises:
        ValueError: an unknown name, or more rows than the split has.
        DownloadError: CIFAR-10 is missing and cannot be fetched.
    """
    if dataset not in DATASETS:
        raise ValueError(f"dataset must be one of {', '.join(DATASETS)}; got {dataset!r}")
    if split not in SPLITS:
        raise ValueError(f"split must be 'train' or 'test'; got {split!r}")
    if dataset == "scenes":
        return load_scenes(count, generator=generator, device=device)
    pixels, labels = read_cifar10(split)
    if not 1 <= count <= len(labels):
        raise ValueError(f"count must be between 1 and {len(labels)} for {split!r}; got {count}")
    rows = torch.randperm(len(labels), generator=generator)[:count]
    images = as_images(pixels[rows].to(device))
    return ImageDataset(images, labels[rows].to(device), CLASSES)
