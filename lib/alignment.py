"""How well attention weights agree with known links between words: the alignment error rate."""

import torch
from torch import Tensor


def strongest_links(weights: Tensor, rows: Tensor) -> Tensor:
    """One link for each word: to the position with the largest weight, the first of equals.

    A weight that is NaN is never the largest.

    Args:
        weights: (..., steps, positions).
        rows: (..., steps) bool, the words that get a link.

    Returns:
        (..., steps, positions) bool.
    """
    table = torch.zeros_like(weights, dtype=torch.bool)
    largest = weights.masked_fill(weights.isnan(), -torch.inf).argmax(dim=-1, keepdim=True)
    return table.scatter_(-1, largest, rows[..., None])


def alignment_error_rate(found: Tensor, possible: Tensor, sure: Tensor | None = None) -> float:
    """1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|), which is 0 if S ⊆ A ⊆ P.

    Args:
        found: bool, A, the links found: a table of any shape.
        possible: bool, P, all links that are not mistakes, in the same shape.
        sure: bool, S, those of P that must be found; None takes the links of words that have
            only one (a word that has several may be linked to any of them).

    Raises:
        ValueError: tables that differ in shape or are not bool, a sure link that is not possible,
            or nothing to count.

    Source: Och and Ney, "A systematic comparison of various statistical alignment models",
    Computational Linguistics 29, 2003, section 5.
    """
    if sure is None:
        sure = possible.bool() & (possible.sum(dim=-1, keepdim=True) == 1)
    if not found.dtype == possible.dtype == sure.dtype == torch.bool:
        raise ValueError(f"tables must be bool; got {found.dtype}, {possible.dtype}, {sure.dtype}")
    if not found.shape == possible.shape == sure.shape:
        shapes = ", ".join(str(tuple(table.shape)) for table in (found, possible, sure))
        raise ValueError(f"tables must have one shape; got {shapes}")
    if bool((sure & ~possible).any()):
        raise ValueError("each sure link must be possible, too")
    total = int(found.sum() + sure.sum())
    if total == 0:
        raise ValueError("there are no links to compare")
    return 1 - int((found & sure).sum() + (found & possible).sum()) / total
