"""Nearest neighbors of 500 rows among 10,000, against a loop and scikit-learn."""

from collections.abc import Iterator
from functools import partial

import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from benchmarks.compare import Comparison
from benchmarks.networks import generator
from lib.visualization import nearest_neighbors

TITLE = "Nearest neighbors"
PEERS = ("scikit-learn",)
ABOUT = (
    "The 10 nearest of 10,000 rows for each of 500. The loop takes one query after another, in "
    "float32; scikit-learn's search is its `brute` one, fitted beforehand, with distances in "
    "float64. Ours finds in float32 which rows may be the nearest, and compares those in float64. "
    "Rows of 64 numbers are those of the chapters' networks."
)
LIMIT = (
    "The product of all queries with all rows takes two thirds of our time, and is as fast as the "
    "processor multiplies; telling the nearest by the minima of groups takes most of the rest."
)
ROWS, QUERIES, K = 10_000, 500, 10


def comparisons() -> Iterator[Comparison]:
    """Two lengths of rows, two peers."""
    for numbers in (64, 512):
        features = torch.randn(ROWS + QUERIES, numbers, generator=generator())
        rows, queries = features[:ROWS], features[ROWS:]
        fitted = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(rows.numpy())
        for peer, theirs, target in (
            ("a loop", partial(loop, rows, queries), 8.0),
            ("scikit-learn", partial(by_scikit_learn, fitted, queries), 1.0),
        ):
            yield Comparison(
                f"{QUERIES} queries of {numbers} numbers",
                peer,
                partial(ours, rows, queries),
                theirs,
                target=target,
                limit=LIMIT,
                rounds=5,
            )


def ours(rows: Tensor, queries: Tensor) -> Tensor:
    """Indices (queries, k)."""
    return nearest_neighbors(rows, queries, K).indices


def by_scikit_learn(fitted: NearestNeighbors, queries: Tensor) -> Tensor:
    """Indices (queries, k)."""
    return torch.from_numpy(fitted.kneighbors(queries.numpy(), return_distance=False))


def loop(rows: Tensor, queries: Tensor) -> Tensor:
    """Indices (queries, k), one query after another."""
    found = [
        (rows - query).square().sum(1).sqrt().topk(K, largest=False).indices for query in queries
    ]
    return torch.stack(found)
