"""Two sides of one comparison, timed in turn."""

import statistics
import time
from collections.abc import Callable

import torch

ROUNDS = 7


def compare(
    name: str,
    peer_name: str,
    ours: Callable,
    peer: Callable,
    *,
    same: Callable[[object, object], None] | None = None,
    rounds: int = ROUNDS,
) -> None:
    """Print by how much `ours` is faster than `peer`: the median of interleaved rounds.

    Args:
        same: raises where the two sides' results differ; None asks for equal tensors.
    """
    (same or assert_close)(ours(), peer())  # and warms both up
    ratios, seconds = [], []
    for _ in range(rounds):
        spent = [clock(peer), clock(ours)]
        ratios.append(spent[0] / spent[1])
        seconds.append(spent[1])
    low, high = min(ratios), max(ratios)
    print(
        f"{name}: {statistics.median(seconds):.2f} s, {statistics.median(ratios):.2f} times as fast"
    )
    print(f"    as {peer_name} (from {low:.2f} to {high:.2f} in {rounds} rounds)")


def assert_close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """Raise where two tensors differ by more than rounding explains."""
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def clock(work: Callable) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
