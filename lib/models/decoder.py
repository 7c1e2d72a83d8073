"""A decoder that writes word by word, and looks back at what was encoded or has to remember it."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.attention import AdditiveAttention
from lib.initialization import initialize_uniform_


class Encoded(NamedTuple):
    """What an encoder makes of sentences or pictures.

    Attributes:
        states: (batch, positions, size), one for each word or place.
        summary: (batch, size of the one context), all of them in one vector.
        last: (batch, width), the decoder's first state.
        mask: (batch, positions) bool, where the decoder may look.
    """

    states: Tensor
    summary: Tensor
    last: Tensor
    mask: Tensor


class Decoded(NamedTuple):
    """What the decoder makes of them.

    Attributes:
        logits: (batch, steps, words) of the next word.
        weights: (batch, steps, positions), where it looked; uniform where it may look without
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


class Decoder(nn.Module):
    """A GRU that writes, with attention or with one context for all steps.

    With attention, step t computes e, a and the context c_t from s_{t-1}, then s_t from s_{t-1},
    the word before and c_t; the next word's logits come from s_t, the word before and c_t. Without,
    c_t is the same for all steps: the encoder's summary.

    Args:
        words: size of the vocabulary.
        width: units, and numbers of a word's embedding.
        context: numbers of a context: of each state with attention, else of the summary.
        attention: units of the network that scores where to look; None for one context.
        generator: where weights are drawn from.

    Source: Bahdanau, Cho, Bengio, ICLR 2015, here with a hidden layer of tanh in place of maxout.
    """

    def __init__(
        self,
        words: int,
        width: int,
        context: int,
        *,
        attention: int | None,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.width, self.context = width, context
        self.embedding = nn.Embedding(words, width)
        self.cell = nn.GRUCell(width + context, width)
        self.output = nn.Sequential(
            nn.Linear(2 * width + context, width), nn.Tanh(), nn.Linear(width, words)
        )
        initialize_uniform_(self, generator)
        self.attention = None
        if attention is not None:
            self.attention = AdditiveAttention(width, context, attention, generator=generator)

    def forward(self, encoded: Encoded, before: Tensor) -> Decoded:
        """Logits and weights of all steps, given what was written before each (batch, steps).

        What does not depend on the state before is computed for all steps at once: the keys, the
        words' part of the cell's input, and the output layer.

        Raises:
            ValueError: no (batch, steps) of int64, or a number that is no word.
        """
        check_words(before, self.embedding.num_embeddings)
        words = self.embedding(before)
        weight_words, weight_context = self.cell.weight_ih.split([self.width, self.context], dim=1)
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
            y = self.embedding(word)
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


class EncoderDecoder(nn.Module):
    """What encodes something and writes about it; a subclass says how it encodes.

    Attributes:
        decoder: a `Decoder`.
    """

    decoder: Decoder

    def encode(self, source: Tensor) -> Encoded:
        """What the decoder needs to know of the source (batch, ...)."""
        raise NotImplementedError

    def forward(self, pair: tuple[Tensor, Tensor]) -> Tensor:
        """Logits (batch, steps, words) of each next word, for (source, words so far).

        Args:
            pair: what `encode` takes; and int64 (batch, steps), what was written before each word:
                START, then the words but the last.
        """
        source, before = pair
        return self.decode(self.encode(source), before).logits

    def decode(self, encoded: Encoded, before: Tensor) -> Decoded:
        """Logits and weights of all steps, see `Decoder`."""
        return self.decoder(encoded, before)

    def writer(self, encoded: Encoded) -> Callable[[Tensor, Tensor], Step]:
        """A function that makes one step, see `Decoder`."""
        return self.decoder.writer(encoded)


def check_words(numbers: Tensor, words: int) -> None:
    """Make sure that numbers (batch, positions) name words of a vocabulary.

    Raises:
        ValueError: another shape or dtype, nothing, or a number that is no word.
    """
    if numbers.ndim != 2 or numbers.dtype != torch.int64 or 0 in numbers.shape:
        raise ValueError(
            f"expected int64 (batch, positions), none of them 0; got {numbers.dtype} "
            f"{tuple(numbers.shape)}"
        )
    low, high = (int(value) for value in numbers.aminmax())
    if low < 0 or high >= words:
        raise ValueError(f"words must be from 0 to {words - 1}; got {low} to {high}")


def check_sizes(**sizes: int) -> None:
    """Make sure that sizes are at least 1.

    Raises:
        ValueError: one is not.
    """
    if min(sizes.values()) < 1:
        raise ValueError(f"sizes must be at least 1; got {sizes}")
