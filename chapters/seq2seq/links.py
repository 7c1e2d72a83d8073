"""Attention weights against the links that the grammar knows."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lib.alignment import alignment_error_rate, strongest_links
from lib.datasets.translation import Pair, TranslationDataset
from lib.datasets.translation_vocabulary import french_kinds
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import shift

ALL = "all words"


@dataclass(frozen=True)
class Judgment:
    """How well a network's weights match the links of a set of sentences, in percent.

    Attributes:
        errors: the alignment error rate, for each kind of French word and for `ALL`.
        backwards: of the neighboring French words whose English words are in the opposite order,
            how many the largest weights read in that order.
        at_noun: of the articles that are linked wrongly, how many are linked to their noun.
        words, wrong: number of words, and number of words not ranked first.
        looked_right: of the wrong words, how many are linked correctly; NaN if there are none.
    """

    errors: dict[str, float]
    backwards: float
    at_noun: float
    words: int
    wrong: int
    looked_right: float


@torch.no_grad()
def judge_links(model: Seq2Seq, sentences: TranslationDataset) -> Judgment:
    """Judge the largest weight for each right word, given the right words before it."""
    logits, weights = model.decode(model.encode(sentences.source), shift(sentences.target))
    possible = sentences.links
    linked = possible.any(dim=-1)
    found = strongest_links(weights, linked)
    hits = (found & possible).any(dim=-1)
    wrong = linked & (logits.argmax(dim=-1) != sentences.target)
    places = weights.argmax(dim=-1).tolist()
    return Judgment(
        errors_by_kind(found, possible, sentences),
        percent([
            looked[j] > looked[j + 1]
            for pair, looked in zip(sentences.pairs, places, strict=True)
            for j in reversed_at(pair)
        ]),
        percent([
            place in noun
            for pair, looked, hit in zip(sentences.pairs, places, hits.tolist(), strict=True)
            for j, noun in nouns_of_articles(pair)
            for place in [looked[j]]
            if not hit[j]
        ]),
        int(linked.sum()),
        int(wrong.sum()),
        percent(hits[wrong].tolist()),
    )  # fmt: skip


def errors_by_kind(
    found: Tensor, possible: Tensor, sentences: TranslationDataset
) -> dict[str, float]:
    """The alignment error rate in percent, for each kind of French word and for `ALL`."""
    result = {}
    for kind, words in french_kinds().items():
        known = torch.tensor([word in words for word in sentences.french.words])
        rows = known[sentences.target][..., None]
        result[kind] = 100 * alignment_error_rate(found & rows, possible & rows)
    return result | {ALL: 100 * alignment_error_rate(found, possible)}


def reversed_at(pair: Pair) -> list[int]:
    """Positions j where French words j and j + 1 link to one English word each, j's the later."""
    says = said_by(pair)
    return [
        j
        for j in range(len(pair.french) - 1)
        if len(says[j]) == len(says[j + 1]) == 1 and max(says[j]) > max(says[j + 1])
    ]


def nouns_of_articles(pair: Pair) -> list[tuple[int, set[int]]]:
    """The position of each article before a noun, and the noun's English positions.

    There may be adjectives between the two. (The article of a date has no noun.)
    """
    kinds, says, result = french_kinds(), said_by(pair), []
    noun = None
    for j in reversed(range(len(pair.french))):
        word = pair.french[j]
        if word in kinds["article"]:
            result += [] if noun is None else [(j, says[noun])]
        if word in kinds["noun"]:
            noun = j
        elif word not in kinds["adjective"]:
            noun = None
    return result


def said_by(pair: Pair) -> list[set[int]]:
    """For each French word, the positions of the English words that it translates."""
    says = [set() for _ in pair.french]
    for j, i in pair.links:
        says[j].add(i)
    return says


def percent(hits: list[bool]) -> float:
    """The percentage of True values; NaN for an empty list."""
    return 100 * sum(hits) / len(hits) if hits else float("nan")
