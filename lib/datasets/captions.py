"""Captions as numbers: what a captioner learns, and what each word is about."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from lib.datasets.scene_captions import Scene, caption_words, vocabulary
from lib.datasets.words import PAD, SPECIAL, Vocabulary, pad

NOTHING = -1  # for words that are not about one particular thing


class Captions(NamedTuple):
    """The captions of scenes, one each.

    Attributes:
        target: (n, longest) int64; each row ends with END, then PAD.
        about: (n, longest) int64, which object each word describes, counted from 1; 0 for the
            background, `NOTHING` for other words, END and PAD.
    """

    target: Tensor
    about: Tensor


@cache
def caption_vocabulary() -> Vocabulary:
    """All words of scenes' captions."""
    return Vocabulary(SPECIAL + vocabulary())


def as_captions(scenes: Sequence[Scene]) -> Captions:
    """The caption of each scene, with what its words are about; on the CPU.

    Raises:
        ValueError: no scenes.
    """
    words = [caption_words(scene) for scene in scenes]
    target = pad([caption_vocabulary().encode([word.text for word in row]) for row in words])
    about = torch.full_like(target, NOTHING)
    for row, said in zip(about, words, strict=True):
        things = [NOTHING if word.about is None else word.about for word in said]
        row[: len(said)] = torch.tensor(things)
    return Captions(target, about)


def word_vocabulary(captions: Sequence[Sequence[str]], *, least: int = 1) -> Vocabulary:
    """The words that captions use at least `least` times, sorted.

    Args:
        captions: the words of each caption.
        least: rarer words are left out and read as UNKNOWN.

    Raises:
        ValueError: no word is that frequent.
    """
    counts: dict[str, int] = {}
    for words in captions:
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    kept = sorted(word for word, count in counts.items() if count >= least)
    if not kept:
        raise ValueError(f"no word is used {least} times in {len(captions)} captions")
    return Vocabulary(SPECIAL + tuple(kept))


def texts(target: Tensor, vocabulary: Vocabulary) -> list[str]:
    """Rows of word numbers as sentences, up to END, with words separated by spaces."""
    return [" ".join(vocabulary.decode(row)) for row in target.tolist()]


def words_of(target: Tensor, words: Sequence[str], vocabulary: Vocabulary) -> Tensor:
    """Bool, shaped like `target`: True where one of these words occurs."""
    table = torch.tensor([word in words for word in vocabulary.words], device=target.device)
    return table[target] & (target != PAD)
