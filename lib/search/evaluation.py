"""Evaluations of an objective, here or spread over worker processes."""

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import Any

import cloudpickle
from joblib.externals.loky import get_reusable_executor

IDLE_SECONDS = 60  # after which a worker without a job leaves
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "BLIS")
}
DIED = "the worker process died (killed, out of memory, or os._exit was called)"
Objective = Callable[[dict[str, Any], float], float]


@dataclass(frozen=True)
class Job:
    """One evaluation to do: the trial's number, its configuration and the budget."""

    number: int
    config: dict[str, object]
    budget: float


@dataclass(frozen=True)
class Result:
    """The value of an evaluation, or the error in its place, and its wall time in seconds."""

    value: float | None
    error: str
    seconds: float


def evaluate(
    objective: Objective, jobs: Iterable[Job], *, workers: int
) -> Generator[tuple[Job, Result], None, None]:
    """The result of every job, in the order in which they end; a job is taken when it starts.

    Args:
        objective: of (config, budget), where higher is better; what it raises becomes the error.
        jobs: what to evaluate.
        workers: processes of one thread each; 1 evaluates in this process.

    Raises:
        ValueError: fewer than one worker.
        TypeError, pickle.PicklingError: an objective that cannot travel to the workers.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1; got {workers}")
    if workers == 1:
        return ((job, run_job(objective, job)) for job in jobs)
    return _spread(cloudpickle.dumps(objective), iter(jobs), workers)


def run_job(objective: Objective, job: Job) -> Result:
    """The result of one job, evaluated in this process."""
    started = time.perf_counter()
    value, error = None, ""
    try:
        value = finite(objective(job.config, job.budget))
    # An objective that ends the program is at fault as one that raises; Ctrl-C ends the search.
    except (Exception, SystemExit) as failure:
        error = describe(failure)
    return Result(value, error, time.perf_counter() - started)


class ObjectiveError(ValueError):
    """The objective returned what is no finite number; the message says it all."""


def finite(value: object) -> float:
    """The objective's value as a float.

    Raises:
        ObjectiveError: no number, or not a finite one.
    """
    # Text has no __float__, although float() would read it.
    if not hasattr(value, "__float__"):
        raise ObjectiveError(f"the objective must return a number; got {value!r}")
    number = float(value)
    if not math.isfinite(number):
        raise ObjectiveError(f"diverged: the objective returned {number}")
    return number


def describe(failure: BaseException) -> str:
    """The error in one line, such as "KeyError: 'lr'"."""
    if isinstance(failure, ObjectiveError):
        return str(failure)
    return f"{type(failure).__name__}: {failure}"


def _spread(
    objective: bytes, jobs: Iterator[Job], workers: int
) -> Generator[tuple[Job, Result], None, None]:
    running: dict[Future, Job] = {}
    ended = False
    try:
        # No more than there are workers, so that a job is marked as running when it is.
        for job in islice(jobs, workers):
            running[_submit(objective, job, workers)] = job
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                done, _ = wait(running)  # all of them end, as the pool is gone
            suspects = []
            for future in done:
                job = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    suspects.append(job)
                else:
                    yield job, future.result()
            for job in sorted(suspects, key=lambda job: job.number):
                yield job, _alone(objective, job, workers)
            for job in islice(jobs, workers - len(running)):
                running[_submit(objective, job, workers)] = job
        ended = True
    finally:
        # Always, since joblib would take the pool for its own and fail.
        _pool(workers).shutdown(wait=True, kill_workers=not ended)


def _alone(objective: bytes, job: Job, workers: int) -> Result:
    """The result with no other job around: one death ends a pool, and does not say whose it was."""
    started = time.perf_counter()
    try:
        return _submit(objective, job, workers).result()
    except BrokenProcessPool:
        return Result(None, DIED, time.perf_counter() - started)


def _submit(objective: bytes, job: Job, workers: int) -> Future:
    try:
        return _pool(workers).submit(_work, objective, job)
    except BrokenProcessPool:  # it broke between two jobs; the next call makes another
        return _pool(workers).submit(_work, objective, job)


def _pool(workers: int):
    """The pool of so many workers; the last one, unless it broke or differs."""
    return get_reusable_executor(
        max_workers=workers,
        timeout=IDLE_SECONDS,
        initializer=_leave_with,
        initargs=(os.getpid(),),
        env=ONE_THREAD,
    )


def _leave_with(parent: int) -> None:
    """End this worker soon after its parent was killed, rather than when its job is done."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _work(objective: bytes, job: Job) -> Result:
    try:
        function = cloudpickle.loads(objective)
    except Exception as failure:
        return Result(None, describe(failure), 0.0)
    if "torch" in sys.modules:  # loaded by now, where the objective uses it
        sys.modules["torch"].set_num_threads(1)
    return run_job(function, job)
