"""Principal component analysis: the directions in which vectors vary most, in order."""

import torch
from torch import Tensor

RANK = 1e-10  # variances below this fraction of the largest are rounding errors
CHUNK = 500  # rows held in float64 at a time


def principal_directions(rows: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """The variances (K,), decreasing, and the directions (K, D) of vectors around their mean.

    Both are float64 and on the CPU, since not all devices support it. Directions are orthonormal,
    those of variance zero are left out, and the entry of largest magnitude in each is positive.

    Args:
        rows: (n, D), float, on any device.
        mean: (D,), float64, on the CPU.

    Raises:
        ValueError: the rows are all the same.

    Cost: O(n D²) for the covariance and O(D³) for its eigenvectors; with fewer rows than
        dimensions, n and D are swapped.
    Source: Pearson, "On lines and planes of closest fit", Philosophical Magazine 1901.
    """
    rows = rows.cpu()
    if len(rows) < len(mean):
        variances, directions = _from_gram(rows.double() - mean)
    else:
        variances, directions = torch.linalg.eigh(_covariance(rows, mean))
    kept = (variances > RANK * variances[-1].clamp(min=RANK)).nonzero().flatten().flip(0)
    if not len(kept):
        raise ValueError(f"{len(rows)} vectors that are all the same have no direction to vary in")
    directions = directions[:, kept].T
    largest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    directions = directions * largest.sign()  # an eigenvector's sign is arbitrary: fix it
    return variances[kept], directions.contiguous()


def _covariance(rows: Tensor, mean: Tensor) -> Tensor:
    """(D, D), float64."""
    total = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for chunk in rows.split(CHUNK):
        centered = chunk.double() - mean
        total.addmm_(centered.T, centered)
    return total / len(rows)


def _from_gram(centered: Tensor) -> tuple[Tensor, Tensor]:
    """The covariance's eigenvalues, increasing, and eigenvectors (D, n), from an n × n matrix.

    If u is an eigenvector of X Xᵀ / n, then Xᵀ u is one of Xᵀ X / n, with the same eigenvalue.
    """
    variances, u = torch.linalg.eigh(centered @ centered.T / len(centered))
    directions = centered.T @ u
    return variances, directions / directions.norm(dim=0).clamp(min=torch.finfo().tiny)
