"""A contest of nine regularizers and their pairs: equal updates, one network, one learning rate."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from torch import nn

from chapters.regularization.combining import combine
from chapters.regularization.pictures import load_pictures
from lib import augmentation
from lib.regularization import l2_penalty, weights_of
from lib.runtime import Run
from lib.training import Outcome, Trial, run_trial, run_trials

Entry = tuple[str, ...]  # names of the methods used; none, one or two
Strengths = Mapping[str, float]
CHOOSING = 900  # the seed with which strengths are compared
FIRST = 500  # first of the seeds with which methods are compared
LONGER = (1, 4)  # trainings of mixup, in multiples of the contest's updates


def penalized(strength: float) -> Callable[[nn.Module], object]:
    """The L2 penalty of a network's weights times the strength."""
    return lambda model: strength * l2_penalty(weights_of(model))


def erased(size: int) -> Callable:
    """Cutout with a square of this size, in pixels."""
    return augmentation.label_preserving(partial(augmentation.cutout, size=size))


def mixed(alpha: float) -> Callable:
    """Mixup with λ from Beta(alpha, alpha)."""
    return partial(augmentation.mixup, alpha=alpha, classes=10)


def augmented(strength: float) -> Callable:
    """Small random shifts, rotations and changes of brightness and contrast."""
    move = {"translate": strength, "degrees": 100 * strength, "padding": "border"}
    light = {"brightness": 2 * strength, "contrast": 2 * strength}
    return augmentation.label_preserving(
        partial(augmentation.random_affine, **move), partial(augmentation.color_jitter, **light)
    )


METHODS = {  # name: strengths to choose from, and what a strength changes in a trial
    "L2": ((3e-4, 1e-3, 3e-3), lambda v: {"penalty": penalized(v)}),
    "dropout": ((0.2, 0.4, 0.6), lambda v: {"network": {"dropout": v}}),
    "DropConnect": ((0.2, 0.4, 0.6), lambda v: {"network": {"drop_connect": v}}),
    "batch norm": ((True,), lambda v: {"network": {"batch_norm": v}}),
    "stoch. depth": ((0.9, 0.7, 0.5), lambda v: {"network": {"survival": v}}),
    "frac. pooling": ((0.6, 0.7, 0.8), lambda v: {"network": {"pool_ratio": v}}),
    "cutout": ((6, 10, 14), lambda v: {"transform": erased(v)}),
    "mixup": ((0.1, 0.3, 1.0), lambda v: {"transform": mixed(v)}),
    "augmentation": ((0.04, 0.08, 0.12), lambda v: {"transform": augmented(v)}),
}


@dataclass(frozen=True)
class Contest:
    """Results of the plain network, of each method and, if they were run, of the pairs.

    Attributes:
        strengths: the strength of each method.
        outcomes: outcomes by entry, one for each seed; () is the plain network.
        steps: number of updates of each training.
    """

    strengths: Strengths
    outcomes: dict[Entry, list[Outcome]]
    steps: int

    def accuracy(self, entry: Entry, part: str = "test") -> np.ndarray:
        """Accuracy in percent on "train", "validation" or "test", one number for each seed."""
        return np.array([outcome.accuracy[part] for outcome in self.outcomes[entry]])

    def gain(self, *names: str) -> np.ndarray:
        """Test accuracy of a method or a pair minus the plain network's, seed by seed."""
        values = self.accuracy(tuple(n for n in self.strengths if n in names))
        return values - self.accuracy(())[: len(values)]

    def gains(self) -> dict[str, np.ndarray]:
        """The gain of every single method."""
        return {name: self.gain(name) for name in self.strengths}

    def table(self) -> np.ndarray:
        """Mean gains of all pairs, (methods, methods); the diagonal holds the single methods."""
        return np.array([[self.gain(a, b).mean() for b in self.strengths] for a in self.strengths])

    def over_better(self) -> np.ndarray:
        """Gain of a pair over the better of its two methods, averaged over pairs, seed by seed.

        Which one is better is decided on validation: the larger of two noisy test accuracies would
        flatter the single method.
        """
        ahead = []
        for pair in filter(lambda entry: len(entry) == 2, self.outcomes):
            better = max(pair, key=lambda name: self.accuracy((name,), "validation").mean())
            values = self.gain(*pair)
            ahead.append(values - self.gain(better)[: len(values)])
        return np.mean(ahead, axis=0) if ahead else np.empty(0)


