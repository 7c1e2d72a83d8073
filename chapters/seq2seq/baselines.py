"""What the alignment error rate of attention is compared with: a straight diagonal."""

import torch
from torch import Tensor

from chapters.seq2seq.links import errors_by_kind, percent
from lib.alignment import strongest_links
from lib.datasets.translation import TranslationDataset
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import shift


@torch.no_grad()
def looks(model: Seq2Seq, sentences: TranslationDataset) -> Tensor:
    """Attention weights (sentences, steps, positions), given the right words before each step.

    Args:
        model: a network with attention, on the CPU.
        sentences: on the CPU.
    """
    return model.decode(model.encode(sentences.source), shift(sentences.target)).weights


def diagonal(sentences: TranslationDataset) -> Tensor:
    """Weights (sentences, steps, positions) of 1 on the diagonal from first words to last ones.

    French word t of T' stands for the English word at the same share of the sentence's T words.
    Steps after the last French word have no weight.
    """
    weights = torch.zeros(sentences.links.shape)
    for row, pair in zip(weights, sentences.pairs, strict=True):
        steps, words = torch.arange(len(pair.french)), len(pair.english)
        places = ((steps + 0.5) * words / len(pair.french)).long().clamp(max=words - 1)
        row[steps, places] = 1
    return weights


def errors(weights: Tensor, sentences: TranslationDataset) -> dict[str, float]:
    """The alignment error rate in percent of the largest weights, as in `Judgment.errors`.

    Args:
        weights: (sentences, steps, positions).
    """
    possible = sentences.links
    return errors_by_kind(strongest_links(weights, possible.any(dim=-1)), possible, sentences)


def right_looks(weights: Tensor, sentences: TranslationDataset) -> float:
    """Percent of the words with a link whose largest weight lies on one of their links.

    Args:
        weights: (sentences, steps, positions).
    """
    linked = sentences.links.any(dim=-1)
    found = strongest_links(weights, linked)
    return percent((found & sentences.links).any(dim=-1)[linked].tolist())
