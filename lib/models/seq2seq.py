"""Sequence to sequence: an encoder of sentences, and a decoder with or without attention."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lib.datasets.words import PAD
from lib.initialization import initialize_uniform_
from lib.models.decoder import Decoder, Encoded, EncoderDecoder, check_sizes, check_words


class Seq2Seq(EncoderDecoder):
    """A bidirectional GRU reads; a GRU writes, with attention or with one context for all steps.

    Args:
        source_words, target_words: sizes of the vocabularies, which hold PAD, START and END.
        width: units of the decoder, and of each direction of the encoder.
        attention: whether the decoder looks back at the source.
        generator: source of the initial weights.

    Raises:
        ValueError: a size below 1, or a vocabulary without END.

    Source: Sutskever, Vinyals, Le, NIPS 2014; Bahdanau, Cho, Bengio, ICLR 2015.
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
        check_sizes(source_words=source_words, target_words=target_words, width=width)
        self.embedding = nn.Embedding(source_words, width)
        self.encoder = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.first_state = nn.Linear(2 * width, width)
        initialize_uniform_(self, generator)
        units = width if attention else None
        self.decoder = Decoder(target_words, width, 2 * width, attention=units, generator=generator)

    def encode(self, source: Tensor) -> Encoded:
        """The states h_1 ... h_T; PAD after a sentence's end changes nothing.

        The summary joins the final states of both directions, and the decoder's first state s_0
        is computed from it.

        Args:
            source: int64 (batch, positions), each row with its END and then PAD.

        Raises:
            ValueError: not int64 (batch, positions), a number that is not a word, a row with only
                PAD, or PAD before the end.
        """
        check_words(source, self.embedding.num_embeddings)
        mask = source != PAD
        lengths = mask.sum(dim=1)
        ended = torch.arange(source.shape[1], device=source.device) < lengths[:, None]
        if bool((mask != ended).any()) or int(lengths.min()) == 0:
            raise ValueError("each row needs a word, and PAD only behind its end")
        packed = pack_padded_sequence(
            self.embedding(source), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, last = self.encoder(packed)
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=source.shape[1])
        summary = torch.cat([last[0], last[1]], dim=-1)
        return Encoded(states, summary, torch.tanh(self.first_state(summary)), mask)
