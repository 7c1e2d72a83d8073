"""The trainings of chapter 3 besides its contest: optimizers, early stopping, ensembles."""

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from chapters.regularization.pictures import Pictures, load_pictures, with_wrong_labels
from lib.regularization import average_logits, average_probabilities, weights_of
from lib.runtime import Run
from lib.training import SGD, Outcome, Trial, accuracy, predict, run_trials
from lib.training.trials import MOMENTUM

Outcomes = Sequence[Outcome]


def curves(outcomes: Outcomes, part: str) -> np.ndarray:
    """Accuracy on a part over a training, in percent, (seeds, evaluations)."""
    return np.array([outcome.history.metrics[part].numpy() for outcome in outcomes])


def plain(params: Iterable[nn.Parameter], lr: float, decay_steps: int) -> SGD:
    """Gradient descent without momentum."""
    return SGD(params, lr=lr, decay_steps=decay_steps)


def adam(params: Iterable[nn.Parameter], lr: float, decay_steps: int) -> torch.optim.Adam:
    """Adam with a rate that decays to zero, as that of the other two does."""
    optimizer = torch.optim.Adam(params, lr=lr)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=decay_steps)
    optimizer.register_step_post_hook(lambda *_: schedule.step())
    return optimizer


def constant(params: Iterable[nn.Parameter], lr: float, decay_steps: int) -> SGD:
    """Gradient descent with momentum at a constant rate."""
    return SGD(params, lr=lr, momentum=0.9)


OPTIMIZERS = {"plain": plain, "momentum": MOMENTUM, "Adam": adam}
RATES = {  # learning rates to choose from
    "plain": (0.03, 0.1, 0.3, 1.0),
    "momentum": (0.003, 0.01, 0.03, 0.1),
    "Adam": (5e-4, 2e-3, 8e-3, 3e-2),
}
TUNING = 50  # the seed with which rates are compared


