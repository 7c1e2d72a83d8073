"""Additive attention: weights over positions, and the context that they select."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lib.initialization import initialize_uniform_


def additive_attention(
    query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, *, score: Tensor
) -> tuple[Tensor, Tensor]:
    """Context c = Σ a_i value_i and weights a = softmax(e), with e_i = score · tanh(query + key_i).

    Query and keys are already projected to one space, so keys are projected once for all steps.

    Args:
        query: (batch, hidden), the projected state of the decoder.
        keys: (batch, positions, hidden), the projected states of the encoder.
        values: (batch, positions, size), what the weights mix.
        mask: (batch, positions) bool, True where it may look; None means everywhere.
        score: (hidden,), the last layer of the network that computes the alignment scores.

    Returns:
        context (batch, size) and weights (batch, positions), which sum to 1 and are 0 where masked.

    Raises:
        ValueError: mismatched shapes, or a mask that hides every position of an example.

    Source: Bahdanau, Cho, Bengio, "Neural machine translation by jointly learning to align and
    translate", ICLR 2015, section 3.1 and appendix A.1.2.
    """
    _check_shapes(query, keys, values, score)
    check_mask(mask, keys)
    scores = torch.tanh(query[:, None] + keys) @ score
    return _look(scores, values, _hidden(mask))


def _hidden(mask: Tensor | None) -> Tensor | None:
    """True where it may not look; None if nothing is masked."""
    return None if mask is None or bool(mask.all()) else ~mask


def _look(scores: Tensor, values: Tensor, hidden: Tensor | None) -> tuple[Tensor, Tensor]:
    if hidden is not None:
        scores = scores.masked_fill(hidden, -torch.inf)
    weights = scores.softmax(dim=-1)
    return (weights[:, None] @ values)[:, 0], weights


def check_mask(mask: Tensor | None, keys: Tensor) -> None:
    """Raise unless the mask fits and leaves every example at least one position.

    Raises:
        ValueError: a wrong shape or dtype, no positions, or an example with every position hidden.
    """
    if keys.shape[1] == 0:
        raise ValueError("there is no position to look at")
    if mask is None:
        return
    if mask.dtype != torch.bool or mask.shape != keys.shape[:2]:
        raise ValueError(
            f"mask must be bool {tuple(keys.shape[:2])}; got {mask.dtype} {tuple(mask.shape)}"
        )
    hidden = (~mask.any(dim=1)).nonzero()[:, 0].tolist()
    if hidden:
        raise ValueError(f"the mask hides every position of example(s) {hidden[:5]}")


class AdditiveAttention(nn.Module):
    """Additive attention with its projections: e_i = v · tanh(W query + U key_i + b).

    Args:
        query_size: size of the decoder's state.
        key_size: size of the encoder's states.
        hidden: units of the scoring network.
        generator: source of the initial weights.
    """

    def __init__(
        self, query_size: int, key_size: int, hidden: int, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.query = nn.Linear(query_size, hidden, bias=False)
        self.key = nn.Linear(key_size, hidden)
        self.score = nn.Parameter(torch.empty(hidden))
        initialize_uniform_(self, generator)

    def forward(
        self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Context (batch, size) and weights (batch, positions), see `additive_attention`.

        Args:
            query: (batch, query_size).
            keys: (batch, positions, key_size).
            values: (batch, positions, size).
            mask: (batch, positions) bool, True where it may look.
        """
        return additive_attention(self.query(query), self.key(keys), values, mask, score=self.score)

    def prepare(
        self, keys: Tensor, values: Tensor, mask: Tensor | None = None
    ) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        """A function of the query alone: keys are projected, and the mask is checked, only once."""
        projected = self.key(keys)
        check_mask(mask, projected)
        hidden = _hidden(mask)

        def look(query: Tensor) -> tuple[Tensor, Tensor]:
            scores = torch.tanh(self.query(query)[:, None] + projected) @ self.score
            return _look(scores, values, hidden)

        return look


def _check_shapes(query: Tensor, keys: Tensor, values: Tensor, score: Tensor) -> None:
    fits = (
        query.ndim == 2
        and keys.ndim == values.ndim == 3
        and keys.shape[:2] == values.shape[:2]
        and query.shape == (keys.shape[0], keys.shape[2])
        and score.shape == (keys.shape[2],)
    )
    if not fits:
        shapes = ", ".join(str(tuple(t.shape)) for t in (query, keys, values, score))
        raise ValueError(
            "expected query (batch, hidden), keys (batch, positions, hidden), values (batch, "
            f"positions, size) and score (hidden,); got {shapes}"
        )
