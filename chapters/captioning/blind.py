"""What can be guessed about a caption without its picture, as a baseline for captioners."""

from collections import Counter, defaultdict

import torch

from chapters.captioning.contest import percent
from chapters.captioning.pictures import Pictures
from lib.datasets.scene_captions import KINDS

START = -1  # stands for the words before a caption begins


def right_from_words(data: Pictures, *, before: int = 2) -> dict[str, float]:
    """Percent of words that are guessed right, for each kind of word, without any picture.

    The guess is the word that follows the same words most often in the training captions.

    Args:
        data: the captions.
        before: how many of the words before each word the guess rests on.

    Raises:
        ValueError: a negative number of words.
    """
    if before < 0:
        raise ValueError(f"before must be 0 or more; got {before}")
    follows: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for context, word in _in_context(data.target.tolist(), before):
        follows[context][word] += 1
    target = data.known.target
    guesses = [
        follows[context].most_common(1)[0][0] if follows[context] else START
        for context, _ in _in_context(target.tolist(), before)
    ]
    right = torch.tensor(guesses).view_as(target) == target
    return {kind: percent(right, data.words_of(kind)) for kind in KINDS}


def _in_context(captions: list[list[int]], before: int) -> list[tuple[tuple[int, ...], int]]:
    """Each word of each caption after the words before it."""
    return [
        (tuple(padded[at : at + before]), word)
        for caption in captions
        for padded in [[START] * before + caption]
        for at, word in enumerate(caption)
    ]
