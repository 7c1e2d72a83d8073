"""Captions of pictures from the feature maps of a frozen network, with or without attention."""

import torch
from torch import Tensor, nn

from lib.initialization import initialize_uniform_
from lib.models.decoder import Decoder, Encoded, EncoderDecoder, check_sizes

FAR = 2.0  # places run from -FAR to FAR, about as wide as standardized features


class Captioner(EncoderDecoder):
    """A GRU that writes about a grid of features z, with attention or with one context c = h_0.

    The first state is h_0 = f_W(z), where the network f_W has one hidden layer and sees the whole
    grid. For attention, each z_{i,j} is followed by two numbers that give its place.

    Args:
        words: size of the vocabulary, which holds PAD, START and END.
        channels, rows, columns: size of the features, D × H × W.
        width: units of the decoder; the network that scores the places has half as many.
        attention: whether each step looks at the grid; otherwise c = h_0 at every step.
        generator: source of the initial weights.

    Attributes:
        places: (2, rows, columns), down and right, appended to the features; change it to tell
            the network that its places are elsewhere.

    Raises:
        ValueError: a size below 1, or a vocabulary without END.

    Source: Vinyals et al., "Show and tell", CVPR 2015; Xu et al., "Show, attend and tell", ICML
    2015 (soft attention), here with a GRU, a first state that sees the whole grid, and places.
    """

    places: Tensor

    def __init__(
        self,
        words: int,
        channels: int,
        rows: int,
        columns: int,
        *,
        width: int = 128,
        attention: bool = True,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        check_sizes(words=words, channels=channels, rows=rows, columns=columns, width=width)
        self.shape = (channels, rows, columns)
        self.register_buffer("places", FAR * grid_places(rows, columns), persistent=False)
        self.first_state = nn.Sequential(
            nn.Linear(channels * rows * columns, 2 * width),
            nn.ReLU(),
            nn.Linear(2 * width, width),
            nn.Tanh(),
        )
        initialize_uniform_(self, generator)
        context, units = (channels + 2, (width + 1) // 2) if attention else (width, None)
        self.decoder = Decoder(words, width, context, attention=units, generator=generator)

    def encode(self, source: Tensor) -> Encoded:
        """Each z_{i,j} with its place, row by row, and h_0, which is also the one context.

        Args:
            source: (batch, channels, rows, columns), features with means near 0 and standard
                deviations near 1.

        Raises:
            ValueError: a wrong shape, or an empty batch.
        """
        if source.shape[1:] != self.shape or len(source) == 0:
            raise ValueError(f"expected (batch, {self.shape}); got {tuple(source.shape)}")
        h_0 = self.first_state(source.flatten(1))
        placed = torch.cat([source, self.places.expand(len(source), -1, -1, -1)], dim=1)
        z = placed.flatten(2).transpose(1, 2).contiguous()
        everywhere = torch.ones(z.shape[:2], dtype=torch.bool, device=z.device)
        return Encoded(z, h_0, h_0, everywhere)


def grid_places(rows: int, columns: int) -> Tensor:
    """(2, rows, columns): how far down and how far right each cell is, from -1 to 1.

    A grid of one row or column is at 0.
    """
    down, right = (torch.linspace(-1, 1, n) if n > 1 else torch.zeros(1) for n in (rows, columns))
    return torch.stack(torch.meshgrid(down, right, indexing="ij"))
