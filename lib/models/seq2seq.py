"""Sequence to sequence: an encoder, and a decoder that looks back or has to remember."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lib.attention import AdditiveAttention, initialize_
from lib.datasets.translation_vocabulary import PAD, START


class Encoded(NamedTuple):
    """What the encoder makes of sentences.

    Attributes:
        states: (batch, positions, 2 · width), h_1 ... h_T; zero behind the end.
        summary: (batch, 2 · width), where each direction ended.
        last: (batch, width), the decoder's first state s_0, made from the summary.
        mask: (batch, positions) bool, True up to the end.
    """

    states: Tensor
    summary: Tensor
    last: Tensor
    mask: Tensor


class Decoded(NamedTuple):
    """What the decoder makes of them.

    Attributes:
        logits: (batch, steps, words) of the next word.
        weights: (batch, steps, positions), where it looked; uniform over the sentence without
            attention.
    """

    logits: Tensor
    weights: Tensor


class Step(NamedTuple):
    """What one step of the decoder makes.

    Attributes:
        logits: (batch, words) of the next word.
        weights: (batch, positions), where it looked.
        s: (batch, width), the new state.
    """

    logits: Tensor
    weights: Tensor
    s: Tensor


class Seq2Seq(nn.Module):
    """A bidirectional GRU reads; a GRU writes, with attention or with one context for all steps.

    With attention, step t computes e, a and the context c_t from s_{t-1}, then s_t from s_{t-1},
    the word before and c_t; the next word's logits come from s_t, the word before and c_t. Without,
    c_t is the same for all steps: the encoder's summary.

    Args:
        source_words, target_words: sizes of the vocabularies.
        width: units of the decoder, and of each direction of the encoder.
        attention: whether it looks back.
        generator: where weights are drawn from.

    Raises:
        ValueError: a size below 1.

    Source: Sutskever, Vinyals, Le, NIPS 2014; Bahdanau, Cho, Bengio, ICLR 2015, here with a GRU's
    hidden layer in place of maxout.
    """

    def __init__(
        self,
        source_words: int,
        target_words: int,
        *,
        width: int = 96,
        attention: bool = True,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        sizes = {"source_words": source_words, "target_words": target_words, "width": width}
        if min(sizes.values()) < 1:
            raise ValueError(f"sizes must be at least 1; got {sizes}")
        self.width = width
        self.source_embedding = nn.Embedding(source_words, width)
        self.encoder = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.first_state = nn.Linear(2 * width, width)
        self.target_embedding = nn.Embedding(target_words, width)
        self.cell = nn.GRUCell(3 * width, width)
        self.output = nn.Sequential(
            nn.Linear(4 * width, width), nn.Tanh(), nn.Linear(width, target_words)
        )
        initialize_(self, generator)
        self.attention = (
            AdditiveAttention(width, 2 * width, width, generator=generator) if attention else None
        )

    def forward(self, pair: tuple[Tensor, Tensor]) -> Tensor:
        """Logits (batch, steps, words) of each next word, for (source, words so far).

        Args:
            pair: int64 (batch, positions), each row with its END and then PAD; and (batch, steps),
                what was written before each word: START, then the words but the last.
        """
        source, before = pair
        return self.decode(self.encode(source), before).logits

    def encode(self, source: Tensor) -> Encoded:
        """The encoder's states; PAD behind a sentence's end changes nothing.

        Raises:
            ValueError: no (batch, positions) of int64, a number that is no word, a row of PAD
                alone, or PAD before the end.
        """
        _check_words(source, self.source_embedding.num_embeddings)
        mask = source != PAD
        lengths = mask.sum(dim=1)
        ended = torch.arange(source.shape[1], device=source.device) < lengths[:, None]
        if bool((mask != ended).any()) or int(lengths.min()) == 0:
            raise ValueError("each row needs a word, and PAD only behind its end")
        packed = pack_padded_sequence(
            self.source_embedding(source), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, last = self.encoder(packed)
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=source.shape[1])
        summary = torch.cat([last[0], last[1]], dim=-1)
        return Encoded(states, summary, torch.tanh(self.first_state(summary)), mask)

    def decode(self, encoded: Encoded, before: Tensor) -> Decoded:
        """Logits and weights of all steps, given what was written before each (batch, steps).

        What does not depend on the state before is computed for all steps at once: the keys, the
        words' part of the cell's input, and the output layer.

        Raises:
            ValueError: no (batch, steps) of int64, or a number that is no word.
        """
        _check_words(before, self.target_embedding.num_embeddings)
        words = self.target_embedding(before)
        weight_words, weight_context = self.cell.weight_ih.split(
            [self.width, 2 * self.width], dim=1
        )
        from_words = functional.linear(words, weight_words, self.cell.bias_ih)
        look, s = self._looker(encoded), encoded.last
        states, contexts, weights = [], [], []
        for part in from_words.unbind(dim=1):
            c, a = look(s)
            s = self._update(part + functional.linear(c, weight_context), s)
            states.append(s)
            contexts.append(c)
            weights.append(a)
        joined = torch.cat([torch.stack(states, 1), torch.stack(contexts, 1), words], dim=-1)
        return Decoded(self.output(joined), torch.stack(weights, 1))

    def writer(self, encoded: Encoded) -> Callable[[Tensor, Tensor], Step]:
        """One step as in the equations: from s (batch, width) and the word before (batch,).

        The function returns (logits, weights, new state); it projects the keys only once.
        """
        look = self._looker(encoded)

        def write(s: Tensor, word: Tensor) -> Step:
            y = self.target_embedding(word)
            c, a = look(s)
            s = self.cell(torch.cat([y, c], dim=-1), s)
            return Step(self.output(torch.cat([s, c, y], dim=-1)), a, s)

        return write

    def _looker(self, encoded: Encoded) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        if self.attention is not None:
            return self.attention.prepare(encoded.states, encoded.states, encoded.mask)
        uniform = encoded.mask / encoded.mask.sum(dim=1, keepdim=True).to(encoded.states.dtype)
        return lambda s: (encoded.summary, uniform)

    def _update(self, from_input: Tensor, s: Tensor) -> Tensor:
        """The GRU's new state from its input's part, already multiplied by its weights."""
        i_r, i_z, i_n = from_input.chunk(3, dim=-1)
        h_r, h_z, h_n = functional.linear(s, self.cell.weight_hh, self.cell.bias_hh).chunk(3, -1)
        z = torch.sigmoid(i_z + h_z)
        n = torch.tanh(i_n + torch.sigmoid(i_r + h_r) * h_n)
        return (1 - z) * n + z * s


def _check_words(numbers: Tensor, words: int) -> None:
    if numbers.ndim != 2 or numbers.dtype != torch.int64 or 0 in numbers.shape:
        raise ValueError(
            f"expected int64 (batch, positions), none of them 0; got {numbers.dtype} "
            f"{tuple(numbers.shape)}"
        )
    low, high = (int(value) for value in numbers.aminmax())
    if low < 0 or high >= words:
        raise ValueError(f"words must be from 0 to {words - 1}; got {low} to {high}")


def trim(numbers: Tensor) -> Tensor:
    """Rows (batch, positions) without the columns at the end that hold nothing but PAD."""
    return numbers[:, : int((numbers != PAD).sum(dim=1).max())]


def shift(target: Tensor) -> Tensor:
    """What was written before each word of the target: START, then all words but the last."""
    return functional.pad(target, (1, 0), value=START)[:, :-1]


def teacher_forcing(source: Tensor, target: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """What a network learns from: ((source, the right words so far), target), both trimmed.

    The `transform` that `lib.training.fit` takes.
    """
    source, target = trim(source), trim(target)
    return (source, shift(target)), target


def batches_by_length(
    target: Tensor, batch_size: int, steps: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Indices of `steps` mini-batches of sentences of about one length, so that few are padded.

    Each pass draws a new order, of the sentences of one length and of the batches.

    Args:
        target: (sentences, positions) int64; those of a batch are about equally long.
        generator: a CPU generator.

    Raises:
        ValueError: a batch larger than the data set, or a size below 1.
    """
    if not 1 <= batch_size <= len(target):
        raise ValueError(f"batch_size must be from 1 to {len(target)}; got {batch_size}")
    lengths, per_pass = (target != PAD).sum(dim=1).cpu(), len(target) // batch_size
    for step in range(steps):
        if step % per_pass == 0:
            order = torch.randperm(len(target), generator=generator)[: per_pass * batch_size]
            order = order[lengths[order].argsort(stable=True)].view(per_pass, batch_size)
            order = order[torch.randperm(per_pass, generator=generator)]
        yield order[step % per_pass]


def sequence_loss(logits: Tensor, target: Tensor) -> Tensor:
    """The mean of -log p(word) over all words of the batch that are not PAD.

    Args:
        logits: (batch, steps, words).
        target: (batch, steps) int64.

    Raises:
        ValueError: shapes that do not fit, or a batch of nothing but PAD.
    """
    if logits.shape[:-1] != target.shape:
        raise ValueError(
            f"logits must be {tuple(target.shape)} and words; got {tuple(logits.shape)}"
        )
    if not bool((target != PAD).any()):
        raise ValueError("the target holds nothing but PAD")
    return functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)
