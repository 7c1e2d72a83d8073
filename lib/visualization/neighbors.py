"""The images closest to an image, in any space of feature vectors."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lib.precision import unit_scale, wide, without_autocast

METRICS = ("euclidean", "cosine")
FROM_DIFFERENCES = "donot_use_mm_for_euclid_dist"  # dot products lose small distances
PAIRS = 4096  # at a time, of those that need more care


class Neighbors(NamedTuple):
    """The nearest rows for each query, closest first.

    Attributes:
        distances: (queries, k).
        indices: (queries, k), rows of the features.
    """

    distances: Tensor
    indices: Tensor


@without_autocast()
def nearest_neighbors(
    features: Tensor,
    queries: Tensor,
    k: int,
    *,
    metric: str = "euclidean",
    exclude_self: bool = False,
    batch_size: int = 256,
) -> Neighbors:
    """The k rows of the features closest to each query.

    Args:
        features: (n, d), float.
        queries: (m, d), on the same device; pass the features themselves to compare all with all.
        k: number of neighbors for each query.
        metric: "euclidean", or "cosine": 1 minus the cosine of the angle between two vectors, 1 if
            one of them is zero.
        exclude_self: leave out row i for query i, if the queries are the features.
        batch_size: queries at a time; memory holds batch_size × n distances.

    Raises:
        ValueError: wrong shapes, an unknown metric, k larger than the number of rows, or
            `exclude_self` with different numbers of queries and features.
        TypeError: not floats.

    Cost: n · m · d operations, for the cosine on the CPU. Distances are computed from differences,
    not dot products, so equal rows have distance zero; equal distances are in the order of the
    rows.
    """
    _check(features, queries, k, metric, exclude_self, batch_size)
    rows, others = _comparable(features, metric, 0), _comparable(queries, metric, 1)
    found = []
    for index in torch.arange(len(queries), device=rows.device).split(batch_size):
        distances = torch.cdist(others[index], rows, compute_mode=FROM_DIFFERENCES)
        _repair_(distances, others[index], rows)
        if exclude_self:
            distances.scatter_(1, index[:, None], torch.inf)
        ordered = distances.sort(dim=1, stable=True)
        found.append((ordered.values[:, :k], ordered.indices[:, :k]))
    distances, indices = map(torch.cat, zip(*found, strict=True))
    if metric == "cosine":  # for unit vectors: ‖a − b‖² = 2 − 2 cos
        distances = distances.square() / 2
    return Neighbors(distances.to(features.dtype).to(features.device), indices.to(features.device))


def _comparable(rows: Tensor, metric: str, side: int) -> Tensor:
    """Rows whose Euclidean distances give the metric: for the cosine, float64 of length one.

    Those are on the CPU, since not all devices support float64.

    A zero vector has no direction. An extra coordinate, a different one on each side, makes it
    orthogonal to all rows of the other side.
    """
    rows = rows.detach()
    if metric == "euclidean":
        return wide(rows)
    rows = rows.cpu().double()
    units = functional.normalize(rows / unit_scale(rows, 1))
    zero = functional.one_hot(torch.tensor(side), 2).to(rows)
    return torch.cat([units, (rows == 0).all(dim=1, keepdim=True) * zero], dim=1)


def _repair_(distances: Tensor, queries: Tensor, rows: Tensor) -> None:
    """Compute those distances again whose squares are too large or too small to be represented."""
    number = torch.finfo(distances.dtype)
    vanishing = distances < (number.tiny / number.eps) ** 0.5
    for pairs in (vanishing | distances.isinf()).nonzero().split(PAIRS):
        query, row = pairs.T
        differences = queries[query] - rows[row]
        scale = unit_scale(differences, 1)
        distances[query, row] = (differences / scale).norm(dim=1) * scale[:, 0]


def _check(
    features: Tensor, queries: Tensor, k: int, metric: str, exclude_self: bool, batch_size: int
) -> None:
    for name, given in (("features", features), ("queries", queries)):
        if not given.is_floating_point():
            raise TypeError(f"{name} must be floats; got {given.dtype}")
        if given.ndim != 2 or given.shape[1] != features.shape[-1] or not len(given):
            raise ValueError(
                f"{name} must be (rows, {features.shape[-1]}), not empty; got {tuple(given.shape)}"
            )
        if not all(bool(extreme.isfinite()) for extreme in given.aminmax()):
            raise ValueError(f"{name} must be finite; got NaN or infinity")
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}; got {metric!r}")
    if exclude_self and len(queries) != len(features):
        raise ValueError(
            f"exclude_self needs a query for each row; got {len(queries)} and {len(features)}"
        )
    most = len(features) - exclude_self
    if not 1 <= k <= most or batch_size < 1:
        raise ValueError(f"k must be 1 to {most}, batch_size at least 1; got {k}, {batch_size}")
