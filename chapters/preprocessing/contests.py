"""Compares preprocessings by the accuracy of an MLP and of a convolutional network."""

import functools
from dataclasses import dataclass

import numpy as np
from torch import nn

from chapters.preprocessing.scenes import layer, pictures, train_and_score
from lib.runtime import Run

UPDATES, CONV_UPDATES = 300, 400
CENTERED = ("mean image", "channel mean", "standardized")
CONV = ("0 to 1", "channel mean", "standardized", "ZCA-whitened")


def _rates(name: str, run: Run) -> tuple[float, ...]:
    rates = run.pick(quick=(0.01,), standard=(0.003, 0.01, 0.03, 0.1, 0.3))
    return tuple(rate / 255**2 for rate in rates) if name == "0 to 255" else rates


def _epsilons(run: Run) -> tuple[float, ...]:
    return run.pick(quick=(0.1,), standard=(0.01, 1.0), full=(0.01, 0.1, 1.0))


def _tuning_seeds(run: Run) -> range:
    return range(run.pick(quick=1, standard=1, full=2))


@functools.lru_cache(maxsize=32)
def _tune(name: str, run: Run, dataset: str, epsilon: float | None = None) -> np.ndarray:
    """The MLP's validation accuracy, (seeds, rates)."""
    train, validation, _ = pictures(run, dataset)
    accuracy, _ = train_and_score(
        layer(name, run, dataset, epsilon),
        train,
        validation,
        rates=_rates(name, run),
        seeds=_tuning_seeds(run),
        steps=run.pick(quick=20, standard=UPDATES),
        run=run,
    )
    return accuracy


def _choose_epsilon(run: Run, dataset: str) -> float:
    """ZCA's ε with the best validation accuracy at its best rate."""
    return max(
        _epsilons(run),
        key=lambda e: _tune("ZCA-whitened", run, dataset, e).mean(axis=0).max(),
    )


@dataclass(frozen=True)
class Contest:
    """An MLP with each preprocessing, tuned on validation and trained again with fresh seeds.

    Attributes:
        curves: for each preprocessing, its rates and the validation accuracy (seeds, rates).
        by_epsilon: ZCA's validation accuracy at its best rate, for each ε tried.
        epsilon: the best of them, for both kinds of whitening.
        strong: the label of ZCA with the smallest ε in `tested`.
        tested: test accuracy in percent, one per fresh seed.
    """

    curves: dict[str, tuple[tuple[float, ...], np.ndarray]]
    by_epsilon: dict[float, float]
    epsilon: float
    strong: str
    tested: dict[str, np.ndarray]


def run_contest(run: Run, dataset: str = "scenes") -> Contest:
    """Tune and test each preprocessing; PCA uses ZCA's ε and rate."""
    epsilon, smallest = _choose_epsilon(run, dataset), min(_epsilons(run))
    strong = f"ZCA, ε = {smallest:g}"
    entries = dict.fromkeys(("0 to 255", "0 to 1", *CENTERED))  # label: ε
    entries |= {"PCA-whitened": epsilon, "ZCA-whitened": epsilon, strong: smallest}
    curves, tested = {}, {}
    for label, e in entries.items():
        name = "ZCA-whitened" if label == strong else label
        tuned = _tune("ZCA-whitened" if e else name, run, dataset, e)
        rates = _rates(name, run)
        if label not in ("PCA-whitened", strong):
            curves[label] = rates, tuned
        best = rates[tuned.mean(axis=0).argmax()]
        tested[label] = _test(name, run, dataset, e, best)
    by_epsilon = {
        e: float(_tune("ZCA-whitened", run, dataset, e).mean(axis=0).max()) for e in _epsilons(run)
    }
    return Contest(curves, by_epsilon, epsilon, strong, tested)


def _test(name: str, run: Run, dataset: str, epsilon: float | None, rate: float) -> np.ndarray:
    """The MLP's test accuracy, one per fresh seed."""
    train, _, test = pictures(run, dataset)
    accuracy, _ = train_and_score(
        layer(name, run, dataset, epsilon),
        train,
        test,
        rates=[rate],
        seeds=range(100, 100 + run.pick(quick=1, standard=1, full=6)),
        steps=run.pick(quick=20, standard=UPDATES),
        run=run,
    )
    return accuracy[:, 0]


def compare(found: Contest) -> dict[str, np.ndarray]:
    """Differences from the channel mean, seed by seed."""
    center = found.tested["channel mean"]
    return {
        "centering-beats-raw": center - found.tested["0 to 1"],
        "standardizing-adds-little": found.tested["standardized"] - center,
        "whitening-adds-little": found.tested["ZCA-whitened"] - center,
        "strong-whitening-hurts": found.tested[found.strong] - center,
    }


def train_patiently(run: Run, dataset: str = "scenes") -> np.ndarray:
    """The MLP's test accuracy on raw pixels after ten times as many updates, in percent."""
    train, _, test = pictures(run, dataset)
    accuracy, _ = train_and_score(
        layer("0 to 1", run, dataset),
        train,
        test,
        rates=[0.001],
        seeds=range(100, 103),
        steps=run.pick(quick=20, standard=10 * UPDATES),
        run=run,
    )
    return accuracy[:, 0]


@functools.lru_cache(maxsize=8)
def conv_networks(
    name: str, run: Run, dataset: str
) -> tuple[float, np.ndarray, tuple[nn.Module, ...]]:
    """The learning rate, test accuracies and trained networks of convolutional networks.

    The rate is the best of three on validation; at `standard` and below there is only one.
    """
    train, validation, test = pictures(run, dataset)
    epsilon = max(_epsilons(run)) if name == "ZCA-whitened" else None
    options = {
        "steps": run.pick(quick=10, standard=CONV_UPDATES),
        "run": run,
        "conv": True,
    }
    rates = run.pick(quick=(0.02,), standard=(0.05,), full=(0.025, 0.05, 0.1))
    made = layer(name, run, dataset, epsilon)
    rate = rates[0]
    if len(rates) > 1:
        tuned, _ = train_and_score(
            made, train, validation, rates=rates, seeds=_tuning_seeds(run), **options
        )
        rate = rates[tuned.mean(axis=0).argmax()]
    fresh = range(100, 100 + run.pick(quick=1, standard=1, full=6))
    accuracy, outcomes = train_and_score(made, train, test, rates=[rate], seeds=fresh, **options)
    return rate, accuracy[:, 0], tuple(outcome.network.to(run.device) for outcome in outcomes)


@dataclass(frozen=True)
class ConvContest:
    """A convolutional network with each of four preprocessings.

    Attributes:
        rates: the learning rate of each.
        tested: test accuracy in percent, one per seed.
    """

    rates: dict[str, float]
    tested: dict[str, np.ndarray]


def run_conv_contest(run: Run, dataset: str = "scenes") -> ConvContest:
    """Train and test the convolutional networks; ZCA has the largest ε."""
    found = {name: conv_networks(name, run, dataset)[:2] for name in CONV}
    return ConvContest(
        {name: rate for name, (rate, _) in found.items()},
        {name: accuracy for name, (_, accuracy) in found.items()},
    )


def compare_conv(found: ConvContest) -> dict[str, np.ndarray]:
    """Differences from the channel mean, seed by seed."""
    center = found.tested["channel mean"]
    return {
        "centering-beats-raw-conv": center - found.tested["0 to 1"],
        "standardizing-conv": found.tested["standardized"] - center,
        "whitening-conv": found.tested["ZCA-whitened"] - center,
    }
