"""What chapter 1 measures: signals through depth, dying units, and a race of seven activations."""

import functools
import math
from dataclasses import dataclass

import numpy as np
import torch

from chapters.activations import sweeps
from chapters.activations.sweeps import Sweep
from lib.activations import ACTIVATIONS
from lib.datasets.fashion_mnist import load_fashion_mnist
from lib.datasets.images import train_validation_split
from lib.evidence import FAILS, HOLDS_ON_AVERAGE, OPEN, Claim, Experiment
from lib.runtime import Run
from lib.training.stacks import Part

GUESSING = 10.0  # accuracy in percent among ten classes; a diverged network counts as guessing
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
TEN_TIMES = 2  # places in RATES
UPDATES = 300


@functools.lru_cache(maxsize=2)
def garments(run: Run) -> tuple[Part, Part, Part]:
    """Fashion-MNIST as standardized vectors: training, validation and test parts."""
    train, validation = train_validation_split(
        load_fashion_mnist("train", device=run.device), generator=run.generator("split")
    )
    test = load_fashion_mnist("test", device=run.device)
    mean, std = train.images.mean(), train.images.std()
    learn, choose, final = (
        Part((part.images.flatten(1) - mean) / std, part.labels)
        for part in (train, validation, test)
    )
    return learn, choose, final


WIDTH, DEPTH = 4096, 6
SETTINGS = {  # label: (activation, standard deviation of the weights)
    "ReLU, √(2/n)": (torch.relu, math.sqrt(2 / WIDTH)),
    "tanh, 1/√n": (torch.tanh, math.sqrt(1 / WIDTH)),
    "ReLU, 1/√n": (torch.relu, math.sqrt(1 / WIDTH)),
    "tanh, 0.01": (torch.tanh, 0.01),
}


def follow_signal(run: Run) -> dict[str, np.ndarray]:
    """The standard deviation of the activations for each setting, (seeds, layers).

    Inputs and weights are drawn once per seed, so only the setting differs.
    """
    seeds = range(run.pick(quick=3, standard=3))
    spread = {label: np.empty((len(seeds), DEPTH)) for label in SETTINGS}
    for s in seeds:
        g = run.generator("depth", s)
        h = dict.fromkeys(SETTINGS, torch.randn(64, WIDTH, generator=g))
        for layer in range(DEPTH):
            W = torch.randn(WIDTH, WIDTH, generator=g)
            for label, (f, scale) in SETTINGS.items():
                h[label] = f(scale * (h[label] @ W))
                spread[label][s, layer] = h[label].std()
    return spread


ENDS = {  # predictions of the chapter's variance arithmetic after six layers
    "depth-tanh-small": ("tanh, 0.01", 0.046),
    "depth-tanh-glorot": ("tanh, 1/√n", 0.30),
    "depth-relu-glorot": ("ReLU, 1/√n", 0.10),
    "depth-relu-he": ("ReLU, √(2/n)", 0.83),
}
depth = Experiment(
    "depth",
    simulate=follow_signal,
    measure=lambda spread: {id: spread[label][:, -1] for id, (label, _) in ENDS.items()},
    claims=tuple(
        Claim(
            id=id,
            statement=f"After six layers of {label}, the activations' std is near {value}",
            estimand=f"standard deviation of the activations of layer 6 ({WIDTH} units, 64 inputs)",
            between=(0.9 * value, 1.1 * value),
            rows=("M05",),
            needs="quick",
            independent=True,
        )
        for id, (label, value) in ENDS.items()
    ),
)


def train_at_high_rates(run: Run) -> dict[str, Sweep]:
    """One hidden layer of 128 units without momentum, from a good learning rate to ten times it."""
    train, validation, _ = garments(run)
    return {
        name: sweeps.learning_rate_sweep(
            name,
            train,
            validation,
            run=run,
            hidden=[128],
            momentum=0.0,
            rates=run.pick(quick=(0.1, 1.0), standard=(0.1, 0.3, 0.6, 1.0)),
            seeds=range(run.pick(quick=1, standard=3, full=6)),
            steps=run.pick(quick=30, standard=240),
        )
        for name in ("relu", "leaky_relu")
    }


dying = Experiment(
    "dying",
    simulate=train_at_high_rates,
    measure=lambda found: {"relu-dies-at-high-rates": found["relu"].dead[:, -1]},
    claims=(
        Claim(
            id="relu-dies-at-high-rates",
            statement="Ten times a good learning rate kills between a tenth and a half of a "
            "layer's ReLUs",
            estimand="dead units among 128 after 240 updates at learning rate 1.0",
            between=(10, 50),
            unit="%",
            rows=("M05", "M06"),
            expect=HOLDS_ON_AVERAGE,
        ),
    ),
)


