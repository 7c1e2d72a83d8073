"""Which images lie closest to an image, in whatever space their vectors live."""

from typing import NamedTuple

import torch
from torch import Tensor

METRICS = ("euclidean", "cosine")


class Neighbors(NamedTuple):
    """The nearest rows of each query, the closest first.

    Attributes:
        distances: (queries, k).
        indices: (queries, k), rows of the features.
    """

    distances: Tensor
    indices: Tensor


def nearest_neighbors(
    features: Tensor,
    queries: Tensor,
    k: int,
    *,
    metric: str = "euclidean",
    exclude_self: bool = False,
    batch_size: int = 256,
) -> Neighbors:
    """The k rows of the features that lie closest to each query.

    Args:
        features: (n, d), float.
        queries: (m, d), on the same device; pass the features themselves to compare all with all.
        k: neighbors of each query.
        metric: "euclidean", or "cosine": 1 minus the cosine of the angle between two vectors, 1 if
            one of them is zero.
        exclude_self: leave out row i for query i, where the queries are the features.
        batch_size: queries at a time; the memory is that of batch_size × n distances.

    Raises:
        ValueError: other shapes, an unknown metric, k larger than the rows there are, or
            `exclude_self` with another number of queries than features.
        TypeError: no floats.

    Cost: n · m · d multiplications and a sort of n for each query. Distances are computed in
    float64, so duplicates are at distance zero; equal ones come in the order of the rows.
    """
    _check(features, queries, k, metric, exclude_self, batch_size)
    rows, others = _prepared(features, metric), _prepared(queries, metric)
    parts = []
    for start in range(0, len(others), batch_size):
        distances = _distances(others[start : start + batch_size], rows, metric)
        if exclude_self:
            own = torch.arange(len(distances), device=distances.device)
            distances[own, own + start] = torch.inf
        parts.append([part[:, :k] for part in distances.sort(dim=1, stable=True)])
    distances, indices = (torch.cat(part) for part in zip(*parts, strict=True))
    return Neighbors(distances.to(features.dtype), indices)


def _prepared(rows: Tensor, metric: str) -> Tensor:
    """Rows in float64; for the cosine, of length one, zero where they are zero."""
    rows = rows.detach().double()
    if metric == "euclidean":
        return rows
    return torch.nn.functional.normalize(rows, eps=torch.finfo(torch.float64).tiny)


def _distances(queries: Tensor, rows: Tensor, metric: str) -> Tensor:
    if metric == "cosine":
        return (1 - queries @ rows.T).clamp_(min=0)
    center = rows.mean(dim=0)  # distances stay; products of small numbers lose less
    queries, rows = queries - center, rows - center
    squares = (queries**2).sum(1)[:, None] + (rows**2).sum(1) - 2 * queries @ rows.T
    # What is left of rounding errors would make duplicates look apart.
    noise = 1e-14 * ((queries**2).sum(1)[:, None] + (rows**2).sum(1))
    return torch.where(squares < noise, 0.0, squares).sqrt_()


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
        if not bool(given.isfinite().all()):
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
