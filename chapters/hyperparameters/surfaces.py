"""Searches with nine trials on a made-up score surface: a grid against random points."""

import itertools

import numpy as np

from lib.runtime import Run

KINDS = ("grid", "random")
WIDTH, FLAT = 0.12, 2.0  # of the surface, along a hyperparameter that matters, and one that doesn't


def surface(
    x: np.ndarray, y: np.ndarray, peak: tuple[float, float] = (0.62, 0.4), *, both: bool = False
) -> np.ndarray:
    """The score in percent at (x, y), 100 at the peak; y matters only if `both`."""
    along_y = ((y - peak[1]) / (WIDTH if both else FLAT)) ** 2
    return 100 * np.exp(-(((x - peak[0]) / WIDTH) ** 2) - along_y)


def grid_points(rng: np.random.Generator, k: int = 3) -> np.ndarray:
    """A k × k grid in the unit square, (k², 2): one point per cell, at the same place in each.

    The place is random, so that the grid knows as little about the peak as random points do.
    """
    offset = rng.random(2)
    return np.array([(np.array(i) + offset) / k for i in itertools.product(range(k), repeat=2)])


def random_points(rng: np.random.Generator, k: int = 3) -> np.ndarray:
    """Independent random points, as many as in the grid, (k², 2)."""
    return rng.random((k**2, 2))


def points_of(kind: str, repeat: int, run: Run) -> np.ndarray:
    """The nine trials of one search, (9, 2), in a random order.

    Args:
        kind: "grid" or "random".
        repeat: index of the draw.
        run: the root of all random numbers.
    """
    rng = np.random.default_rng((run.seed, repeat))
    points = {"grid": grid_points, "random": random_points}[kind](rng)
    return rng.permutation(points)


def typical_draw(run: Run, draws: int = 200) -> int:
    """The index of the draw whose best scores are closest to their means over all draws."""
    best = np.array(
        [
            [
                surface(*points_of(kind, repeat, run).T, both=both).max()
                for kind in KINDS
                for both in (False, True)
            ]
            for repeat in range(draws)
        ]
    )
    return int(np.abs(best - best.mean(axis=0)).sum(axis=1).argmin())


def best_so_far(kind: str, *, both: bool, repeats: int, run: Run) -> np.ndarray:
    """The best score after each trial, (repeats, 9), with the peak elsewhere in each repeat."""
    rng = np.random.default_rng((run.seed, 7))
    rows = []
    for repeat in range(repeats):
        x, y = points_of(kind, 100 + repeat, run).T
        peak = tuple(rng.uniform(0.1, 0.9, 2))
        rows.append(np.maximum.accumulate(surface(x, y, peak, both=both)))
    return np.array(rows)
