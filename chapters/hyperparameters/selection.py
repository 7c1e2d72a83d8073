"""The cost of choosing by validation: the winner's curse, cross-validation, early stopping."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from chapters.hyperparameters import perceptrons
from chapters.hyperparameters.stacks import Settings, train_together
from lib.models import MLP
from lib.runtime import Run

JUDGED = 100  # digits that choose the winner, in the winner's curse


@dataclass(frozen=True)
class Winners:
    """Scores of the winners of ever larger teams, on the digits that chose them and on others.

    Attributes:
        sizes: how many trials a winner was chosen from.
        validation, test: mean accuracy of the winners in percent, (groups, sizes).
        easier: by how much all networks of a group are better on its validation digits, in points.
    """

    sizes: tuple[int, ...]
    validation: np.ndarray
    test: np.ndarray
    easier: np.ndarray


def crown_winners(run: Run) -> Winners:
    """Train groups of a hundred perceptrons and judge each group on a hundred digits of its own."""
    groups = run.pick(quick=3, standard=3, full=8)
    field = run.pick(quick=20, standard=100)
    sizes = run.pick(quick=(1, 4, 20), standard=(1, 4, 20, 100))
    found = [judge_group(group, field, sizes, run) for group in range(groups)]
    validation, test, easier = (np.array(values) for values in zip(*found, strict=True))
    return Winners(sizes, validation, test, easier)


def judge_group(
    group: int, field: int, sizes: Sequence[int], run: Run
) -> tuple[list[float], list[float], float]:
    """The winners' mean validation and test accuracy by size, and how much easier validation is."""
    rng = np.random.default_rng((run.seed, 12, group))
    points = np.column_stack([rng.uniform(0.6, 0.9, field), rng.random(field)])
    seeds = range(2000 + group * field, 2000 + (group + 1) * field)
    learn, *_ = perceptrons.parts(run)
    settings = perceptrons.as_settings(points, seeds)
    trained = train_together(settings, learn, steps=perceptrons.updates(run), run=run)
    right = 100 * right_answers(trained, run)[:, len(learn.labels) :]
    order = rng.permutation(right.shape[1])
    seen, unseen = (right[:, part].mean(axis=1) for part in (order[:JUDGED], order[JUDGED:]))
    winners = [winners_of_teams(seen, unseen, size) for size in sizes]
    validation, test = (list(values) for values in zip(*winners, strict=True))
    return validation, test, float((seen - unseen).mean())


def winners_of_teams(seen: np.ndarray, unseen: np.ndarray, size: int) -> tuple[float, float]:
    """The mean seen and unseen scores of each team's winner by seen score."""
    teams = seen.reshape(-1, size)
    first = teams.argmax(axis=1)[:, None]
    scores = (np.take_along_axis(part.reshape(-1, size), first, 1) for part in (teams, unseen))
    validation, test = (float(part.mean()) for part in scores)
    return validation, test


@torch.no_grad()
def right_answers(trained: MLP, run: Run) -> np.ndarray:
    """Whether each network of a stack is right about each digit, (networks, digits), as 0 and 1."""
    all_digits = perceptrons.digits(run)
    right = trained(all_digits.features).argmax(dim=-1) == all_digits.labels
    return right.cpu().numpy().astype(float)


def folds(order: torch.Tensor, k: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The k pairs of training rows and validation rows."""
    parts = torch.tensor_split(order, k)
    return [(torch.cat([*parts[:i], *parts[i + 1 :]]), parts[i]) for i in range(k)]


def estimate_accuracy(run: Run, examples: int = 200, k: int = 5) -> dict[str, np.ndarray]:
    """The errors of two estimates of an accuracy, in points, one number per repetition.

    One held-out fifth estimates the accuracy of the one network that did not see it. 5-fold
    cross-validation estimates the mean accuracy of its five networks. The true values are
    measured on all digits outside the examples.
    """
    repeats = run.pick(quick=3, standard=20, full=60)
    everything = perceptrons.digits(run)
    count = len(everything.labels)
    orders = [torch.randperm(count, generator=run.generator("cv", r)) for r in range(repeats)]
    splits = [folds(order[:examples], k) for order in orders]
    settings = [Settings(0.1, seed=r, rows=rows) for r, s in enumerate(splits) for rows, _ in s]
    nets = train_together(settings, everything, steps=perceptrons.updates(run), run=run)
    right = right_answers(nets, run).reshape(repeats, k, count)
    held = np.array([[right[r, i, s[i][1]].mean() for i in range(k)] for r, s in enumerate(splits)])
    truth = np.array([right[r][:, o[examples:]].mean(axis=1) for r, o in enumerate(orders)])
    return {
        "one fifth held out": 100 * abs(held[:, 0] - truth[:, 0]),
        "5-fold": 100 * abs(held.mean(axis=1) - truth.mean(axis=1)),
    }


@dataclass(frozen=True)
class Halved:
    """Results of successive halving and of a full search among the same candidates.

    Attributes:
        by_halving, by_full_search: test accuracy of the winners in percent, one per field.
        spent: the fraction of the full search's updates that halving needs.
    """

    by_halving: np.ndarray
    by_full_search: np.ndarray
    spent: float


def halve_and_search(run: Run, candidates: int = 27) -> Halved:
    """Let both searches choose among the same candidates, several times with new ones."""
    budgets = run.pick(quick=(2, 6, 18, 54), standard=(20, 60, 180, 540))
    times = run.pick(quick=3, standard=10)
    points = np.random.default_rng((run.seed, 14)).random((times * candidates, 2))
    settings = perceptrons.as_settings(points, range(9000, 9000 + len(points)))
    by_halving = halved_winners(settings, budgets, times, run)
    seen, unseen = perceptrons.scores(settings, run, budgets[-1]).reshape(2, times, candidates)
    chosen = seen.argmax(axis=1)[:, None]
    by_full_search = np.take_along_axis(unseen, chosen, 1)[:, 0]
    updates = sum(max(1, candidates // 3**i) * budget for i, budget in enumerate(budgets))
    return Halved(by_halving, by_full_search, updates / (candidates * budgets[-1]))


def halved_winners(
    settings: Sequence[Settings], budgets: Sequence[int], times: int, run: Run
) -> np.ndarray:
    """Test accuracy in percent of the last candidate left in each of `times` fields."""
    alive = np.arange(len(settings)).reshape(times, -1)
    for budget in budgets:
        entrants = [settings[i] for i in alive.flatten().tolist()]
        seen, unseen = perceptrons.scores(entrants, run, budget).reshape(2, *alive.shape)
        ranked = np.argsort(-seen, axis=1, kind="stable")
        winners = np.take_along_axis(unseen, ranked[:, :1], 1)[:, 0]
        alive = np.take_along_axis(alive, ranked[:, : max(1, alive.shape[1] // 3)], 1)
    return winners
