"""Five sick trainings with one illness each, for an exercise of chapter 5.

They train a small perceptron on 8 × 8 digits, so examining one takes a fraction of a second.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from chapters.hyperparameters.recipe import Setup
from lib.datasets.digits import load_digits
from lib.models import MLP
from lib.precision import without_autocast
from lib.runtime import Run
from lib.training import SGD

HEALTHY_LR, HEALTHY_ACCURACY = 0.1, 85.0  # percent, in 300 updates
ILLNESSES = ("initialization", "labels", "learning rate", "test augmentation", "optimizer")
TRAINING, VALIDATION = 600, 400  # images


def healthy(run: Run, *, seed: int = 0) -> Setup:
    """A set-up that passes every step of the recipe.

    Args:
        run: where it trains, and the root of all random numbers.
        seed: fixes data, weights and order.
    """
    digits = load_digits(generator=run.generator("digits", seed), device=run.device)
    return Setup(
        make_model=perceptron,
        make_optimizer=all_parameters,
        train=digits.subset(slice(0, TRAINING)),
        validation=digits.subset(slice(TRAINING, TRAINING + VALIDATION)),
        run=run,
        lr=HEALTHY_LR,
        seed=seed,
    )


def patients(run: Run, *, seed: int = 0) -> dict[str, Setup]:
    """The sick set-ups by name, "A" to "E"; the seed determines which has which illness.

    Args:
        run: where they train, and the root of all random numbers.
        seed: fixes data, weights, order, and the names.
    """
    well = healthy(run, seed=seed)
    order = torch.randperm(len(ILLNESSES), generator=run.generator("beds", seed)).tolist()
    return {bed: _INFECT[ILLNESSES[i]](well) for bed, i in zip("ABCDE", order, strict=True)}


def illness(run: Run, bed: str, *, seed: int = 0) -> str:
    """The illness of the patient in that bed, one of `ILLNESSES`.

    Raises:
        ValueError: no such bed.
    """
    if bed not in "ABCDE" or len(bed) != 1:
        raise ValueError(f"bed must be one of A, B, C, D, E; got {bed!r}")
    order = torch.randperm(len(ILLNESSES), generator=run.generator("beds", seed)).tolist()
    return ILLNESSES[order["ABCDE".index(bed)]]


def all_parameters(model: nn.Module, lr: float) -> torch.optim.Optimizer:
    """Gradient descent with momentum on all parameters of the model."""
    return SGD(model.parameters(), lr=lr, momentum=0.9)


def perceptron(generator: torch.Generator, *, scale: float = 1.0) -> nn.Module:
    """A 64-32-10 perceptron with LeCun's initialization times `scale`."""
    mlp = MLP(64, (32,), 10, init="lecun", generator=generator)
    with torch.no_grad():
        for p in mlp.parameters():
            p.mul_(scale)
    return nn.Sequential(nn.Flatten(), mlp)


def _biases_alone(model: nn.Module, lr: float) -> torch.optim.Optimizer:
    biases = [p for name, p in model.named_parameters() if "bias" in name]
    return SGD(biases, lr=lr, momentum=0.9)


def _moved(images: Tensor, generator: torch.Generator) -> Tensor:
    """Every image shifted by up to 3 pixels, wrapping around at the edges."""
    by = torch.randint(-3, 4, (len(images), 2), generator=generator).tolist()
    with without_autocast():
        return torch.stack(
            [image.roll(tuple(d), dims=(1, 2)) for image, d in zip(images, by, strict=True)]
        )


def _shuffled(setup: Setup) -> Setup:
    order = torch.randperm(len(setup.train), generator=setup.run.generator("mix", setup.seed))
    labels = setup.train.labels[order.to(setup.train.labels.device)]
    return replace(setup, train=replace(setup.train, labels=labels))


_INFECT: dict[str, Callable[[Setup], Setup]] = {
    "initialization": lambda s: replace(s, make_model=partial(perceptron, scale=8.0)),
    "labels": _shuffled,
    "learning rate": lambda s: replace(s, lr=30 * s.lr),
    "test augmentation": lambda s: replace(s, test_transform=_moved),
    "optimizer": lambda s: replace(s, make_optimizer=_biases_alone),
}
FIXTURES = (perceptron, all_parameters)  # what the cure of a patient may consist of
