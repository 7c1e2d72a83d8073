"""Statistics that saw the test set, inputs chosen by labels, and wrong preprocessing."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from chapters.preprocessing.contests import conv_networks
from chapters.preprocessing.scenes import layer, pictures
from lib import preprocessing
from lib.datasets.photos import PHOTOS, photo_patches
from lib.runtime import Run
from lib.training import accuracy, predict

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # channel means and stds


@dataclass(frozen=True)
class Statistics:
    """Effects of wrong statistics on networks trained with the training set's statistics.

    Attributes:
        networks: convolutional networks trained on standardized images.
        leaked: points of test accuracy gained with the statistics of training and test images.
        lost: points of test accuracy lost by each mistake at test time, one per network.
        dark: test accuracy in percent on images of half the brightness, by source of statistics.
    """

    networks: tuple[nn.Module, ...]
    leaked: np.ndarray
    lost: dict[str, np.ndarray]
    dark: dict[str, np.ndarray]


def mistreat(run: Run, dataset: str = "scenes") -> Statistics:
    """Test the networks with every kind of statistics."""
    train, _, test = pictures(run, dataset)
    networks = conv_networks("standardized", run, dataset)[2]
    right_layer = layer("standardized", run, dataset)

    def scores(images: Tensor) -> np.ndarray:
        right = (accuracy(predict(network, images), test.labels) for network in networks)
        return np.array([100 * share.item() for share in right])

    right = scores(right_layer(test.images))
    leaky = preprocessing.fit_standardization(torch.cat([train.images, test.images]))
    mean, std, dark = right_layer.mean, right_layer.std, test.images / 2
    return Statistics(
        networks,
        scores(leaky(test.images)) - right,
        {name: right - scores(images) for name, images in mistakes(test.images, mean, std).items()},
        {
            "the training set's": scores((dark - mean) / std),
            "their own": scores(_standardized(dark, (0, 2, 3))),
        },
    )


def mistakes(images: Tensor, mean: Tensor, std: Tensor) -> dict[str, Tensor]:
    """The images after each of seven wrong preprocessings; mean and std are the right ones."""
    their_mean, their_std = (
        torch.tensor(values, device=images.device).view(3, 1, 1) for values in IMAGENET
    )
    return {
        "test set's own": _standardized(images, (0, 2, 3)),
        "ImageNet's": (images - their_mean) / their_std,
        "each image's own": _standardized(images, (2, 3), least=1e-6),
        "centered, not divided": images - mean,
        "red, blue swapped": (images.flip(1) - mean) / std,
        "0 to 255": (255 * images - mean) / std,
        "forgotten": images,
    }


def _standardized(images: Tensor, over: tuple[int, ...], least: float = 0.0) -> Tensor:
    mean, std = (f(images, dim=over, keepdim=True) for f in (torch.mean, torch.std))
    return (images - mean) / (std + least)


def nearest_mean(x: Tensor, y: Tensor, new: Tensor, labels: Tensor) -> float:
    """Accuracy in percent of a nearest-class-mean classifier on new examples."""
    means = torch.stack([x[y == c].mean(dim=0) for c in y.unique()])
    return 100 * (torch.cdist(new, means).argmin(dim=1) == labels).float().mean().item()


def choose_inputs(run: Run) -> dict[str, list[float]]:
    """Test accuracy in percent on pure noise, by whose labels chose the inputs; 20 repetitions."""
    return {
        label: [_noise_accuracy(run.generator("noise", s), rows) for s in range(20)]
        for label, rows in {"all examples": slice(0, 100), "training half": slice(0, 50)}.items()
    }


def _noise_accuracy(generator: torch.Generator, rows: slice) -> float:
    x, y = torch.randn(100, 1000, generator=generator), torch.arange(100) % 2
    gap = x[rows][y[rows] == 1].mean(dim=0) - x[rows][y[rows] == 0].mean(dim=0)
    x = x[:, gap.abs().argsort(descending=True, stable=True)[:20]]
    return nearest_mean(x[:50], y[:50], x[50:], y[50:])


FITS = {"centered": None, "whitened by the 100": 100, "whitened by all 200": 200}


def whiten_few(run: Run) -> dict[str, list[float]]:
    """Accuracy in percent on 100 photo patches by the nearest mean of 100 others; 5 repetitions."""
    return {
        label: [_patches_accuracy(run, s, fit_on) for s in range(5)]
        for label, fit_on in FITS.items()
    }


def _patches_accuracy(run: Run, s: int, fit_on: int | None) -> float:
    g = run.generator("whitened", s)
    x = torch.cat([photo_patches(25, size=16, generator=g, names=(name,)) for name in PHOTOS])
    y = torch.arange(8).repeat_interleave(25)
    order = torch.randperm(200, generator=g)
    x, y = x[order], y[order]
    if fit_on is None:
        z = preprocessing.fit_channel_mean(x[:100])(x).flatten(1)
    else:
        z = preprocessing.pca_whitening(preprocessing.fit_principal_components(x[:fit_on]))(x)
    return nearest_mean(z[:100], y[:100], z[100:], y[100:])


def compare_whitened(found: Mapping[str, list[float]]) -> dict[str, np.ndarray]:
    """The effect of including test patches in the statistics, repetition by repetition."""
    return {
        "leaked-whitening-hurts": np.subtract(
            found["whitened by all 200"], found["whitened by the 100"]
        )
    }
