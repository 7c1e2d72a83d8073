"""The patient of chapter 5: a small residual network on colored pictures of ten kinds."""

import copy
import functools
from collections.abc import Callable

import torch
from torch import nn

from lib.datasets.color_images import load_color_images
from lib.datasets.images import ImageDataset
from lib.models import ConvNet
from lib.preprocessing import fit_standardization
from lib.runtime import Run


@functools.lru_cache(maxsize=2)
def pictures(run: Run, dataset: str = "scenes") -> tuple[ImageDataset, ImageDataset]:
    """Training and validation pictures, equally many: those of `lib.datasets.color_images`."""
    size = run.pick(quick=160, standard=1000)
    pool = load_color_images(
        dataset, "train", 2 * size, generator=run.generator("train"), device=run.device
    )
    return pool.subset(slice(0, size)), pool.subset(slice(size, None))


def residual(train: ImageDataset) -> Callable[[torch.Generator], nn.Module]:
    """A factory of residual networks with new weights, which standardize their own pictures."""
    standardize = fit_standardization(train.images)

    def make(generator: torch.Generator) -> nn.Module:
        return nn.Sequential(copy.deepcopy(standardize), ConvNet(3, 10, generator=generator))

    return make


def sgd(model: nn.Module, lr: float, weight_decay: float = 1e-4) -> torch.optim.Optimizer:
    """Gradient descent with a momentum of 0.9, a constant rate and a small weight decay."""
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=weight_decay)
