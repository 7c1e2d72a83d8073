"""A control of chapter 4: mirrored digits with labels of their own, so that no label is wrong."""

import numpy as np
import torch
from torch import Tensor, nn

from chapters.augmentation.pictures import handwritten_digits
from chapters.augmentation.training import digit_network
from lib import augmentation, models
from lib.runtime import Run
from lib.training import Trial, run_trials

DIGITS = 10


def wider_network(generator: torch.Generator) -> nn.Module:
    """The network of the digits with ten more classes, for mirrored ones."""
    return nn.Sequential(nn.Flatten(), models.MLP(64, [64], 2 * DIGITS, generator=generator))


def mirror_as_new_classes(
    images: Tensor, labels: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mirror about half of the images (n, c, h, w); a mirrored 5 gets the label 15.

    Labels are (n,). The same images are mirrored as by `random_horizontal_flip`.
    """
    marks = torch.zeros_like(images)
    marks[..., 0] = 1  # the flip moves this column to the other side
    mirrored = augmentation.random_horizontal_flip(marks, generator)[:, 0, 0, -1] > 0
    return augmentation.horizontal_flip(images, mirrored), labels + DIGITS * mirrored


def compare_labels(run: Run) -> dict[str, np.ndarray]:
    """Accuracy on upright digits in percent, one number per seed, for three ways to train.

    The names say how mirrored pictures are labeled. Data, seeds and updates are those of
    `train_on_digits`. Networks with twenty classes choose among the ten upright ones.

    Cost: nine trainings of at most 300 updates, about two seconds on one core.
    """
    everything = handwritten_digits()
    order = torch.randperm(len(everything), generator=run.generator("digits"))
    learn, rest = everything.subset(order[:500]), everything.subset(order[500:])
    seeds = range(run.pick(quick=3, standard=3, full=8))
    flips = augmentation.label_preserving(augmentation.random_horizontal_flip)
    ways = {
        "no flips": (digit_network, None),
        "flips, same labels": (digit_network, flips),
        "flips, new labels": (wider_network, mirror_as_new_classes),
    }
    steps = run.pick(quick=100, standard=300)
    trials = [
        Trial(seed, steps, lr=0.1, model=network, transform=transform)
        for network, transform in ways.values()
        for seed in seeds
    ]
    outcomes = run_trials(trials, learn, {}, run=run, keep_models=True, progress=None)
    right = [percent_right(outcome.network, rest.images, rest.labels) for outcome in outcomes]
    return dict(zip(ways, np.array(right).reshape(len(ways), -1), strict=True))


@torch.no_grad()
def percent_right(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """How often the network names upright digits (n, 1, 8, 8) rightly, in percent."""
    answers = network(images)[:, :DIGITS].argmax(1).cpu()
    return 100 * float((answers == labels.cpu()).float().mean())
