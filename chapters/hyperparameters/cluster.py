"""A search on a Ray cluster. Ray is optional: `pip install -r requirements-optional.txt`."""

import logging
import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.optuna import OptunaSearch

OBJECT_STORE_BYTES = 100_000_000  # Ray's default is a third of the memory
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # otherwise Ray sends usage reports
    "RAY_AIR_NEW_OUTPUT": "0",  # whose first table ignores `verbose`
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # no notice of a changed default
}
Objective = Callable[[Mapping[str, float], int], float]


def cluster_search(
    objective: Objective,
    space: Callable[[optuna.Trial], dict[str, Any] | None],
    *,
    trials: int,
    smallest: int,
    largest: int,
    factor: int = 3,
    seed: int,
    storage_path: Path | str,
    address: str | None = None,
    max_concurrent: int = 2,
    retries: int = 3,
) -> tune.ResultGrid:
    """Search with Optuna's TPE sampler, while asynchronous halving stops the worst trials.

    A trial whose worker dies restarts on another one. If the objective raises or returns a number
    that is not finite, the trial's last result has the error under "error" and the value NaN. Which
    trials continue depends on the order in which they end, so a second run may differ.

    Args:
        objective: function of (configuration, budget), higher is better; sent to the workers.
        space: suggests every hyperparameter of an Optuna trial.
        trials: number of configurations.
        smallest, largest, factor: budgets are smallest · factorᵏ, up to the largest.
        seed: seed of the sampler.
        storage_path: a folder for Ray's records, accessible from all machines of a cluster.
        address: None starts Ray on this machine, for this search alone; "auto" or "ray://host:port"
            joins a cluster, whose machines need the course's environment.
        max_concurrent: number of trials at a time, with one core each.
        retries: how often a trial may lose its worker.

    Returns:
        Ray's results; "value" is the value at the last budget reached.

    Raises:
        ValueError: no trials, workers or budgets.

    Source: Li et al., "A system for massively parallel hyperparameter tuning" (2020); Bergstra et
    al., "Algorithms for hyper-parameter optimization" (2011).
    """
    if min(trials, max_concurrent) < 1 or retries < 0 or not 0 < smallest <= largest or factor < 2:
        raise ValueError(
            "expected trials and max_concurrent of 1 or more, retries of 0 or more, 0 < smallest "
            f"<= largest and a factor of 2 or more; got {trials}, {max_concurrent}, {retries}, "
            f"{smallest}, {largest} and {factor}"
        )
    budgets = [smallest]
    while budgets[-1] * factor <= largest:
        budgets.append(budgets[-1] * factor)
    tpe = optuna.samplers.TPESampler(seed=seed)
    sampler = Sampler(space, sampler=tpe, metric="value", mode="max")
    halving = ASHAScheduler(
        time_attr="budget", grace_period=budgets[0], max_t=budgets[-1], reduction_factor=factor
    )
    with connection(address, cores=max_concurrent), warnings.catch_warnings():
        # If all trials of a rung have failed, Ray takes the quantile of an empty set.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return tune.Tuner(
            tune.with_resources(_climber(objective, budgets), {"cpu": 1}),
            tune_config=tune.TuneConfig(
                num_samples=trials,
                search_alg=ConcurrencyLimiter(sampler, max_concurrent=max_concurrent),
                scheduler=halving,
                metric="value",
                mode="max",
            ),
            run_config=tune.RunConfig(
                name="search",
                storage_path=str(Path(storage_path).resolve()),
                failure_config=tune.FailureConfig(max_failures=retries),
                verbose=0,
            ),
        ).fit()


def _climber(objective: Objective, budgets: list[int]) -> Callable[[dict], None]:
    """A function for Ray that goes from budget to budget until it is stopped."""

    def climb(config: dict) -> None:
        for budget in budgets:
            error = ""
            try:
                value = float(objective(config, budget))
                if not math.isfinite(value):
                    raise ValueError(f"the objective returned {value}")
            except Exception as failure:  # reported, because Ray retries what is raised
                value, error = math.nan, f"{type(failure).__name__}: {failure}"
            tune.report({"value": value, "budget": budget, "error": error})
            if error:
                return

    return climb


class Sampler(OptunaSearch):
    """Optuna's sampler for Ray, with failed trials marked as failed; Ray itself passes on NaN."""

    def on_trial_result(self, trial_id: str, result: dict) -> None:
        """Report a value, if there is one."""
        if not math.isnan(result["value"]):
            super().on_trial_result(trial_id, result)

    def on_trial_complete(
        self, trial_id: str, result: dict | None = None, error: bool = False
    ) -> None:
        """End a trial."""
        if result and math.isnan(result["value"]):
            result, error = None, True
        super().on_trial_complete(trial_id, result, error)


@contextmanager
def connection(address: str | None, *, cores: int) -> Iterator[None]:
    """A context connected to Ray; an existing connection is kept.

    Args:
        address: None starts Ray on this machine and stops it on exit.
        cores: number of cores if Ray is started.
    """
    if ray.is_initialized():
        yield
        return
    before = {name: os.environ.get(name) for name in SETTINGS}
    os.environ.update(SETTINGS)
    options: dict[str, Any] = {"address": address} if address else _local(cores)
    try:
        ray.init(**options, log_to_driver=False, logging_level=logging.WARNING)
        yield
    finally:
        ray.shutdown()
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _local(cores: int) -> dict[str, Any]:
    # "local" never joins a Ray that is already running here. It listens on this machine only.
    return {
        "address": "local",
        "num_cpus": cores,
        "num_gpus": 0,
        "include_dashboard": False,
        "object_store_memory": OBJECT_STORE_BYTES,
        "_node_ip_address": "127.0.0.1",
    }
