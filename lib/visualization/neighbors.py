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

    Cost: n · m · d multiplications and a selection among n for each query. Distances are computed
    in float64, so duplicates are at distance zero; equal ones come in the order of the rows.
    """
    _check(features, queries, k, metric, exclude_self, batch_size)
    rows, others = _prepared(features.detach(), queries.detach(), metric)
    lengths = torch.linalg.vecdot(rows, rows) if metric == "euclidean" else rows.new_ones(1)
    parts = []
    for start in range(0, len(others), batch_size):
        batch = others[start : start + batch_size]
        keys = torch.addmm(lengths, batch, rows.T, alpha=-2)  # in the order of the distances
        if exclude_self:
            own = torch.arange(len(keys), device=keys.device)
            keys[own, own + start] = torch.inf
        parts.append(_smallest(keys, batch, k, metric))
    distances, indices = (torch.cat(part) for part in zip(*parts, strict=True))
    return Neighbors(distances.to(features.dtype), indices)


def _prepared(features: Tensor, queries: Tensor, metric: str) -> tuple[Tensor, Tensor]:
    """Both in float64: about their center or, for the cosine, of length one (zero stays zero)."""
    if metric == "euclidean":
        center = features.mean(dim=0, dtype=torch.float64)
        return features - center, queries - center  # products of small numbers lose less
    return _unit(features.double()), _unit(queries.double())


def _unit(rows: Tensor) -> Tensor:
    """Rows of length one, zero where they are zero."""
    return torch.nn.functional.normalize(rows, eps=torch.finfo(torch.float64).tiny)


def _distances(keys: Tensor, queries: Tensor, metric: str) -> Tensor:
    """The distances (queries, any) that belong to keys."""
    if metric == "cosine":
        return ((1 + keys) / 2).clamp_(min=0)
    lengths = torch.linalg.vecdot(queries, queries)[:, None]
    squares = lengths + keys
    # What is left of rounding errors would make duplicates, of equal length, look apart.
    return torch.where(squares < 2e-14 * lengths, 0.0, squares).sqrt_()


def _smallest(keys: Tensor, queries: Tensor, k: int, metric: str) -> tuple[Tensor, Tensor]:
    """Distances and rows (queries, k), sorted; equal distances in the order of the rows."""
    near = keys.topk(min(k + 1, keys.shape[1]), largest=False)  # one more, to see what is tied
    indices, order = near.indices.sort(dim=1)
    distances = _distances(near.values.gather(1, order), queries, metric)
    distances, order = distances.sort(dim=1, stable=True)
    indices = indices.gather(1, order)
    tied = (distances[:, k - 1 : k] == distances[:, k:]).any(dim=1)
    if bool(tied.any()):  # rows further behind may belong before those found
        every = _distances(keys[tied], queries[tied], metric).sort(dim=1, stable=True)
        distances[tied], indices[tied] = (part[:, : indices.shape[1]] for part in every)
    return distances[:, :k], indices[:, :k]


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