def compare_optimizers(
    run: Run, *, dataset: str = "scenes", rates: Mapping[str, float] | None = None
) -> dict[str, Outcomes]:
    """Trainings of one network on few pictures with three optimizers, one for each seed.

    Args:
        rates: learning rate of each optimizer; None chooses those with the lowest training loss.
    """
    rates = choose_rates(run, dataset) if rates is None else rates
    pictures = load_pictures(run, dataset)
    seeds = range(run.pick(quick=3, standard=1, full=4))
    steps = _steps(run)
    trials = [
        _with_optimizer(pictures, name, rates[name], s, steps, evaluate_every=steps // 10)
        for name in OPTIMIZERS
        for s in seeds
    ]
    parts = {"train": pictures.train, "test": pictures.test.subset(slice(0, 1000))}
    found = iter(run_trials(trials, pictures.train, parts, run=run))
    return {name: [next(found) for _ in seeds] for name in OPTIMIZERS}


def choose_rates(run: Run, dataset: str = "scenes") -> dict[str, float]:
    """For each optimizer, the learning rate that ends at the lowest training loss."""
    pictures = load_pictures(run, dataset)
    grid = [(name, rate) for name, rates in RATES.items() for rate in rates]
    trials = [_with_optimizer(pictures, *each, TUNING, _steps(run)) for each in grid]
    tried = run_trials(trials, pictures.train, {}, run=run)
    loss = {each: final_loss(outcome) for each, outcome in zip(grid, tried, strict=True)}
    return {name: min(rates, key=lambda rate: loss[name, rate]) for name, rates in RATES.items()}


def final_loss(outcome: Outcome) -> float:
    """Training loss over the last 16 updates, in nats; infinite if the network diverged."""
    loss = float(outcome.history.loss[-16:].mean())
    return loss if math.isfinite(loss) else math.inf


def _steps(run: Run) -> int:
    return run.pick(quick=20, standard=250)


def _with_optimizer(
    pictures: Pictures,
    name: str,
    rate: float,
    seed: int,
    steps: int,
    evaluate_every: int | None = None,
) -> Trial:
    return Trial(
        seed,
        steps,
        lr=rate,
        optimizer=OPTIMIZERS[name],
        preprocess=pictures.standardize,
        evaluate_every=evaluate_every,
    )


def measure_gap(found: Mapping[str, Outcomes]) -> dict[str, np.ndarray]:
    """Differences in training loss between optimizers, and the generalization gap they leave."""
    loss = {name: np.array([*map(final_loss, outcomes)]) for name, outcomes in found.items()}
    gap = {
        name: curves(outcomes, "train")[:, -1] - curves(outcomes, "test")[:, -1]
        for name, outcomes in found.items()
    }
    return {
        "tuned-optimizers-end-level": loss["plain"] - loss["momentum"],
        "no-optimizer-closes-the-gap": np.min([*gap.values()], axis=0),
    }


WRONG = (0.0, 0.4)  # shares of wrong labels
LATE = 3  # evaluations at the end of a training that are averaged


def train_long(run: Run, *, dataset: str = "scenes") -> dict[float, Outcomes]:
    """Long trainings for each share of wrong labels, evaluated twelve times."""
    pictures = load_pictures(run, dataset)
    steps = run.pick(quick=20, standard=480)
    trial = {"optimizer": constant, "lr": 0.02, "evaluate_every": steps // 12}
    trials = [
        Trial(100 + s, steps, preprocess=pictures.standardize, **trial)
        for s in range(run.pick(quick=3, standard=1, full=6))
    ]
    parts = {
        "validation": pictures.validation.subset(slice(0, 500)),
        "test": pictures.test.subset(slice(0, 1000)),
    }
    return {
        wrong: run_trials(
            trials,
            with_wrong_labels(pictures.many, wrong, run.generator("wrong labels")),
            parts,
            run=run,
        )
        for wrong in WRONG
    }


def gain_of_going_back(outcomes: Outcomes) -> np.ndarray:
    """Test accuracy at the best evaluation on validation, minus that of an average late network.

    The mean over the last three evaluations stands for the late network, since a single one
    jitters as much as going back can gain.
    """
    test = curves(outcomes, "test")
    best = curves(outcomes, "validation").argmax(axis=1)
    return test[range(len(best)), best] - test[:, -LATE:].mean(axis=1)


@dataclass(frozen=True)
class Votes:
    """Ensembles of growing size, their members, and single networks of equal training cost.

    Attributes:
        voted: test accuracy in percent by what is averaged, (ensembles, sizes from one up).
        single: mean test accuracy of an ensemble's members, (ensembles,).
        longer: test accuracy of one network that is trained as long as all members, (ensembles,).
    """

    voted: dict[str, np.ndarray]
    single: np.ndarray
    longer: np.ndarray


AVERAGES = {
    "averaged probabilities": average_probabilities,
    "averaged logits": average_logits,
}


def vote(run: Run, *, dataset: str = "scenes") -> Votes:
    """Train members and their rivals; no network belongs to two ensembles."""
    pictures = load_pictures(run, dataset)
    steps, size = run.pick(quick=20, standard=200), run.pick(quick=3, standard=5)
    count = run.pick(quick=3, standard=1, full=3)
    front = pictures.standardize
    long = [Trial(200 + s, size * steps, preprocess=front) for s in range(count)]
    members = [Trial(200 + s, steps, preprocess=front) for s in range(count * size)]
    everyone = run_trials(
        [*long, *members], pictures.train, {"test": pictures.test}, run=run, keep_models=True
    )
    test = np.array([outcome.accuracy["test"] for outcome in everyone])
    models = [outcome.network.to(run.device) for outcome in everyone[count:]]
    logits = torch.stack([predict(model, pictures.test.images) for model in models])
    groups = logits.unflatten(0, (count, size))
    voted = {
        name: np.array([grow(group, average, pictures.test.labels) for group in groups])
        for name, average in AVERAGES.items()
    }
    return Votes(voted, test[count:].reshape(count, size).mean(axis=1), test[:count])


def grow(logits: Tensor, average: Callable[[Tensor], Tensor], labels: Tensor) -> list[float]:
    """Accuracy in percent of the first network, the first two, up to all of them."""
    sizes = range(1, len(logits) + 1)
    return [100 * float(accuracy(average(logits[:size]), labels)) for size in sizes]


def compare_votes(found: Votes) -> dict[str, np.ndarray]:
    """The whole ensemble's lead over its alternatives."""
    probabilities, logits = (found.voted[name][:, -1] for name in AVERAGES)
    return {
        "ensemble-two-percent": probabilities - found.single,
        "ensemble-averages-probabilities": probabilities - logits,
        "ensemble-beats-patience": probabilities - found.longer,
    }


def train_linear(
    run: Run,
    losses: Mapping[str, Callable],
    penalties: Mapping[str, Callable[[Tensor], Tensor]],
    strengths: Sequence[float],
    *,
    dataset: str = "scenes",
) -> dict[tuple[str, str, float], Outcome]:
    """Linear classifiers of pixels by (loss, penalty, strength), each with its trained model.

    Args:
        losses: of (scores, labels).
        penalties: of one tensor of weights.
        strengths: λ, what a penalty is multiplied by.
    """
    pictures = load_pictures(run, dataset)
    parts = {"train": pictures.train, "test": pictures.test}
    settings = list(itertools.product(losses, penalties, strengths))
    size = pictures.train.images[0].numel()
    trials = [
        Trial(
            300,
            run.pick(quick=20, standard=200),
            lr=0.003,
            preprocess=pictures.standardize,
            model=functools.partial(flat_linear, size=size),
            loss=losses[loss],
            penalty=functools.partial(penalize, penalties[penalty], strength),
        )
        for loss, penalty, strength in settings
    ]
    found = run_trials(trials, pictures.train, parts, run=run, keep_models=True)
    return dict(zip(settings, found, strict=True))


def flat_linear(generator: torch.Generator, *, size: int) -> nn.Module:
    """A linear classifier of flattened pictures into ten classes, with small random weights."""
    linear = nn.Linear(size, 10)
    with torch.no_grad():
        linear.weight.normal_(0, 0.01, generator=generator)
        linear.bias.zero_()
    return nn.Sequential(nn.Flatten(), linear)


def penalize(penalty: Callable[[Tensor], Tensor], strength: float, model: nn.Module) -> Tensor:
    """The penalty of all weights of a network, times its strength."""
    return strength * sum((penalty(W) for W in weights_of(model)), start=torch.zeros(()))
