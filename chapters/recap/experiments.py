"""What the opening chapter measures: templates, and three networks on shuffled pixels."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from chapters.recap.networks import NETWORKS
from lib.datasets.fashion_mnist import load_fashion_mnist
from lib.datasets.images import ImageDataset, train_validation_split
from lib.evidence import Claim, Experiment
from lib.runtime import Run
from lib.training import Outcome, Trial, run_trials

EXAMPLES, UPDATES = 20_000, 2000
KINDS = ("as they are", "pixels shuffled")


@functools.lru_cache(maxsize=2)
def clothes(run: Run) -> tuple[ImageDataset, ImageDataset]:
    """Training pictures and 10,000 held-out ones, all from Fashion-MNIST's training part."""
    train, held_out = train_validation_split(
        load_fashion_mnist("train", device=run.device),
        validation=10_000,
        generator=run.generator("split"),
    )
    return train.subset(slice(0, run.pick(quick=2000, standard=EXAMPLES))), held_out


@functools.lru_cache(maxsize=2)
def shuffled(run: Run) -> tuple[ImageDataset, ImageDataset]:
    """The same pictures, with the pixels of all of them in the same random order."""
    order = torch.randperm(784, generator=run.generator("shuffle")).to(run.device)
    train, held_out = (
        replace(part, images=part.images.flatten(1)[:, order].view_as(part.images))
        for part in clothes(run)
    )
    return train, held_out


@functools.lru_cache(maxsize=12)
def trained(name: str, kind: str, run: Run) -> list[Outcome]:
    """Trainings of one of `NETWORKS` on one of `KINDS` of pictures, one per seed.

    They are cached, since two experiments use the linear classifier.
    """
    train, held_out = clothes(run) if kind == KINDS[0] else shuffled(run)
    trials = [
        Trial(s, run.pick(quick=60, standard=UPDATES), 0.05, 64, model=NETWORKS[name])
        for s in range(run.pick(quick=1, standard=1, full=3))
    ]
    return run_trials(trials, train, {"held out": held_out}, run=run, keep_models=True)


@dataclass(frozen=True)
class Templates:
    """What linear classifiers look for.

    Attributes:
        means: the mean training picture of each class, (10, 28, 28).
        weights: the rows of W as pictures, (10, 28, 28) for each training.
    """

    means: Tensor
    weights: list[Tensor]

    def likeness(self, training: int) -> float:
        """The correlation of a class's template with its mean picture, averaged over classes."""
        pairs = zip(self.weights[training].flatten(1), self.means.flatten(1), strict=True)
        return float(np.mean([torch.corrcoef(torch.stack(pair))[0, 1].item() for pair in pairs]))


def learn_templates(run: Run) -> Templates:
    """Train linear classifiers on the original pictures."""
    train, _ = clothes(run)
    means = torch.stack([train.images[train.labels == c].mean(dim=0)[0] for c in range(10)])
    outcomes = trained("linear", KINDS[0], run)
    weights = [outcome.network.get_parameter("1.weight").detach() for outcome in outcomes]
    return Templates(means.cpu(), [W.view(10, 28, 28) for W in weights])


TRAINED = f"{UPDATES} updates on {EXAMPLES:,} pictures of clothes"
templates = Experiment(
    "templates",
    simulate=learn_templates,
    measure=lambda found: {
        "templates-are-no-averages": [found.likeness(i) for i in range(len(found.weights))]
    },
    claims=(
        Claim(
            id="templates-are-no-averages",
            statement="On average over classes, a template correlates with the mean picture of its "
            "class by less than 0.5",
            estimand="correlation between the pixels of a class's row of W and of its mean "
            f"training picture, averaged over ten classes, after {TRAINED}",
            below=0.5,
            rows=("M01",),
        ),
    ),
)


Accuracies = Mapping[str, tuple[np.ndarray, np.ndarray]]


def shuffle_pixels(run: Run) -> Accuracies:
    """Each network's held-out accuracy in percent on both kinds of pictures, one per seed."""

    def held_out(name: str, kind: str) -> np.ndarray:
        return np.array([outcome.accuracy["held out"] for outcome in trained(name, kind, run)])

    as_is, mixed = KINDS
    return {name: (held_out(name, as_is), held_out(name, mixed)) for name in NETWORKS}


def compare(found: Accuracies) -> dict[str, np.ndarray]:
    """Differences between networks and between kinds of pictures, seed by seed."""
    as_is = {name: both[0] for name, both in found.items()}
    cost = {name: both[0] - both[1] for name, both in found.items()}
    return {
        "a-second-layer-helps": as_is["two layers"] - as_is["linear"],
        "convolution-helps": as_is["convolutional"] - as_is["two layers"],
        "shuffling-costs-convolutions": cost["convolutional"],
        "shuffling-costs-others-nothing": cost["two layers"],
    }


ACCURACY = f"accuracy on 10,000 held-out pictures after {TRAINED}, same seed"
shuffling = Experiment(
    "shuffling",
    simulate=shuffle_pixels,
    measure=compare,
    claims=(
        Claim(
            id="a-second-layer-helps",
            statement="Two layers name more of the held-out pictures correctly than one",
            estimand=f"two layers minus linear: {ACCURACY}",
            above=0,
            unit="points",
            rows=("M01",),
        ),
        Claim(
            id="convolution-helps",
            statement="A convolutional network names more pictures correctly than two layers with "
            "four times as many weights",
            estimand=f"convolutional minus two layers: {ACCURACY}",
            above=0,
            unit="points",
            rows=("M02", "M03"),
        ),
        Claim(
            id="shuffling-costs-convolutions",
            statement="Shuffling the pixels costs the convolutional network accuracy",
            estimand=f"pictures as they are minus shuffled, convolutional network: {ACCURACY}",
            above=0,
            unit="points",
            rows=("M02",),
        ),
        Claim(
            id="shuffling-costs-others-nothing",
            statement="Shuffling the pixels changes two layers' accuracy by less than 1 point",
            estimand=f"pictures as they are minus shuffled, two layers: {ACCURACY}",
            between=(-1, 1),
            unit="points",
            rows=("M01",),
        ),
    ),
)
