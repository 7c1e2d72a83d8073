"""Independent calls, spread over worker processes."""

import os
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

import joblib
import torch

from lib.progress import progress_bar
from lib.runtime import Run

MAX_WORKERS = 4  # each holds a copy of PyTorch, about 400 MB
Item = TypeVar("Item")
Result = TypeVar("Result")


def worker_count(run: Run) -> int:
    """The number of processes worth starting: one per core, at most four; one on any GPU.

    COURSE_WORKERS can lower it, if other programs use the cores as well.

    Raises:
        ValueError: COURSE_WORKERS is not a positive integer.
    """
    allowed = os.environ.get("COURSE_WORKERS") or str(MAX_WORKERS)
    if not allowed.isdigit() or int(allowed) < 1:
        raise ValueError(f"COURSE_WORKERS must be a positive integer; got {allowed!r}")
    cores = 1 if run.device.type != "cpu" else joblib.cpu_count()
    return min(cores, MAX_WORKERS, int(allowed))


def spread(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int,
    progress: str | None = None,
) -> list[Result]:
    """`function` of every item, in order; each call has one thread, wherever it runs.

    So results depend neither on the number of workers nor on that of cores. Called by a worker, it
    makes all calls in this worker, one after another: else threads would share what they compute
    with.

    Args:
        function: sent to the workers with everything it refers to, lambdas and networks included;
            what it returns should be on the CPU.
        items: the arguments of the calls, one each.
        workers: processes; 1 makes the calls in this process.
        progress: the label of a progress bar on stderr; None shows none.

    Raises:
        ValueError: no workers.

    Cost: the first call starts the workers, which takes seconds; they are kept for later calls.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1; got {workers}")
    count = 1 if _here.is_worker else max(1, min(workers, len(items)))
    pool = joblib.Parallel(count, return_as="generator")
    with warnings.catch_warnings():  # a worker whose memory has grown is replaced; nothing is lost
        warnings.filterwarnings("ignore", "A worker stopped", UserWarning)
        done = pool(joblib.delayed(_on_one_thread)(function, item, count > 1) for item in items)
        return list(progress_bar(done, desc=progress, shown=progress is not None, total=len(items)))


class _Here(threading.local):
    is_worker = False


_here = _Here()


def _on_one_thread(function: Callable[[Item], Result], item: Item, by_worker: bool) -> Result:
    threads, before = torch.get_num_threads(), _here.is_worker
    torch.set_num_threads(1)
    _here.is_worker = before or by_worker
    try:
        return function(item)
    finally:
        torch.set_num_threads(threads)
        _here.is_worker = before
