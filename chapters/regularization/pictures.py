"""The pictures that all experiments of chapter 3 share."""

import functools
from dataclasses import dataclass

import torch
from torch import nn

from lib.datasets.color_images import load_color_images
from lib.datasets.images import ImageDataset
from lib.preprocessing import fit_standardization
from lib.runtime import Run


@dataclass(frozen=True)
class Pictures:
    """Disjoint parts, except that `train` is contained in `many`.

    Attributes:
        train: 250 pictures, few enough to memorize.
        many: 1,000 pictures; at budget quick no more than `train`.
        validation: pictures for making choices.
        test: pictures for the reported results.
        standardize: a layer with the mean and standard deviation of `train`.
    """

    train: ImageDataset
    many: ImageDataset
    validation: ImageDataset
    test: ImageDataset
    standardize: nn.Module


@functools.lru_cache(maxsize=2)
def load_pictures(run: Run, dataset: str = "scenes") -> Pictures:
    """The pictures of a run, the same objects whenever they are asked for.

    Args:
        dataset: "scenes" or "cifar10".
    """

    def load(split: str, count: int) -> ImageDataset:
        generator = run.generator(split)
        return load_color_images(dataset, split, count, generator=generator, device=run.device)

    pool = load("train", run.pick(quick=500, standard=2000))
    half = len(pool) // 2
    many, validation = pool.subset(slice(0, half)), pool.subset(slice(half, None))
    train = many.subset(slice(0, 250))
    test = load("test", run.pick(quick=250, standard=2000))
    return Pictures(train, many, validation, test, fit_standardization(train.images))


def with_wrong_labels(
    part: ImageDataset, fraction: float, generator: torch.Generator
) -> ImageDataset:
    """The same pictures, each with a wrong label with probability `fraction`."""
    wrong = torch.rand(len(part), generator=generator) < fraction
    shift = torch.randint(1, 10, (len(part),), generator=generator)
    labels = torch.where(wrong, (part.labels.cpu() + shift) % 10, part.labels.cpu())
    return ImageDataset(part.images, labels.to(part.labels.device), part.classes)
