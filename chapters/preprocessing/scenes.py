"""The pictures of chapter 2, its preprocessings, and networks trained on preprocessed pictures."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from lib import preprocessing
from lib.datasets.color_images import load_color_images
from lib.datasets.images import ImageDataset, train_validation_split
from lib.models import MLP
from lib.runtime import Run
from lib.training import Outcome, Trial, run_trials

Layer = Callable[[Tensor], Tensor]
Parts = tuple[ImageDataset, ImageDataset, ImageDataset]


@functools.lru_cache(maxsize=2)
def pictures(run: Run, dataset: str = "scenes") -> Parts:
    """Color images for training, validation and test."""
    count = run.pick(quick=600, standard=3000)
    train, validation = train_validation_split(
        load_color_images(
            dataset, "train", count, generator=run.generator("train"), device=run.device
        ),
        validation=count // 3,
        generator=run.generator("split"),
    )
    test = load_color_images(
        dataset,
        "test",
        run.pick(quick=300, standard=2000),
        generator=run.generator("test"),
        device=run.device,
    )
    return train, validation, test


@functools.lru_cache(maxsize=2)
def _components(run: Run, dataset: str) -> preprocessing.PrincipalComponents:
    return preprocessing.fit_principal_components(pictures(run, dataset)[0].images)


@functools.lru_cache(maxsize=32)
def layer(name: str, run: Run, dataset: str, epsilon: float | None = None) -> Layer:
    """A preprocessing by its name, with the statistics of the training images.

    Args:
        epsilon: ε for the two kinds of whitening.
    """
    images = pictures(run, dataset)[0].images

    def whitening(make: Callable[..., Layer]) -> Layer:
        if epsilon is None:
            raise ValueError(f"{name!r} needs an epsilon; got None")
        return make(_components(run, dataset), epsilon=epsilon)

    makers: dict[str, Callable[[], Layer]] = {
        "0 to 255": lambda: lambda x: 255 * x,
        "0 to 1": nn.Identity,
        "mean image": lambda: preprocessing.fit_mean_image(images),
        "channel mean": lambda: preprocessing.fit_channel_mean(images),
        "standardized": lambda: preprocessing.fit_standardization(images),
        "PCA-whitened": lambda: whitening(preprocessing.pca_whitening),
        "ZCA-whitened": lambda: whitening(preprocessing.zca_whitening),
    }
    return makers[name]()


def _mlp(inputs: int, classes: int, generator: torch.Generator) -> nn.Module:
    return nn.Sequential(nn.Flatten(), MLP(inputs, [64], classes, generator=generator))


def train_and_score(
    layer: Layer,
    train: ImageDataset,
    held_out: ImageDataset,
    *,
    rates: Sequence[float],
    seeds: Sequence[int],
    steps: int,
    run: Run,
    conv: bool = False,
) -> tuple[np.ndarray, list[Outcome]]:
    """Accuracy in percent on preprocessed held-out images, (seeds, rates), and the outcomes.

    Args:
        layer: the preprocessing, for training and held-out images alike.
        conv: train lib's `ConvNet`, and keep the networks, instead of an MLP with 64 ReLUs.
    """
    data, judged = (
        ImageDataset(layer(part.images).contiguous(), part.labels, part.classes)
        for part in (train, held_out)
    )
    mlp = functools.partial(_mlp, data.images[0].numel(), len(train.classes))
    trials = [
        Trial(s, steps, lr=lr, model=None if conv else mlp)  # None makes a ConvNet
        for s in seeds
        for lr in rates
    ]
    outcomes = run_trials(
        trials, data, {"held out": judged}, run=run, keep_models=conv, progress=None
    )
    accuracy = np.array([outcome.accuracy["held out"] for outcome in outcomes])
    return accuracy.reshape(len(seeds), len(rates)), outcomes
