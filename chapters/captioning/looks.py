"""Where a captioner looks for each word, compared with the position of the word's thing."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lib.datasets.captions import NOTHING


class Looked(NamedTuple):
    """Where a captioner looked for each word that refers to a thing; NaN for other words.

    Attributes:
        inside: (batch, steps), the share of its weights on the thing, 0 to 1.
        even: (batch, steps), the share that uniform weights would have there: the thing's size.
        on: (batch, steps), 1 if the place with the largest weight contains part of the thing,
            otherwise 0.
    """

    inside: Tensor
    even: Tensor
    on: Tensor


def cover(owners: Tensor, rows: int, columns: int) -> Tensor:
    """The share of each grid cell that each thing covers: (batch, things, rows, columns), 0 to 1.

    Args:
        owners: (batch, height, width), 0 for the background and k for the k-th object, such as
            `SceneDataset.object_masks`; `things` counts both.
    """
    things = functional.one_hot(owners.long()).movedim(-1, 1).float()
    return functional.adaptive_avg_pool2d(things, (rows, columns))


def judge_looks(weights: Tensor, about: Tensor, owners: Tensor, *, rows: int) -> Looked:
    """Compare attention weights with the positions of the things that the words refer to.

    Args:
        weights: (batch, steps, rows · columns), which sum to 1.
        about: (batch, steps) int64, see `Captions`; a thing that is not in the picture counts as
            having size 0.
        owners: (batch, height, width), see `cover`.
        rows: of the grid.

    Raises:
        ValueError: shapes that do not fit.
    """
    places = weights.shape[-1]
    if weights.shape[:2] != about.shape or len(owners) != len(about) or rows < 1 or places % rows:
        raise ValueError(
            "expected weights (batch, steps, places), about (batch, steps) and owners (batch, "
            f"height, width), {rows} rows; got {tuple(weights.shape)}, {tuple(about.shape)}, "
            f"{tuple(owners.shape)}"
        )
    covered = cover(owners, rows, places // rows).flatten(2)
    most = max(covered.shape[1], int(about.max()) + 1)
    covered = functional.pad(covered, (0, 0, 0, most - covered.shape[1]))
    which = about.clamp(min=0)[..., None].expand(-1, -1, places)
    of_word = covered.gather(1, which)
    largest = of_word.gather(-1, weights.argmax(dim=-1, keepdim=True))[..., 0] > 0
    scores = ((weights * of_word).sum(-1), of_word.mean(-1), largest.to(weights))
    return Looked(*(score.masked_fill(about == NOTHING, torch.nan) for score in scores))
