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
from joblib.externals.loky import ProcessPoolExecutor

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
    pool = _Pool(objective, workers)
    running: dict[Future, Job] = {}
    ended = False
    try:
        # No more than there are workers, so that a job is marked as running when it is.
        for job in islice(jobs, workers):
            running[pool.submit(job)] = job
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                done, _ = wait(running)  # all of them end, as the workers are gone
            suspects = []
            for future in done:
                job = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    suspects.append(job)
                else:
                    yield job, future.result()
            for job in sorted(suspects, key=lambda job: job.number):
                yield job, _alone(pool, job)
            for job in islice(jobs, workers - len(running)):
                running[pool.submit(job)] = job
        ended = True
    finally:
        pool.close(kill=not ended)


def _alone(pool: "_Pool", job: Job) -> Result:
    """The result with no other job around: one death ends all, and does not say whose it was."""
    started = time.perf_counter()
    try:
        return pool.submit(job).result()
    except BrokenProcessPool:
        return Result(None, DIED, time.perf_counter() - started)


class _Pool:
    """Worker processes of one thread each; after a death, the next job gets new ones.

    Not loky's reusable executor: joblib would take that for its own, and fail.
    """

    def __init__(self, objective: bytes, workers: int):
        self.objective, self.workers = objective, workers
        self.executor = self._start()

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self.workers, initializer=_leave_with, initargs=(os.getpid(),), env=ONE_THREAD
        )

    def submit(self, job: Job) -> Future:
        try:
            return self.executor.submit(_work, self.objective, job)
        except BrokenProcessPool:
            self.close(kill=True)
            self.executor = self._start()
            return self.executor.submit(_work, self.objective, job)

    def close(self, *, kill: bool) -> None:
        self.executor.shutdown(wait=True, kill_workers=kill)


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
