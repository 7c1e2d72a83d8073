"""Captions of pictures: from the maps of a frozen network, with attention or from one context."""

import torch
from torch import Tensor, nn

from lib.attention import initialize_
from lib.models.decoder import Decoder, Encoded, EncoderDecoder, check_sizes


class Captioner(EncoderDecoder):
    """A GRU that writes about a grid of features z, with attention or with one context c = h_0.

    The first state is h_0 = f_W(z), with a network f_W of one hidden layer that sees the whole
    grid.

    Args:
        words: size of the vocabulary.
        channels, rows, columns: of the features, D × H × W.
        width: units of the decoder.
        attention: whether each step looks at the grid; else c = h_0 at every step.
        places: whether each z_{i,j} is told where it stands, by two more numbers from -1 to 1.
        generator: where weights are drawn from.

    Raises:
        ValueError: a size below 1.

    Source: Vinyals et al., "Show and tell", CVPR 2015; Xu et al., "Show, attend and tell", ICML
    2015 (soft attention), here with a GRU, a first state that sees the whole grid, and places.
    """

    def __init__(
        self,
        words: int,
        channels: int,
        rows: int,
        columns: int,
        *,
        width: int = 64,
        attention: bool = True,
        places: bool = True,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        check_sizes(words=words, channels=channels, rows=rows, columns=columns, width=width)
        self.shape, self.places = (channels, rows, columns), places
        size = channels + 2 * places
        self.first_state = nn.Sequential(
            nn.Linear(size * rows * columns, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh()
        )
        initialize_(self, generator)
        self.decoder = Decoder(
            words, width, size if attention else width, attention=attention, generator=generator
        )

    def encode(self, source: Tensor) -> Encoded:
        """The places z_{i,j}, row by row, and h_0, which is the one context, too.

        Args:
            source: (batch, channels, rows, columns), features with means near 0 and deviations
                near 1.

        Raises:
            ValueError: another shape, or an empty batch.
        """
        if source.shape[1:] != self.shape or len(source) == 0:
            raise ValueError(f"expected (batch, {self.shape}); got {tuple(source.shape)}")
        if self.places:
            where = grid_places(*source.shape[2:]).to(source)
            source = torch.cat([source, where.expand(len(source), -1, -1, -1)], dim=1)
        z = source.flatten(2).transpose(1, 2).contiguous()
        h_0 = self.first_state(z.flatten(1))
        everywhere = torch.ones(z.shape[:2], dtype=torch.bool, device=z.device)
        return Encoded(z, h_0, h_0, everywhere)


def grid_places(rows: int, columns: int) -> Tensor:
    """(2, rows, columns): how far down and how far right each cell is, from -1 to 1.

    A grid of one row or column stands at 0.
    """
    down, right = (torch.linspace(-1, 1, n) if n > 1 else torch.zeros(1) for n in (rows, columns))
    return torch.stack(torch.meshgrid(down, right, indexing="ij"))
