"""Strategies: which configurations to evaluate, at which budgets, and which of them go on.

Every strategy is a plan of configurations and rungs, carried out by the same engine. The whole plan
is drawn and stored first, so what comes out depends neither on the number of workers nor on
interruptions.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from lib.progress import progress_bar
from lib.search.evaluation import Job, Objective, evaluate
from lib.search.ledger import Ledger, Plan
from lib.search.records import Search
from lib.search.spaces import Choice, Space, draw, grid


def random_search(
    objective: Objective,
    space: Space,
    *,
    trials: int,
    budget: float,
    seed: int,
    storage: Path | str | None = None,
    workers: int = 1,
    progress: str | None = "searching",
) -> Search:
    """The search over configurations drawn independently from the space.

    A trial whose objective raises, returns no finite number, or takes its worker process along is
    recorded as failed, and the search goes on.

    Args:
        objective: of (config, budget), higher is better; deterministic, and it starts from nothing.
        space: the range of every hyperparameter.
        trials: configurations.
        budget: of each evaluation, in the objective's unit, such as updates.
        seed: fixes the configurations.
        storage: a file for Optuna's journal, which optuna-dashboard opens as well; None keeps all
            in memory. Called again with the same arguments, a search that was broken off goes on
            where it was. What the objective does is not compared.
        workers: processes of one thread each, to which the objective travels (lambdas included);
            1 evaluates in this process.
        progress: the label of a progress bar on stderr; None shows none.

    Raises:
        ValueError: no trials or workers, a budget that is not positive, or a space `suggest`
            rejects.
        SearchError: the storage holds another search, or is no journal.
        KeyboardInterrupt: Ctrl-C; what was done stays in the storage.

    Source: Bergstra and Bengio, "Random search for hyper-parameter optimization" (2012).
    """
    told = {"strategy": "random search", "space": _words(space), "seed": str(seed)}
    told |= {"trials": str(trials), "budget": str(budget)}
    plan = Plan(draw(space, trials, seed=seed), [_positive(budget)], space, told)
    return carry_out(plan, objective, storage=storage, workers=workers, progress=progress)


def grid_search(
    objective: Objective,
    values: Mapping[str, Sequence[object]],
    *,
    budget: float,
    storage: Path | str | None = None,
    workers: int = 1,
    progress: str | None = "searching",
) -> Search:
    """The search over every combination of the values; the last name varies fastest.

    Args:
        values: of every hyperparameter; the other arguments are those of `random_search`.

    Raises:
        ValueError, SearchError, KeyboardInterrupt: as `random_search`.
    """
    configs = grid(values)
    space = {name: Choice(options) for name, options in values.items()}
    told = {"strategy": "grid search", "space": _words(space), "budget": str(budget)}
    plan = Plan(configs, [_positive(budget)], space, told)
    return carry_out(plan, objective, storage=storage, workers=workers, progress=progress)


def successive_halving(
    objective: Objective,
    space: Space,
    *,
    trials: int,
    smallest: float,
    largest: float,
    factor: int = 3,
    seed: int,
    storage: Path | str | None = None,
    workers: int = 1,
    progress: str | None = "searching",
) -> Search:
    """The search that evaluates all at a small budget, and ever fewer at ever larger ones.

    The budgets are smallest, smallest · factor, ... as far as `largest`. At each, the best
    ⌊entrants / factor⌋ go on, at least one; failed trials count as entrants. The others are pruned,
    and so are not among those `best` looks at. Every evaluation starts from nothing.

    Args:
        trials: configurations at the smallest budget.
        smallest, largest: budgets in the objective's unit.
        factor: one in so many goes on; the other arguments are those of `random_search`.

    Raises:
        ValueError: budgets that are not 0 < smallest <= largest, or a factor below 2.
        ValueError, SearchError, KeyboardInterrupt: as `random_search`.

    Source: Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
    optimization" (2016); Li et al., "Hyperband" (2018), where it is one bracket.
    """
    told = {"strategy": "successive halving", "space": _words(space), "seed": str(seed)}
    told |= {"trials": str(trials), "smallest": str(smallest), "largest": str(largest)}
    told |= {"factor": str(factor)}
    budgets = rungs(smallest, largest, factor)
    plan = Plan(draw(space, trials, seed=seed), budgets, space, told, factor)
    return carry_out(plan, objective, storage=storage, workers=workers, progress=progress)


def rungs(smallest: float, largest: float, factor: int) -> list[float]:
    """The budgets smallest, smallest · factor, ... that are no larger than `largest`.

    Raises:
        ValueError: not 0 < smallest <= largest, or a factor that is no integer of 2 or more.
    """
    if not 0 < smallest <= largest < float("inf"):
        raise ValueError(f"budgets must be 0 < smallest <= largest; got {smallest} and {largest}")
    if not (isinstance(factor, int) and factor >= 2):
        raise ValueError(f"factor must be an integer of 2 or more; got {factor}")
    budgets = [smallest]
    while budgets[-1] * factor <= largest * (1 + 1e-9):  # 0.1 · 3 is a little more than 0.3
        budgets.append(budgets[-1] * factor)
    return budgets


def carry_out(
    plan: Plan,
    objective: Objective,
    *,
    storage: Path | str | None,
    workers: int,
    progress: str | None,
) -> Search:
    """The search of a plan; the arguments are those of `random_search`."""
    if workers < 1:
        raise ValueError(f"workers must be at least 1; got {workers}")
    ledger = Ledger(plan, storage)
    entrants = list(range(len(plan.configs)))
    bar = progress_bar(desc=progress, shown=progress is not None, total=_evaluations(plan))
    with bar:
        # Rung by rung: Optuna's SuccessiveHalvingPruner decides about a trial when it ends, so who
        # goes on depends on the order in which trials end, and that on the number of workers.
        for budget in plan.budgets:
            _climb(ledger, objective, entrants, budget, workers, bar)
            entrants = _promote(ledger, entrants, budget)
    return ledger.search()


def _climb(
    ledger: Ledger,
    objective: Objective,
    entrants: Sequence[int],
    budget: float,
    workers: int,
    bar: tqdm,
) -> None:
    """Evaluate all entrants of a rung, but for those that were before the search was broken off."""
    for number in entrants:
        ledger.settle(number)
    todo = [n for n in entrants if ledger.value(n, budget) is None and not ledger.failed(n)]
    bar.update(len(entrants) - len(todo))
    jobs: Iterator[Job] = (ledger.start(number, budget) for number in todo)
    # Closed at once, or after Ctrl-C the workers would live as long as the traceback.
    with closing(evaluate(objective, jobs, workers=workers)) as results:
        for job, result in results:
            ledger.record(job, result)
            bar.update()


def _promote(ledger: Ledger, entrants: Sequence[int], budget: float) -> list[int]:
    """The best of a rung, by number; the others are pruned. None leave the last rung."""
    if budget == ledger.plan.budgets[-1]:
        return []
    alive = [number for number in entrants if not ledger.failed(number)]
    keep = max(1, len(entrants) // ledger.plan.factor)
    # Of equals, the first.
    best = sorted(alive, key=lambda number: (-ledger.value(number, budget), number))[:keep]
    for number in set(alive) - set(best):
        ledger.settle(number, prune=True)
    return sorted(best)


def _evaluations(plan: Plan) -> int:
    """How many there are if none fails."""
    total = count = len(plan.configs)
    for _ in plan.budgets[1:]:
        count = max(1, count // plan.factor)
        total += count
    return total


def _positive(budget: float) -> float:
    if not 0 < budget < float("inf"):
        raise ValueError(f"budget must be positive and finite; got {budget}")
    return budget


def _words(space: Space) -> str:
    return ", ".join(f"{name}: {dimension}" for name, dimension in space.items())
