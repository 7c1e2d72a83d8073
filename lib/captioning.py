"""Captions judged: against people's by BLEU, and against where the things are."""

import difflib
from collections.abc import Sequence
from typing import NamedTuple

import sacrebleu
import torch
from torch import Tensor
from torch.nn import functional

from lib.datasets.captions import NOTHING


class Looked(NamedTuple):
    """Where a captioner looked for each word that is about a thing; NaN for the other words.

    Attributes:
        inside: (batch, steps), the share of its weights on the thing, 0 to 1.
        even: (batch, steps), the share that even weights would have there: the thing's size.
        on: (batch, steps), 1 if the place with the largest weight holds a part of the thing, else
            0.
    """

    inside: Tensor
    even: Tensor
    on: Tensor


def bleu(said: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus BLEU-4 in percent: shared runs of one to four words, and no shorter than asked.

    Args:
        said: a sentence for each picture, words with spaces between them.
        references: for each picture the sentences that people, or a grammar, wrote about it; their
            numbers may differ.

    Raises:
        ValueError: no sentences, numbers that differ, or a picture without a reference.

    Source: Papineni et al., "BLEU", ACL 2002; computed by sacrebleu (Post, 2018), no tokenizer.
    """
    if not said or len(said) != len(references):
        raise ValueError(
            f"expected as many sentences as lists of references; got {len(said)} and "
            f"{len(references)}"
        )
    if isinstance(references[0], str) or not all(references):
        raise ValueError("each sentence needs a list of one reference or more")
    most = max(map(len, references))
    # sacrebleu wants the first reference of every sentence, then the second; None where there is
    # none.
    columns = [[row[k] if k < len(row) else None for row in references] for k in range(most)]
    return sacrebleu.corpus_bleu(list(said), columns, tokenize="none", force=True).score


def align_words(said: Sequence[str], truth: Sequence[str]) -> list[int | None]:
    """For each word said the position in the truth that it stands for; None for one too many.

    Words in the longest shared runs are paired, and between them runs of equal length, in which a
    word was written in place of another.
    """
    pairs: list[int | None] = [None] * len(said)
    matcher = difflib.SequenceMatcher(None, list(said), list(truth), autojunk=False)
    for tag, start, stop, other, end in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and stop - start == end - other):
            pairs[start:stop] = range(other, end)
    return pairs


def cover(owners: Tensor, rows: int, columns: int) -> Tensor:
    """How much of each cell of a grid each thing covers: (batch, things, rows, columns), 0 to 1.

    Args:
        owners: (batch, height, width), 0 for the background and k for the k-th object, such as
            `SceneDataset.object_masks`; `things` counts both.
    """
    things = functional.one_hot(owners.long()).movedim(-1, 1).float()
    return functional.adaptive_avg_pool2d(things, (rows, columns))


def judge_looks(weights: Tensor, about: Tensor, owners: Tensor, *, rows: int) -> Looked:
    """Compare where it looked with where the things are that the words are about.

    Args:
        weights: (batch, steps, rows · columns), which sum to 1.
        about: (batch, steps) int64, see `Captions`; a thing that is not in the picture counts as
            one of size 0.
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
