"""The same search beyond one machine, on a Ray cluster. Ray is optional and imported when used."""

from pathlib import Path

from lib.search.evaluation import Objective
from lib.search.records import Search
from lib.search.spaces import Space
from lib.search.strategies import rungs


def cluster_search(
    objective: Objective,
    space: Space,
    *,
    trials: int,
    smallest: float,
    largest: float,
    factor: int = 3,
    seed: int,
    storage_path: Path | str,
    address: str | None = None,
    max_concurrent: int = 2,
    retries: int = 3,
) -> Search:
    """The search of a Ray cluster: Optuna's TPE sampler proposes, asynchronous halving stops.

    Nobody waits for a rung to fill, so who goes on depends on the order in which trials end: a
    second run may differ. A trial whose worker dies is tried again from its start; one whose
    objective raises or returns no finite number is recorded as failed. A search that is broken off
    cannot be taken up again.

    Args:
        objective: of (config, budget), higher is better; it travels to the workers.
        space: the range of every hyperparameter.
        trials: configurations.
        smallest, largest, factor: the rungs, as in `successive_halving`.
        seed: of the sampler.
        storage_path: a folder for Ray's records; on a cluster, one that all its machines see.
        address: None starts Ray on this machine, for this search alone; "auto" or "ray://host:port"
            joins a cluster, whose machines need the course's environment.
        max_concurrent: trials at a time, of one core each.
        retries: how often a trial may lose its worker before it counts as failed.

    Raises:
        ImportError: Ray is not installed.
        ValueError: no trials, workers or retries, or bad rungs.

    Source: Li et al., "A system for massively parallel hyperparameter tuning" (2020); Bergstra et
    al., "Algorithms for hyper-parameter optimization" (2011).
    """
    for name, count, least in (
        ("trials", trials, 1),
        ("max_concurrent", max_concurrent, 1),
        ("retries", retries, 0),
    ):
        if count < least:
            raise ValueError(f"{name} must be at least {least}; got {count}")
    budgets = rungs(smallest, largest, factor)
    try:
        from lib.search import tuning
    except ImportError as error:
        raise ImportError(
            "cluster_search needs Ray Tune, which is optional: "
            f"pip install -r requirements-optional.txt ({error})"
        ) from error
    with tuning.connection(address, cores=max_concurrent):
        return tuning.tune_trials(
            objective,
            space,
            trials=trials,
            budgets=budgets,
            factor=factor,
            seed=seed,
            folder=Path(storage_path).resolve(),
            max_concurrent=max_concurrent,
            retries=retries,
        )
