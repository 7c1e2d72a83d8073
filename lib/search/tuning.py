"""The parts of a search that need Ray; imported by `cluster_search` alone."""

import logging
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import optuna
import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.optuna import OptunaSearch

from lib.search.evaluation import DIED, Job, Objective, run_job
from lib.search.quiet import quiet
from lib.search.records import COMPLETE, FAILED, PRUNED, WAITING, Search, TrialRecord
from lib.search.spaces import Space, suggest

OBJECT_STORE_BYTES = 100_000_000  # Ray's default is a third of the memory
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # or Ray reports to its makers
    "RAY_AIR_NEW_OUTPUT": "0",  # whose first table ignores `verbose`
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # no notice of a changed default
}


@contextmanager
def connection(address: str | None, *, cores: int) -> Iterator[None]:
    """A block that is connected to Ray; one that is connected before stays so.

    Args:
        address: None starts Ray on this machine and stops it at the end.
        cores: of the Ray that is started.
    """
    if ray.is_initialized():
        yield
        return
    before = {name: os.environ.get(name) for name in SETTINGS}
    os.environ.update(SETTINGS)
    options = {"address": address} if address else _local(cores)
    try:
        ray.init(**options, log_to_driver=False, logging_level=logging.WARNING)
        yield
    finally:
        ray.shutdown()
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _local(cores: int) -> dict[str, object]:
    # "local" never joins a Ray that happens to run here. It listens on this machine alone.
    return {
        "address": "local",
        "num_cpus": cores,
        "num_gpus": 0,
        "include_dashboard": False,
        "object_store_memory": OBJECT_STORE_BYTES,
        "_node_ip_address": "127.0.0.1",
    }


class Sampler(OptunaSearch):
    """Optuna's sampler for Ray, told of failed trials as failed: Ray itself passes their NaN on."""

    def on_trial_result(self, trial_id: str, result: dict) -> None:
        """Report a value, where there is one."""
        if not math.isnan(result["value"]):
            super().on_trial_result(trial_id, result)

    def on_trial_complete(
        self, trial_id: str, result: dict | None = None, error: bool = False
    ) -> None:
        """End a trial."""
        if result and math.isnan(result["value"]):
            result, error = None, True
        super().on_trial_complete(trial_id, result, error)


class Notes(tune.Callback):
    """Everything the trials reported, by Ray's trial IDs in the order of their start."""

    def __init__(self) -> None:
        self.reports: dict[str, dict[float, dict]] = {}

    def on_trial_start(self, iteration: int, trials: list, trial, **info) -> None:
        """Note a trial that starts, for the first time or again."""
        self.reports.setdefault(trial.trial_id, {})

    def on_trial_result(self, iteration: int, trials: list, trial, result: dict, **info) -> None:
        """Note a report; a trial that is tried again repeats its first ones."""
        self.reports[trial.trial_id][result["budget"]] = result


def tune_trials(
    objective: Objective,
    space: Space,
    *,
    trials: int,
    budgets: Sequence[float],
    factor: int,
    seed: int,
    folder: Path,
    max_concurrent: int,
    retries: int,
) -> Search:
    """The search, on the Ray we are connected to; the arguments are those of `cluster_search`."""
    notes = Notes()
    with quiet():
        # While all of a rung have failed, Ray takes the quantile of nothing.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        sampler = Sampler(
            partial(suggest, space=space),  # Ray pickles it, with pickle alone
            metric="value",
            mode="max",
            sampler=optuna.samplers.TPESampler(seed=seed),
        )
        tuner = tune.Tuner(
            tune.with_resources(_trainable(objective, budgets), {"cpu": 1}),
            tune_config=tune.TuneConfig(
                metric="value",
                mode="max",
                num_samples=trials,
                search_alg=ConcurrencyLimiter(sampler, max_concurrent=max_concurrent),
                scheduler=_halving(budgets, factor) if len(budgets) > 1 else None,
            ),
            run_config=tune.RunConfig(
                name="search",
                storage_path=str(folder),
                failure_config=tune.FailureConfig(max_failures=retries),
                callbacks=[notes],
                verbose=0,
            ),
        )
        ended = list(tuner.fit()._experiment_analysis.trials)
    numbered = sorted(ended, key=lambda trial: list(notes.reports).index(trial.trial_id))
    return Search(
        tuple(
            _record(number, trial, notes.reports[trial.trial_id], budgets[-1])
            for number, trial in enumerate(numbered)
        )
    )


def _halving(budgets: Sequence[float], factor: int) -> ASHAScheduler:
    return ASHAScheduler(
        time_attr="budget", grace_period=budgets[0], max_t=budgets[-1], reduction_factor=factor
    )


def _trainable(objective: Objective, budgets: Sequence[float]):
    """A function for Ray that goes up the rungs until it is stopped."""

    def climb(config: dict) -> None:
        for budget in budgets:
            result = run_job(objective, Job(0, config, budget))
            value = math.nan if result.value is None else result.value
            # An error is reported, not raised: what is raised, Ray tries again, as a lost worker.
            report = {"value": value, "budget": budget, "error": result.error}
            tune.report(report | {"took": result.seconds})
            if result.error:
                return

    return climb


def _record(number: int, trial, reports: dict[float, dict], last: float) -> TrialRecord:
    values = {b: report["value"] for b, report in reports.items() if not report["error"]}
    error = next((report["error"] for report in reports.values() if report["error"]), "")
    if trial.status == "ERROR" and not error:
        error = DIED
    ended = COMPLETE if last in values else PRUNED if trial.status == "TERMINATED" else WAITING
    budget = max(values, default=None)
    return TrialRecord(
        number=number,
        config=dict(trial.config),
        state=FAILED if error else ended,
        value=values.get(budget),
        budget=budget,
        values=values,
        error=error,
        seconds=sum(report["took"] for report in reports.values()),
    )
