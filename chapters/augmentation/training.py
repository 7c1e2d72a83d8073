"""The trainings of chapter 4: digits with flips, averaged test crops, one shift at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from chapters.augmentation.pictures import handwritten_digits, small_pictures, test_sets
from lib import augmentation, models
from lib.preprocessing import fit_standardization
from lib.runtime import Run
from lib.training import Trial, run_trials

Transform = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]


def digit_network(generator: torch.Generator) -> nn.Module:
    """One hidden layer of 64 units, for pictures of 8 × 8 pixels."""
    return nn.Sequential(nn.Flatten(), models.MLP(64, [64], 10, generator=generator))


SYMMETRIC = (0, 1, 8)  # digits that a mirror leaves readable


@dataclass(frozen=True)
class FlippedDigits:
    """What networks trained on digits answer for turned, mirrored and upright digits.

    Attributes:
        answers: (seeds, 10), percentage of 6s rotated by 180° that get each answer.
        mirrored: (seeds, 10, 10), percentage of the mirrored digits of each class (second axis)
            that get each answer (last axis), from networks trained without flips.
        gain: gain from training with flips, on upright digits, in points; one number per seed.
    """

    answers: np.ndarray
    mirrored: np.ndarray
    gain: np.ndarray

    def misread(self) -> np.ndarray:
        """Percentage of mirrored digits read as another one, without 0, 1 and 8; per seed."""
        others = [digit for digit in range(10) if digit not in SYMMETRIC]
        right = self.mirrored[:, others, others]
        return 100 - right.mean(axis=1)


def train_on_digits(run: Run) -> FlippedDigits:
    """Train on 500 digits, without and with random flips, and test on the others."""
    everything = handwritten_digits()
    order = torch.randperm(len(everything), generator=run.generator("digits"))
    learn, rest = everything.subset(order[:500]), everything.subset(order[500:])
    seeds = range(run.pick(quick=3, standard=3, full=8))
    flips = augmentation.label_preserving(augmentation.random_horizontal_flip)
    trials = [
        Trial(seed, run.pick(quick=100, standard=300), lr=0.1, model=digit_network, transform=t)
        for t in (None, flips)
        for seed in seeds
    ]
    outcomes = run_trials(trials, learn, {"digits": rest}, run=run, keep_models=True)
    plain, flipped = outcomes[: len(seeds)], outcomes[len(seeds) :]
    sixes = torch.rot90(rest.images[rest.labels == 6], 2, (2, 3))
    by_class = [rest.images[rest.labels == digit].flip(-1) for digit in range(10)]
    right = [np.array([o.accuracy["digits"] for o in part]) for part in (plain, flipped)]
    return FlippedDigits(
        np.stack([answer_shares(o.network, sixes) for o in plain]),
        np.array([[answer_shares(o.network, images) for images in by_class] for o in plain]),
        right[1] - right[0],
    )


@torch.no_grad()
def answer_shares(network: nn.Module, images: Tensor) -> np.ndarray:
    """How often a network gives each of ten answers to the images, in percent, (10,)."""
    answers = network(images).argmax(1).cpu()
    return 100 * np.bincount(answers, minlength=10) / len(answers)


def updates(run: Run) -> int:
    """Number of updates of each network on the small pictures."""
    return run.pick(quick=20, standard=500)


LONGER = 4  # times as many updates, for all augmentations at once


CROPS = {  # which of five scales times ten crops are averaged
    "one center crop": [20 + 4],
    "all fifty": list(range(50)),
    "centers and mirrors": [10 * scale + crop for scale in range(5) for crop in (4, 9)],
}


def average_crops(run: Run, *, dataset: str = "scenes") -> dict[str, np.ndarray]:
    """Test accuracy in percent for each choice of crops, one number per seed."""
    train, test = small_pictures(run, dataset)
    recipe = augmentation.label_preserving(
        augmentation.random_horizontal_flip,
        partial(augmentation.random_scale_crop, short_side=(36, 48), size=32),
    )
    front = fit_standardization(train.images)
    trials = [
        Trial(seed, updates(run), transform=recipe, preprocess=front)
        for seed in range(run.pick(quick=3, standard=3, full=8))
    ]
    outcomes = run_trials(trials, train, {"test": test}, run=run, keep_models=True)
    crops = list(augmentation.multi_scale_crops(test.images, scales=(36, 39, 42, 45, 48), size=32))
    accuracy = {name: np.empty(len(outcomes)) for name in CROPS}
    for i, outcome in enumerate(outcomes):
        each = augmentation.crop_probabilities(outcome.network.to(run.device), crops)
        for name, chosen in CROPS.items():
            right = each[:, chosen].mean(1).argmax(1) == test.labels
            accuracy[name][i] = 100 * right.float().mean().item()
    return accuracy


flips = augmentation.random_horizontal_flip
geometry = partial(augmentation.random_affine, padding="border")
light = partial(augmentation.color_jitter, brightness=0.6, contrast=0.4, saturation=0.4)
AUGMENTATIONS = {
    "flips": (flips,),
    "movements": (partial(geometry, translate=0.2),),
    "scales": (partial(geometry, scale=(0.6, 1.6)),),
    "color jitter": (light,),
    "rotations": (partial(geometry, degrees=135),),
    "all at once": (
        flips,
        light,
        partial(geometry, translate=0.2, scale=(0.6, 1.6), degrees=135),
    ),
}


@dataclass(frozen=True)
class Shifts:
    """Accuracy on every test set for every augmentation.

    Attributes:
        accuracy: by augmentation ("none" is one) and test set, in percent, one number per seed.
    """

    accuracy: dict[str, dict[str, np.ndarray]]

    def gains(self, name: str) -> dict[str, np.ndarray]:
        """The gain of an augmentation over none, by test set, in points, seed by seed."""
        none = self.accuracy["none"]
        return {part: right - none[part] for part, right in self.accuracy[name].items()}

    @property
    def table(self) -> dict[str, dict[str, np.ndarray]]:
        """The gains of every augmentation."""
        return {name: self.gains(name) for name in self.accuracy if name != "none"}


def compare_augmentations(
    run: Run, *, dataset: str = "scenes", own: Mapping[str, Transform] | None = None
) -> Shifts:
    """Train with no augmentation, with each one, and with all at once; test on every shift.

    Args:
        run: of the chapter.
        dataset: "scenes" or "cifar10".
        own: transforms by name, to be tried instead of the chapter's.
    """
    known = {name: augmentation.label_preserving(*parts) for name, parts in AUGMENTATIONS.items()}
    transforms = {"none": None} | dict(known if own is None else own)
    seeds = range(run.pick(quick=1, standard=1, full=5))
    train, tests = small_pictures(run, dataset)[0], test_sets(run, dataset)
    front = fit_standardization(train.images)
    trials = [
        Trial(100 + seed, updates(run), transform=transform, preprocess=front)
        for transform in transforms.values()
        for seed in seeds
    ]
    outcomes = iter(run_trials(trials, train, tests, run=run))
    return Shifts({name: _by_test([next(outcomes) for _ in seeds]) for name in transforms})


def train_longer(run: Run, *, dataset: str = "scenes") -> dict[int, np.ndarray]:
    """What all augmentations at once gain on ordinary pictures, by number of updates.

    Returns:
        For both lengths of training, the gain over none in points, one number per seed.
    """
    everything = augmentation.label_preserving(*AUGMENTATIONS["all at once"])
    seeds = range(200, 200 + run.pick(quick=1, standard=1, full=3))
    train, test = small_pictures(run, dataset)
    front = fit_standardization(train.images)
    lengths = (updates(run), LONGER * updates(run))
    trials = [
        Trial(seed, steps, transform=transform, preprocess=front)
        for steps in lengths
        for transform in (None, everything)
        for seed in seeds
    ]
    found = run_trials(trials, train, {"test": test}, run=run)
    right = np.array([outcome.accuracy["test"] for outcome in found])
    right = right.reshape(len(lengths), 2, len(seeds))
    return dict(zip(lengths, right[:, 1] - right[:, 0], strict=True))


def _by_test(outcomes: Sequence) -> dict[str, np.ndarray]:
    names = outcomes[0].accuracy
    return {name: np.array([outcome.accuracy[name] for outcome in outcomes]) for name in names}
