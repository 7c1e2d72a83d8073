"""A decoder that writes word by word, and looks back at the encoded input or has to remember it."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.attention import AdditiveAttention
from lib.datasets.words import END
from lib.initialization import initialize_uniform_


class Encoded(NamedTuple):
    """The output of an encoder for sentences or pictures.

    Attributes:
        states: (batch, positions, size), one for each word or place.
        summary: (batch, size of the one context), all states in one vector.
        last: (batch, width), the decoder's first state.
        mask: (batch, positions) bool, where the decoder may look.
    """

    states: Tensor
    summary: Tensor
    last: Tensor
    mask: Tensor


class Decoded(NamedTuple):
    """The output of the decoder for all steps.

    Attributes:
        logits: (batch, steps, words) of the next word.
        weights: (batch, steps, positions), where it looked; without attention, uniform over the
            positions it may look at.
    """

    logits: Tensor
    weights: Tensor


class Step(NamedTuple):
    """The output of one step of the decoder.

    Attributes:
        logits: (batch, words) of the next word.
        weights: (batch, positions), where it looked.
        s: (batch, width), the new state.
    """

    logits: Tensor
    weights: Tensor
    s: Tensor


class Decoder(nn.Module):
    """A GRU decoder, with attention or with one context for all steps.

    With attention, step t computes e, a and the context c_t from s_{t-1}, then s_t from s_{t-1},
    the previous word and c_t; the next word's logits come from s_t, the previous word and c_t.
    Without attention, c_t is the same for all steps: the encoder's summary.

    Args:
        words: size of the vocabulary.
        width: units, and size of a word's embedding.
        context: size of a context: of each state with attention, otherwise of the summary.
        attention: units of the network that scores where to look; None for one context.
        generator: source of the initial weights.

    Source: Bahdanau, Cho, Bengio, ICLR 2015, here with a tanh hidden layer instead of maxout.
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
        """Logits and weights of all steps, given the words written before each (batch, steps).

        What does not depend on the previous state is computed for all steps at once: the keys, the
        words' part of the cell's input, and the output layer.

        Raises:
            ValueError: not int64 (batch, steps), or a number that is not a word.
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
        """One step as in the equations, from s (batch, width) and the previous word (batch,).

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
        """The GRU's new state from the input's contribution, already multiplied by its weights."""
        i_r, i_z, i_n = from_input.chunk(3, dim=-1)
        h_r, h_z, h_n = functional.linear(s, self.cell.weight_hh, self.cell.bias_hh).chunk(3, -1)
        z = torch.sigmoid(i_z + h_z)
        n = torch.tanh(i_n + torch.sigmoid(i_r + h_r) * h_n)
        return (1 - z) * n + z * s


class EncoderDecoder(nn.Module):
    """Encodes something and writes about it; a subclass defines how it encodes.

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
            pair: the source that `encode` takes; and int64 (batch, steps), what was written before
                each word: START, then all words but the last.
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
    """Raise unless numbers (batch, positions) are words of a vocabulary.

    Raises:
        ValueError: a wrong shape or dtype, an empty tensor, or a number that is not a word.
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
    """Raise unless all sizes are at least 1, and vocabularies hold END.

    Args:
        sizes: by name; the names of those of vocabularies end with "words".

    Raises:
        ValueError: one is too small.
    """
    if min(sizes.values()) < 1:
        raise ValueError(f"sizes must be at least 1; got {sizes}")
    for name, size in sizes.items():
        if name.endswith("words") and size <= END:
            raise ValueError(
                f"{name} must be at least {END + 1}, as PAD, START and END are words; got {size}"
            )
