"""Two sides of one comparison, timed in turn."""

import ctypes
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import joblib
import torch
from threadpoolctl import threadpool_limits

from benchmarks.record import Row

ROUNDS = 9
SPAN = 0.1  # minimum seconds that each side computes for in a round
CORES = joblib.cpu_count()
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h


def assert_close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """Raise if two tensors differ by more than rounding explains."""
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


@dataclass(frozen=True)
class Comparison:
    """Our code and a peer's doing the same work.

    Attributes:
        work: what both compute, as the page describes it.
        peer: the library that ours is compared with.
        ours, theirs: do the work once and return the result.
        target: how many times as fast ours should be; None means no target.
        limit: a sentence on what keeps ours from being faster, shown if the target is missed.
        threads: number of threads of each side.
        same: raises if the results differ.
        rounds: number of timed rounds, after one warm-up round.
        images: number of images produced, if images per second are of interest.
    """

    work: str
    peer: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    target: float | None = None
    limit: str = ""
    threads: int = 1
    same: Callable[[object, object], None] = assert_close
    rounds: int = ROUNDS
    images: int | None = None

    def check(self) -> None:
        """Do the work on both sides, and raise if the results differ."""
        with on_threads(self.threads):
            self.same(self.ours(), self.theirs())

    def measure(self) -> Row:
        """How many times as fast ours is: the median over rounds in which both sides take turns."""
        keep_freed_memory()
        self.check()
        with on_threads(self.threads):
            sides = {work: _repeats(work) for work in (self.theirs, self.ours)}
            spent = [_round(sides, turned=bool(turn % 2)) for turn in range(self.rounds)]
        ratios = [round_[self.theirs] / round_[self.ours] for round_ in spent]
        return Row(
            work=self.work,
            peer=self.peer,
            threads=self.threads,
            target=self.target,
            ratio=statistics.median(ratios),
            low=min(ratios),
            high=max(ratios),
            rounds=self.rounds,
            seconds=statistics.median(round_[self.ours] for round_ in spent),
            images=self.images,
            limit=self.limit,
        )


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory for the next tensor.

    Otherwise it returns large blocks to the system and requests them again, page by page. That can
    take longer than the work, and affects one side or the other by chance.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        for parameter, most in ((M_TRIM_THRESHOLD, 2**30), (M_MMAP_THRESHOLD, 2**25)):
            libc.mallopt(parameter, most)


@contextmanager
def on_threads(threads: int) -> Iterator[None]:
    """A context in which torch, NumPy and scikit-learn use this number of threads."""
    before = torch.get_num_threads()
    with threadpool_limits(threads):
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _repeats(work: Callable) -> int:
    """How often to repeat the work so that it takes a measurable time."""
    return max(1, round(SPAN / clock(work, 1)))


def _round(sides: dict[Callable, int], *, turned: bool) -> dict[Callable, float]:
    """Seconds that each side takes; if `turned`, the other one goes first."""
    order = list(sides.items())[:: -1 if turned else 1]
    return {work: clock(work, repeats) for work, repeats in order}


def clock(work: Callable, repeats: int) -> float:
    """Mean seconds that `work` takes over several consecutive calls."""
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - started) / repeats
