"""A search that survives interruptions: an Optuna study in a file, evaluated by processes."""

import fcntl
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState

from lib.workers import spread

NAME = "search"  # name of the study in its file
Objective = Callable[[optuna.Trial], float]


class StudyBusyError(RuntimeError):
    """Another process is working on the study."""


def evaluate(
    objective: Objective,
    configs: Sequence[Mapping[str, float]],
    *,
    path: Path | str,
    workers: int = 1,
) -> optuna.Study:
    """An Optuna study of the objective at each configuration, kept in an SQLite file.

    Trials that the file already has are not repeated, but interrupted ones are. A trial whose
    objective raises counts as failed and stores the error in its attribute "error"; the search
    goes on.

    Args:
        objective: function of an Optuna trial, higher is better; sent to the workers.
        configs: hyperparameters, keyed by the names that the objective suggests.
        path: the file. `optuna-dashboard sqlite:///path` shows it, even while the search runs.
        workers: number of processes, with one thread each.

    Raises:
        ValueError: no workers.
        StudyBusyError: another process is working on the file, which is left unchanged.
    """
    path = Path(path).resolve()
    with _alone_with(path), _quiet():
        study = optuna.create_study(
            storage=f"sqlite:///{path}", study_name=NAME, direction="maximize", load_if_exists=True
        )
        for cut_short in study.get_trials(states=[TrialState.RUNNING]):
            study.tell(cut_short.number, state=TrialState.FAIL)
            study.enqueue_trial(cut_short.system_attrs["fixed_params"])
        for config in configs:
            study.enqueue_trial(dict(config), skip_if_exists=True)
        waiting = study.get_trials(states=[TrialState.WAITING])
        trials = [study.ask() for _ in waiting]
        spread(partial(_settle, objective), trials, workers=workers)
    return study


def _settle(objective: Objective, trial: optuna.Trial) -> None:
    """Evaluate a trial and write the outcome into its study."""
    with _quiet():
        try:
            value = float(objective(trial))
            if not math.isfinite(value):
                raise ValueError(f"the objective returned {value}")
        except Exception as error:
            trial.set_user_attr("error", f"{type(error).__name__}: {error}")
            trial.study.tell(trial, state=TrialState.FAIL)
        else:
            trial.study.tell(trial, value)


@contextmanager
def _alone_with(path: Path) -> Iterator[None]:
    """A context in which no other process works on the file; the lock ends with its process."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StudyBusyError(f"another process works on {path}; wait for it") from error
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """A context in which Optuna logs only errors."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
