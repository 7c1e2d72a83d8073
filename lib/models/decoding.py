"""Writing word by word: greedily, or keeping the few best partial sentences (beam search)."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lib.datasets.words import END, PAD, START
from lib.models.decoder import Encoded, EncoderDecoder
from lib.models.sequences import trim
from lib.precision import wide, wide_dtype

LONGEST = 80  # words; longer than any of our sentences


class Written(NamedTuple):
    """What was written.

    Attributes:
        words: (batch, steps) int64; END, then PAD. A row without END reached the longest length.
        weights: (batch, steps, positions), where it looked at each step; 0 after END.
        log_p: (batch,), log-probability of all words, including END; float32 or wider.
    """

    words: Tensor
    weights: Tensor
    log_p: Tensor


@torch.no_grad()
def greedy(model: EncoderDecoder, encoded: Encoded, *, longest: int = LONGEST) -> Written:
    """The likeliest word at each step, until END or `longest` words.

    Of equally likely words, the one with the lowest number is written. A word whose logit is NaN
    is never written.

    Args:
        model: its mode is not changed.
        encoded: what `model.encode` returns.
        longest: maximum number of words, including END.

    Raises:
        ValueError: `longest` below 1, or logits of which none is finite.
    """
    _check_at_least_1(longest=longest)
    write, s = model.writer(encoded), encoded.last
    word = torch.full((len(s),), START, device=s.device)
    log_p, done = _zeros(s, len(s)), torch.zeros_like(word, dtype=torch.bool)
    words, weights = [], []
    for _ in range(longest):
        logits, a, s = write(s, word)
        best, word = (first[:, 0] for first in _highest(_log_p(logits), 1))
        word, log_p = word.masked_fill(done, PAD), log_p + best.masked_fill(done, 0)
        words.append(word)
        weights.append(a.masked_fill(done[:, None], 0))
        done = done | (word == END)
        if bool(done.all()):
            break
    _check_finite(log_p)
    return Written(torch.stack(words, 1), torch.stack(weights, 1), log_p)


@torch.no_grad()
def beam_search(
    model: EncoderDecoder, encoded: Encoded, *, beams: int = 4, longest: int = LONGEST
) -> Written:
    """The likeliest sentence that beam search finds.

    At each step every partial sentence is continued by every word, and the `beams` likeliest are
    kept. A sentence that has its END does not change. With one beam this is `greedy`. Of equally
    likely sentences, the one that continues the likelier beginning comes first.

    Args:
        model, encoded, longest: as for `greedy`.
        beams: partial sentences kept for each row.

    Raises:
        ValueError: `beams` or `longest` below 1, or logits of which none is finite.

    Cost: `beams` times greedy's.
    """
    _check_at_least_1(beams=beams, longest=longest)
    rows = len(encoded.last)
    copies = type(encoded)(*(part.repeat_interleave(beams, dim=0) for part in encoded))
    write, s = model.writer(copies), copies.last
    # At first all beams of a row are alike, so all but one are ruled out.
    log_p = _zeros(s, rows, beams)
    log_p[:, 1:] = -torch.inf
    words = torch.full((rows * beams, 1), START, device=s.device)
    weights = s.new_zeros(rows * beams, 0, copies.mask.shape[1])
    for _ in range(longest):
        done = (words == END).any(dim=1)
        logits, a, s = write(s, words[:, -1])
        log_p, place, word = _continue(log_p, _log_p(logits), done)
        a = a.masked_fill(done[:, None], 0)
        weights = torch.cat([weights, a[:, None]], dim=1)[place]
        words, s = torch.cat([words[place], word[:, None]], dim=1), s[place]
        if bool((words[::beams] == END).any(dim=1).all()):  # scores can only decrease from here
            break
    _check_finite(log_p[:, 0])
    words = trim(words[::beams, 1:])
    return Written(words, weights[::beams, : words.shape[1]], log_p[:, 0])


def _continue(log_p: Tensor, of_word: Tensor, done: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The likeliest continuations: their log p (rows, beams), the beam, the word."""
    rows, beams = log_p.shape
    only_pad = functional.one_hot(torch.tensor(PAD), of_word.shape[1]).to(of_word).log()
    of_word = torch.where(done[:, None], only_pad, of_word)
    # Words of one beam are compared before its log p is added, since sums may round to a tie.
    best, word = _highest(of_word, min(beams, of_word.shape[1]))
    every = (log_p.flatten()[:, None] + best).view(rows, -1)
    log_p, index = (part[:, :beams] for part in every.sort(dim=1, descending=True, stable=True))
    first = torch.arange(rows, device=log_p.device)[:, None] * beams
    place = first + index // best.shape[1]
    return log_p, place.flatten(), word.view(rows, -1).gather(1, index).flatten()


def _log_p(logits: Tensor) -> Tensor:
    """log p of each word, in float32 or wider; PAD, START and words of logit NaN have none."""
    logits = wide(logits)
    logits = logits.masked_fill(logits.isnan(), -torch.inf)
    never = torch.tensor([PAD, START], device=logits.device)
    return logits.index_fill(-1, never, -torch.inf).log_softmax(-1)


def _highest(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k highest of each row, highest first, and their indices; of equals, the lowest index.

    torch.topk leaves open which of equals it takes, and a stable sort of all words takes longer
    than the network. Rows with fewer than k finite scores repeat an index with the score -inf.
    """
    scores = scores.masked_fill(scores.isnan(), -torch.inf)
    values, indices = [], []
    for _ in range(k):
        value, index = scores.max(dim=-1, keepdim=True)
        scores.scatter_(-1, index, -torch.inf)
        values.append(value)
        indices.append(index)
    return torch.cat(values, dim=-1), torch.cat(indices, dim=-1)


def _zeros(like: Tensor, *shape: int) -> Tensor:
    """Zeros on its device, in its dtype or in float32 if that is wider."""
    return like.new_zeros(shape, dtype=wide_dtype(like))


def _check_finite(log_p: Tensor) -> None:
    if not bool(log_p.isfinite().all()):
        raise ValueError(
            "expected finite logits; got a step at which no word has one: the network has diverged"
        )


def _check_at_least_1(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1; got {number}")