@dataclass(frozen=True)
class Race:
    """Seven activations, each tuned on validation and trained again with fresh seeds.

    Attributes:
        sweeps: the learning-rate sweep of each activation, on validation.
        best: its best rate.
        accuracy: in percent on test at that rate, one number per fresh seed.
        steps: updates of each training.
        examples: in the training part.
    """

    sweeps: dict[str, Sweep]
    best: dict[str, float]
    accuracy: dict[str, np.ndarray]
    steps: int
    examples: int

    def rate_matters(self) -> np.ndarray:
        """What a rate ten times too small costs ReLU, minus what the worst of six costs.

        The six are the activations that learn in this time, each at its best rate. Nothing that
        diverged takes part.
        """
        relu = self.sweeps["relu"]
        best = relu.best_rate()
        cost = relu.accuracy[:, best] - relu.accuracy[:, max(0, best - TEN_TIMES)]
        six = [
            sweep.accuracy[:, sweep.best_rate()]
            for name, sweep in self.sweeps.items()
            if name != "sigmoid"
        ]
        return cost - np.ptp(six, axis=0)


def run_race(run: Run) -> Race:
    """Tune and train each activation with its own initialization."""
    train, validation, test = garments(run)
    steps = run.pick(quick=30, standard=UPDATES)
    tuned = {
        name: sweeps.learning_rate_sweep(
            name,
            train,
            validation,
            run=run,
            rates=run.pick(quick=(0.01, 0.1), standard=RATES),
            seeds=range(run.pick(quick=1, standard=2, full=3)),
            steps=steps,
        )
        for name in ACTIVATIONS
    }
    best = {name: sweep.rates[sweep.best_rate()] for name, sweep in tuned.items()}
    fresh = range(100, 100 + run.pick(quick=1, standard=3, full=6))
    accuracy = {
        name: tested(name, train, test, rate=best[name], seeds=fresh, steps=steps, run=run)
        for name in ACTIVATIONS
    }
    return Race(tuned, best, accuracy, steps, len(train.labels))


def tested(
    name: str, train: Part, test: Part, *, rate: float, seeds: range, steps: int, run: Run
) -> np.ndarray:
    """Test accuracy in percent at one rate, one number per seed; divergence counts as guessing."""
    sweep = sweeps.learning_rate_sweep(
        name, train, test, run=run, rates=[rate], seeds=seeds, steps=steps
    )
    return np.nan_to_num(sweep.accuracy[:, 0], nan=GUESSING)


def compare(found: Race) -> dict[str, np.ndarray]:
    """Differences between activations, seed by seed."""
    relu = found.accuracy["relu"]
    others = [found.accuracy[name] for name in ("leaky_relu", "maxout", "elu", "selu")]
    return {
        "relu-beats-sigmoid": relu - found.accuracy["sigmoid"],
        "relu-beats-tanh": relu - found.accuracy["tanh"],
        "marginal-gains": np.mean(others, axis=0) - relu,
        "mind-the-rate": found.rate_matters(),
    }


TEST = f"test accuracy after {UPDATES} updates, each at its own best learning rate, same seed"
race = Experiment(
    "race",
    simulate=run_race,
    measure=compare,
    claims=(
        Claim(
            id="relu-beats-sigmoid",
            statement="Within 300 updates, ReLU beats the sigmoid by more than 10 points",
            estimand=f"ReLU minus sigmoid: {TEST}",
            above=10,
            unit="points",
            rows=("M06",),
        ),
        Claim(
            id="relu-beats-tanh",
            statement="Within 300 updates, ReLU beats tanh by more than 1 point",
            estimand=f"ReLU minus tanh: {TEST}",
            above=1,
            unit="points",
            rows=("M06",),
            expect=FAILS,
        ),
        Claim(
            id="marginal-gains",
            statement="Leaky ReLU, maxout, ELU, SELU gain on average, but less than 2 points",
            estimand=f"mean of the four minus ReLU: {TEST}",
            between=(0, 2),
            unit="points",
            rows=("M06",),
            expect=OPEN,
        ),
        Claim(
            id="mind-the-rate",
            statement="A learning rate ten times too small costs ReLU more than the worst choice "
            "among six activations",
            estimand="validation accuracy of ReLU at its best rate minus that at a tenth of it, "
            "less the range of six activations (all but the sigmoid) at their best rates",
            above=0,
            unit="points",
            rows=("M06",),
            version=2,
        ),
    ),
)


def train_sigmoid_long(run: Run) -> np.ndarray:
    """Test accuracy of the sigmoid network after ten times as many updates, in percent."""
    train, _, test = garments(run)
    steps = run.pick(quick=30, standard=10 * UPDATES)
    return tested("sigmoid", train, test, rate=0.1, seeds=range(3), steps=steps, run=run)


patience = Experiment(
    "patience",
    simulate=train_sigmoid_long,
    measure=lambda accuracy: {"sigmoid-is-slow": accuracy},
    claims=(
        Claim(
            id="sigmoid-is-slow",
            statement="With 3000 updates the sigmoid network passes 70%, too",
            estimand="test accuracy after 3000 updates at learning rate 0.1",
            above=70,
            unit="%",
            rows=("M06",),
        ),
    ),
)
