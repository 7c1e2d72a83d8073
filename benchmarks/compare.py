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
SPAN = 0.1  # seconds that a side computes for in each round, at least
CORES = joblib.cpu_count()
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h; bytes


def assert_close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """Raise where two tensors differ by more than rounding explains."""
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


@dataclass(frozen=True)
class Comparison:
    """Our code and a peer's at the same work.

    Attributes:
        work: what both compute, as the page says it.
        peer: whose code ours is compared with.
        ours, theirs: do the work once, and return what came out.
        target: how many times as fast ours should be; None asks for nothing.
        limit: a sentence on what keeps ours from being faster, shown where the target is missed.
        threads: of either side.
        same: raises where what came out differs.
        rounds: timed, after one that warms up.
        images: how many come out, where their number per second is of interest.
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
        """Do the work on both sides, and raise where they differ."""
        with on_threads(self.threads):
            self.same(self.ours(), self.theirs())

    def measure(self) -> Row:
        """By how much ours is faster: the median over rounds, in which both sides take turns."""
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
    """Tell glibc to keep what is freed for the next tensor.

    Otherwise it hands large blocks back and gets them anew, page by page, which can take longer
    than the work, and happens to one side or the other by chance.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        for parameter, most in ((M_TRIM_THRESHOLD, 2**30), (M_MMAP_THRESHOLD, 2**25)):
            libc.mallopt(parameter, most)


@contextmanager
def on_threads(threads: int) -> Iterator[None]:
    """A block in which torch, NumPy and scikit-learn compute on so many threads."""
    before = torch.get_num_threads()
    with threadpool_limits(threads):
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _repeats(work: Callable) -> int:
    """How often the work is to be done to take a measurable time."""
    return max(1, round(SPAN / clock(work, 1)))


def _round(sides: dict[Callable, int], *, turned: bool) -> dict[Callable, float]:
    """Seconds of each side; every other round begins with the other one."""
    order = list(sides.items())[:: -1 if turned else 1]
    return {work: clock(work, repeats) for work, repeats in order}


def clock(work: Callable, repeats: int) -> float:
    """Seconds that `work` takes, the mean of several times in a row."""
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - started) / repeats
