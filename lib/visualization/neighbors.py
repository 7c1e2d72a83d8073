"""Which images lie closest to an image, in whatever space their vectors live."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

METRICS = ("euclidean", "cosine")
SPARE = 2  # rows looked at precisely beyond those asked for, as a rule enough to be sure of these
GROUP = 10  # columns whose minimum stands for them


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

    Cost: n · m · d multiplications. Every distance is computed roughly, in float32, and those of
    the rows that may be among the nearest once more in float64, so duplicates are at distance zero;
    equal ones come in the order of the rows.
    """
    _check(features, queries, k, metric, exclude_self, batch_size)
    rows, others = _prepared(features.detach(), queries.detach(), metric)
    with torch.autocast(features.device.type, enabled=False):  # it would round further
        squares, indices = _all_nearest(rows, others, k, exclude_self, batch_size)
    distances = squares.sqrt() if metric == "euclidean" else squares / 2
    return Neighbors(distances.to(features.dtype), indices)


def _all_nearest(
    rows: Tensor, queries: Tensor, k: int, exclude_self: bool, batch_size: int
) -> tuple[Tensor, Tensor]:
    """Squared distances and rows (queries, k), batch by batch."""
    center = rows.mean(dim=0)  # products of small numbers lose less
    around, queries_around = ((part - center).to(_rough_dtype()) for part in (rows, queries))
    around = _with_lengths(around)
    numbers = torch.arange(len(queries), device=rows.device)
    parts = []
    for start in range(0, len(queries), batch_size):
        part = slice(start, start + batch_size)
        rough = _rough(around, queries_around[part])
        own = numbers[part] if exclude_self else None
        parts.append(_nearest(rows, queries[part], k, rough, own))
    squares, indices = zip(*parts, strict=True)
    return torch.cat(squares), torch.cat(indices)


def _prepared(features: Tensor, queries: Tensor, metric: str) -> tuple[Tensor, Tensor]:
    """Both in float32 or float64, such that squared distances are the metric's, or twice that.

    For the cosine they have length one. Two more numbers set a zero apart from everything: its
    squared distance becomes 2.
    """
    if metric == "cosine":
        return _directions(features.double(), [1, 0]), _directions(queries.double(), [0, 1])
    if features.dtype == queries.dtype == torch.float32:
        return features, queries
    return features.double(), queries.double()


def _directions(rows: Tensor, zero: list[int]) -> Tensor:
    """Rows of length one, followed by (0, 0), or by `zero` where they are zero."""
    tiny = torch.finfo(torch.float64).tiny
    is_zero = (rows == 0).all(dim=1, keepdim=True)
    return torch.cat([functional.normalize(rows, eps=tiny), is_zero * rows.new_tensor(zero)], dim=1)


def _rough_dtype() -> torch.dtype:
    """float32, unless its products are allowed to be still rougher (TF32, bfloat16)."""
    as_it_says = torch.get_float32_matmul_precision() == "highest"
    return torch.float32 if as_it_says else torch.float64


class _Rough(NamedTuple):
    """What tells which rows may be the nearest ones.

    Attributes:
        keys: (queries, rows), about ‖r‖² − 2 r·q, which puts rows in the order of their distances.
        lengths: (queries,), ‖q‖², what the keys lack.
        error: (queries,), more than keys and lengths together may be wrong by.
    """

    keys: Tensor
    lengths: Tensor
    error: Tensor


def _with_lengths(rows: Tensor) -> Tensor:
    """(r, ‖r‖²) for each row r; its product with (−2q, 1) is a key."""
    return torch.cat([rows, torch.linalg.vecdot(rows, rows)[:, None]], dim=1)


def _rough(rows: Tensor, queries: Tensor) -> _Rough:
    """Keys of all rows, which come with their lengths."""
    lengths = torch.linalg.vecdot(queries, queries)
    keys = functional.pad(-2 * queries, (0, 1), value=1) @ rows.T
    # Each rounding is by eps/2 of ‖r‖² or 2‖r‖‖q‖ at most; a product has as many as it has terms.
    precision, roundings = torch.finfo(keys.dtype), rows.shape[1] + 8
    largest = (rows[:, -1].max().sqrt() + lengths.sqrt()).square()
    return _Rough(keys, lengths, roundings * (precision.eps * largest + precision.tiny))


def _nearest(
    rows: Tensor, queries: Tensor, k: int, rough: _Rough, own: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Squared distances and rows (queries, k), sorted; equal distances in the order of the rows.

    Args:
        own: (queries,), for each query the row that does not count.
    """
    there = len(rows)
    if own is not None:
        there -= 1
        rough.keys.scatter_(1, own[:, None], torch.inf)
    keys, indices = _smallest(rough.keys, min(k + SPARE, there))
    indices = indices.sort(dim=1).values
    found = rows.index_select(0, indices.flatten()).unflatten(0, indices.shape)
    squares, order = _squares(found, queries[:, None]).sort(dim=1, stable=True)
    squares, indices = squares[:, :k], indices.gather(1, order[:, :k])
    # A row as near as the last of these has no larger key than this.
    limit = squares[:, -1] - rough.lengths + rough.error
    elsewhere = keys.amax(dim=1) if keys.shape[1] < there else torch.inf
    sure = (limit < elsewhere) & limit.isfinite()
    for query in (~sure).nonzero()[:, 0].tolist():
        near = (~(rough.keys[query] > limit[query])).nonzero()[:, 0]
        if own is not None:
            near = near[near != own[query]]
        every, order = _squares(rows[near], queries[query]).sort(stable=True)
        squares[query], indices[query] = every[:k], near[order[:k]]
    return squares, indices


def _squares(rows: Tensor, queries: Tensor) -> Tensor:
    """Squared distances, in float64."""
    apart = rows.double() - queries
    return torch.linalg.vecdot(apart, apart)


def _smallest(keys: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The smallest keys of each row and their columns, (rows, count), in any order.

    Where there are many columns, the groups with the smallest minima are found first: no others
    hold one of the smallest keys.
    """
    groups = keys.shape[1] // GROUP
    if groups <= count:
        return torch.topk(keys, count, largest=False, sorted=False)
    grouped = groups * GROUP
    chosen = _smallest(keys[:, :grouped].unflatten(1, (GROUP, groups)).amin(dim=1), count)[1]
    columns = torch.arange(0, grouped, groups, device=keys.device)[:, None] + chosen[:, None]
    rest = torch.arange(grouped, keys.shape[1], device=keys.device).expand(len(keys), -1)
    columns = torch.cat([columns.flatten(1), rest], dim=1)
    found = keys.gather(1, columns).topk(count, largest=False, sorted=False)
    return found.values, columns.gather(1, found.indices)


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
