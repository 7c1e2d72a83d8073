"""What chapter 5 measures: initial losses, rates, searches, and the cost of selection."""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from chapters.hyperparameters import networks, perceptrons, selection, surfaces, ward
from chapters.hyperparameters.recipe import Setup, check_initial_loss, train_all
from lib.evidence import HOLDS_ON_AVERAGE, Claim, Experiment
from lib.runtime import Run
from lib.workers import worker_count

SCALES = (0.25, 0.5, 1, 2, 4, 8)  # of a perceptron's initial weights; 1 is LeCun's


def measure_first_losses(run: Run) -> np.ndarray:
    """The loss of fresh perceptrons in nats, (seeds, scales)."""
    rows = []
    for seed in range(run.pick(quick=3, standard=10)):
        well = ward.healthy(run, seed=seed)
        scaled = [
            replace(well, make_model=functools.partial(ward.perceptron, scale=scale))
            for scale in SCALES
        ]
        rows.append([check_initial_loss(one).values["loss"] for one in scaled])
    return np.array(rows)


initial_loss = Experiment(
    "initial_loss",
    simulate=measure_first_losses,
    measure=lambda losses: {"initial-loss-is-log-c": losses[:, SCALES.index(1)] / math.log(10)},
    claims=(
        Claim(
            id="initial-loss-is-log-c",
            statement="With LeCun's initialization, the first loss of a perceptron lies within "
            "10% of log 10",
            estimand="loss of a fresh perceptron of 64-32-10 on 600 digits, divided by log 10",
            between=(0.9, 1.1),
            unit="× log 10",
            rows=("M26",),
            independent=True,
        ),
    ),
)


def train_at_suggested_rate(run: Run, dataset: str = "scenes") -> list[float]:
    """The reduction of the residual network's loss at a rate of 0.01, in percent, per seed."""
    train, validation = networks.pictures(run, dataset)
    patient = Setup(networks.residual(train), networks.sgd, train, validation, run=run, lr=0.01)
    histories = train_all(
        [replace(patient, seed=s) for s in range(1, run.pick(quick=4, standard=9))],
        steps=run.pick(quick=10, standard=100),
        workers=run.pick(quick=1, standard=worker_count(run)),
    )
    return [100 * (1 - float(h.loss[-10:].mean() / h.loss[0])) for h in histories]


suggested_rate = Experiment(
    "suggested_rate",
    simulate=train_at_suggested_rate,
    measure=lambda falls: {"a-suggested-rate-works": falls},
    claims=(
        Claim(
            id="a-suggested-rate-works",
            statement="The suggested rate of 0.01 lowers the loss of the residual network by more "
            "than 10% within 100 updates",
            estimand="how far the mean training loss of updates 91 to 100 lies below the loss of "
            "the first update, in percent of the latter",
            above=10,
            unit="%",
            rows=("M28",),
        ),
    ),
)


def search_surfaces(run: Run) -> dict[tuple[str, bool], np.ndarray]:
    """The best score so far in percent, (repeats, 9), by search and by whether both matter."""
    return {
        (kind, both): surfaces.best_so_far(kind, both=both, repeats=200, run=run)
        for kind in surfaces.KINDS
        for both in (False, True)
    }


made_up = Experiment(
    "made_up",
    simulate=search_surfaces,
    measure=lambda best: {
        id: best["random", both][:, -1] - best["grid", both][:, -1]
        for id, both in (
            ("random-beats-grid-one-dimension", False),
            ("no-edge-where-both-matter", True),
        )
    },
    claims=(
        Claim(
            id="random-beats-grid-one-dimension",
            statement="On a surface where one of two dimensions matters, nine random trials beat "
            "a 3 × 3 grid by more than 5 points",
            estimand="best of nine random trials minus best of a 3 × 3 grid at a random place, "
            "with the peak at a random place",
            above=5,
            unit="points",
            rows=("M34",),
            needs="quick",
            independent=True,
        ),
        Claim(
            id="no-edge-where-both-matter",
            statement="On a surface where both dimensions matter, nine random trials find less "
            "than a 3 × 3 grid",
            estimand="best of nine random trials minus best of a 3 × 3 grid at a random place, "
            "with the peak at a random place",
            below=0,
            unit="points",
            rows=("M34",),
            needs="quick",
            independent=True,
        ),
    ),
)


@dataclass(frozen=True)
class Tuned:
    """Test accuracy in percent of the winner of each search after nine trials, (repeats,)."""

    grid: np.ndarray
    random: np.ndarray


def tune_perceptrons(run: Run) -> Tuned:
    """Let both searches choose rate and weight decay of a perceptron by validation."""
    repeats = run.pick(quick=3, standard=30)
    plan = [(kind, repeat) for kind in surfaces.KINDS for repeat in range(repeats)]
    settings = [
        setting
        for kind, repeat in plan
        for setting in perceptrons.as_settings(
            surfaces.points_of(kind, 500 + repeat, run), [repeat] * 9
        )
    ]
    validation, test = perceptrons.scores(settings, run).reshape(2, len(surfaces.KINDS), repeats, 9)
    winner = validation.argmax(axis=-1)[..., None]
    return Tuned(*np.take_along_axis(test, winner, axis=-1)[..., 0])


tuning = Experiment(
    "tuning",
    simulate=tune_perceptrons,
    measure=lambda found: {"random-beats-grid-network": found.random - found.grid},
    claims=(
        Claim(
            id="random-beats-grid-network",
            statement="When nine trials tune the rate and weight decay of a perceptron, random "
            "search finds a better one than a grid",
            estimand="test accuracy of the best of nine random trials minus that of the best of a "
            "3 × 3 grid at a random place, each chosen on 400 validation digits",
            above=0,
            unit="points",
            rows=("M34",),
            expect=HOLDS_ON_AVERAGE,
        ),
    ),
)


curse = Experiment(
    "curse",
    simulate=selection.crown_winners,
    measure=lambda found: {
        "winners-curse": found.validation[:, -1] - found.test[:, -1] - found.easier
    },
    claims=(
        Claim(
            id="winners-curse",
            statement="The best of 100 trials looks more than 1 point better on the 100 digits "
            "that chose it than it is",
            estimand="accuracy of the best of 100 perceptrons on the 100 digits that chose it, "
            "minus that on 1,097 others, minus the same difference averaged over all 100",
            above=1,
            unit="points",
            rows=("M32",),
        ),
    ),
)


cross_validation = Experiment(
    "cross_validation",
    simulate=selection.estimate_accuracy,
    measure=lambda errors: {
        "cross-validation-estimates-better": errors["one fifth held out"] - errors["5-fold"]
    },
    claims=(
        Claim(
            id="cross-validation-estimates-better",
            statement="On 200 examples, the estimate of 5-fold cross-validation is off by less "
            "than that of one held-out fifth",
            estimand="absolute error of the accuracy estimated on one held-out fifth, minus that "
            "of the 5-fold estimate; each against the accuracy of the same networks on the 1,597 "
            "other digits",
            above=0,
            unit="points",
            rows=("M32",),
        ),
    ),
)


halving = Experiment(
    "halving",
    simulate=selection.halve_and_search,
    measure=lambda found: {"halving-loses-little": found.by_halving - found.by_full_search},
    claims=(
        Claim(
            id="halving-loses-little",
            statement="Successive halving, with a seventh of the updates, finds a perceptron "
            "within 1 point of the full search's",
            estimand="test accuracy of the winner of successive halving minus that of the winner "
            "of the full search among the same 27 random candidates",
            above=-1,
            unit="points",
            rows=("M29", "M30"),
        ),
    ),
)