def run_contest(
    run: Run,
    *,
    dataset: str = "scenes",
    strengths: Strengths | None = None,
    pairs: bool = True,
) -> Contest:
    """Train the plain network, every method and, with `pairs`, every two methods together.

    Args:
        dataset: "scenes" or "cifar10".
        strengths: of the methods that take part; None chooses each one's on validation.
        pairs: False leaves the pairs out.
    """
    if strengths is None:
        strengths = choose_strengths(run, dataset)
    seeds = range(FIRST, FIRST + run.pick(quick=1, standard=2, full=5))
    pair_seeds = seeds[: run.pick(quick=1, standard=1, full=3)]
    entries: list[Entry] = [(), *((name,) for name in strengths)]
    plan = [(entry, s) for entry in entries for s in seeds]
    if pairs:
        together = itertools.combinations(strengths, 2)
        plan += [(pair, s) for pair in together for s in pair_seeds]
    trials = [_trial(run, dataset, s, {name: strengths[name] for name in e}) for e, s in plan]
    pictures = load_pictures(run, dataset)
    held_out = {
        "train": pictures.train,
        "validation": pictures.validation,
        "test": pictures.test,
    }
    found = run_trials(trials, pictures.train, held_out, run=run)
    outcomes: dict[Entry, list[Outcome]] = {entry: [] for entry, _ in plan}
    for (entry, _), outcome in zip(plan, found, strict=True):
        outcomes[entry].append(outcome)
    return Contest(dict(strengths), outcomes, _steps(run))


def choose_strengths(
    run: Run, dataset: str = "scenes", names: Iterable[str] = METHODS
) -> dict[str, float]:
    """For each method, the strength with the best validation accuracy for one seed."""
    pictures = load_pictures(run, dataset)
    grid = [(name, v) for name in names for v in METHODS[name][0]]
    tried = run_trials(
        [_trial(run, dataset, CHOOSING, {name: v}) for name, v in grid],
        pictures.train,
        {"validation": pictures.validation},
        run=run,
    )
    scores = dict(zip(grid, (o.accuracy["validation"] for o in tried), strict=True))
    return {name: max(METHODS[name][0], key=lambda v: scores[name, v]) for name in names}


def time_updates(run: Run, strengths: Strengths, dataset: str = "scenes") -> dict[Entry, float]:
    """What an update costs with each method, as a multiple of the plain network's.

    Methods are timed in rotation after a warm-up round; the median counts.
    """
    pictures = load_pictures(run, dataset)
    entries: list[Entry] = [(), *((name,) for name in strengths)]
    seconds: dict[Entry, list[float]] = {entry: [] for entry in entries}
    for turn in range(run.pick(quick=2, standard=5)):
        for entry in entries[turn:] + entries[:turn]:
            trial = _trial(run, dataset, 0, {name: strengths[name] for name in entry})
            short = dataclasses.replace(trial, steps=10)
            seconds[entry].append(run_trial(short, pictures.train, {}, run).seconds)
    typical = {entry: float(np.median(taken[1:])) for entry, taken in seconds.items()}
    return {entry: taken / typical[()] for entry, taken in typical.items()}


def train_longer(
    run: Run, *, dataset: str = "scenes", strengths: Strengths | None = None
) -> dict[int, np.ndarray]:
    """The gain of mixup over the plain network by number of updates, one value for each seed.

    Args:
        strengths: of mixup; None chooses it on validation, in short trainings.
    """
    if strengths is None:
        strengths = {"mixup": choose_strengths(run, dataset, ["mixup"])["mixup"]}
    pictures = load_pictures(run, dataset)
    seeds = range(FIRST + 50, FIRST + 50 + run.pick(quick=3, standard=1, full=3))
    plan = [(_steps(run) * times, chosen) for times in LONGER for chosen in ({}, strengths)]
    trials = [_trial(run, dataset, s, chosen, steps=steps) for steps, chosen in plan for s in seeds]
    found = run_trials(trials, pictures.train, {"test": pictures.test}, run=run)
    test = np.array([o.accuracy["test"] for o in found]).reshape(len(LONGER), 2, len(seeds))
    return {
        _steps(run) * times: mixed - plain
        for times, (plain, mixed) in zip(LONGER, test, strict=True)
    }


def _steps(run: Run) -> int:
    return run.pick(quick=8, standard=120)


def _trial(
    run: Run, dataset: str, seed: int, strengths: Strengths, *, steps: int | None = None
) -> Trial:
    """A training with all these methods."""
    standardize = load_pictures(run, dataset).standardize
    options = [METHODS[name][1](strength) for name, strength in strengths.items()]
    return Trial(seed, steps or _steps(run), preprocess=standardize, **combine(*options))
