"""Hundreds of perceptrons on digits, stacked into one network: what searches choose from."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from chapters.hyperparameters.stacks import Settings, train_together
from lib.datasets.digits import load_digits
from lib.runtime import Run
from lib.training.stacks import Part, evaluate

LEARNED, CHOSEN = 600, 1000  # end of the training part and of the validation part
LOW, HIGH = np.log10([1e-4, 1e-6]), np.log10([3, 1e-2])  # of rate and weight decay
GUESSING = 0.1  # accuracy assigned to a diverged network


@functools.lru_cache(maxsize=2)
def digits(run: Run) -> Part:
    """All 1,797 digits as vectors, shuffled."""
    images = load_digits(generator=run.generator("digits"), device=run.device)
    return Part(images.images.flatten(1), images.labels)


def parts(run: Run) -> tuple[Part, Part, Part]:
    """Digits for training, for choosing, and for testing the chosen network."""
    x, y = digits(run).features, digits(run).labels
    rows = (slice(0, LEARNED), slice(LEARNED, CHOSEN), slice(CHOSEN, None))
    learn, choose, final = (Part(x[part], y[part]) for part in rows)
    return learn, choose, final


def updates(run: Run) -> int:
    """Default number of updates of each training."""
    return run.pick(quick=20, standard=200)


def rates_and_decays(points: np.ndarray) -> np.ndarray:
    """Points of the unit square, (n, 2), as rates and weight decays; both on a log scale."""
    return 10 ** (LOW + (HIGH - LOW) * points)


def as_settings(points: np.ndarray, seeds: Sequence[int]) -> list[Settings]:
    """A setting for each point of the unit square, (n, 2), with a seed each."""
    pairs = rates_and_decays(points).tolist()
    return [Settings(*pair, seed=seed) for pair, seed in zip(pairs, seeds, strict=True)]


def scores(settings: Sequence[Settings], run: Run, steps: int | None = None) -> np.ndarray:
    """Validation and test accuracy in percent, (2, networks); divergence counts as guessing."""
    learn, choose, final = parts(run)
    trained = train_together(settings, learn, steps=steps or updates(run), run=run)
    both = torch.stack([evaluate(trained, part) for part in (choose, final)])
    return 100 * both.nan_to_num(GUESSING).cpu().numpy()


@dataclass(frozen=True)
class Pool:
    """Random trials from all over the space.

    Attributes:
        rates, decays: (trials,).
        validation, test: accuracy in percent, (trials,).
    """

    rates: np.ndarray
    decays: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@functools.lru_cache(maxsize=2)
def random_trials(run: Run) -> Pool:
    """Many random trials that differ only in rate and weight decay."""
    count = run.pick(quick=60, standard=200)
    points = np.random.default_rng((run.seed, 11)).random((count, 2))
    validation, test = scores(as_settings(points, [1000] * count), run)
    rates, decays = rates_and_decays(points).T
    return Pool(rates, decays, validation, test)


def chance_of_top(
    pool: Pool, counts: Sequence[int], run: Run, searches: int = 2000
) -> dict[str, list[float]]:
    """How often n trials include one of the top 5% on test digits, and how often it wins, in %.

    Args:
        pool: where the trials are drawn from.
        counts: n.
        run: the root of all random numbers.
        searches: draws for each n.
    """
    rng = np.random.default_rng((run.seed, 13))
    many = len(pool.rates)
    good = np.zeros(many, dtype=bool)
    good[np.argsort(-pool.test, kind="stable")[: -(-many // 20)]] = True
    hit = {"one was drawn": [], "validation picked one": []}
    for n in counts:
        drawn = rng.integers(many, size=(searches, n))
        first = pool.validation[drawn].argmax(axis=1)[:, None]
        picked = np.take_along_axis(drawn, first, axis=1)[:, 0]
        hit["one was drawn"].append(100 * good[drawn].any(axis=1).mean())
        hit["validation picked one"].append(100 * good[picked].mean())
    return hit
