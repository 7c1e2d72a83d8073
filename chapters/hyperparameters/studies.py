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
from sqlalchemy import URL
from sqlalchemy.exc import DatabaseError

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
        ValueError: no workers, or a path that is a folder, lies in none, or is no study's file.
        StudyBusyError: another process is working on the file, which is left unchanged.
        OSError: the file's folder cannot be written to, or its file system cannot lock files.
    """
    path = Path(path).resolve()
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(f"path must be a file in a folder that exists; got {path}")
    with _alone_with(path), _quiet():
        study = _open(path)
        _repeat_cut_short(study)
        for config in configs:
            study.enqueue_trial(dict(config), skip_if_exists=True)
        waiting = study.get_trials(states=[TrialState.WAITING])
        trials = [study.ask() for _ in waiting]
        spread(partial(_settle, objective), trials, workers=workers)
    return study


def _open(path: Path) -> optuna.Study:
    """The study in the file, a new one if there is none."""
    # The URL is made by SQLAlchemy, which knows how to write a path with a question mark.
    url = URL.create("sqlite", database=str(path))
    try:
        return optuna.create_study(
            storage=url.render_as_string(), study_name=NAME, direction="maximize",
            load_if_exists=True,
        )  # fmt: skip
    except DatabaseError as error:
        raise ValueError(
            f"path must be the SQLite file of a study; got {path}: {error.orig}"
        ) from error


def _repeat_cut_short(study: optuna.Study) -> None:
    """Have interrupted trials evaluated again, once each, even if this is interrupted, too."""
    # As text, in which NaN equals itself.
    waiting = {
        str(trial.system_attrs["fixed_params"])
        for trial in study.get_trials(states=[TrialState.WAITING])
    }
    for trial in study.get_trials(states=[TrialState.RUNNING]):
        params = trial.system_attrs["fixed_params"]
        if str(params) not in waiting:
            study.enqueue_trial(params)
        study.tell(trial.number, state=TrialState.FAIL)


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
        except BlockingIOError as error:
            raise StudyBusyError(f"another process works on {path}; wait for it") from error
        except OSError as error:
            reason = f"the file system cannot lock files ({error.strerror}); use a local disk for"
            raise OSError(error.errno, reason, str(path)) from error
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
