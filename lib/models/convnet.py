"""A small residual network with a place for each of the course's regularizers."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.initialization import init_std
from lib.regularization import (
    DropConnectLinear,
    Dropout,
    FractionalMaxPool2d,
    StochasticDepth,
    linear_survival,
)

SMALLEST = 16  # pixels
GRID = 4  # the last maps are averaged to GRID × GRID before the hidden layer


class ConvNet(nn.Module):
    """A residual network for small color images, trained in seconds on one CPU core.

    A 3 × 3 convolution of stride 2, max pooling, a second convolution that doubles the channels,
    `blocks` residual blocks x ← ReLU(x + conv(ReLU(conv(x)))), max pooling, a hidden layer, logits.
    Weights have He's scale and biases are zero. The last layer starts at zero, so the first loss is
    log(classes); so does the last layer of each block, so each block starts as the identity. What
    is drawn from a generator does not depend on the regularizers: networks of one seed differ only
    in these.

    Args:
        channels: channels of the images; any height and width from 16 pixels.
        classes: number of logits.
        width: channels of the first convolution; the later ones have twice as many.
        blocks: residual blocks.
        hidden: units of the hidden layer.
        batch_norm: normalize after every convolution.
        dropout: probability that a hidden unit is dropped in training.
        drop_connect: the same for weights of the hidden layer.
        survival: probability that the last residual branch is kept in training; earlier
            ones are kept more often, by the linear rule of stochastic depth.
        pool_ratio: output over input size of fractional max pooling; None pools 2 × 2.
        generator: source of the initial weights (on its device) and of the noise's seed.

    Raises:
        ValueError: a size below 1, or a value that the regularizers reject.

    Sources: He et al., "Deep residual learning for image recognition", CVPR 2016, much reduced;
    zero initialization: Zhang, Dauphin, Ma, "Fixup initialization", ICLR 2019.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        *,
        width: int = 8,
        blocks: int = 2,
        hidden: int = 64,
        batch_norm: bool = False,
        dropout: float = 0.0,
        drop_connect: float = 0.0,
        survival: float = 1.0,
        pool_ratio: float | None = None,
        generator: torch.Generator,
    ):
        super().__init__()
        sizes = {"channels": channels, "classes": classes, "width": width, "hidden": hidden}
        if min(sizes.values()) < 1 or blocks < 0:
            raise ValueError(f"sizes must be at least 1; got {sizes} and {blocks} blocks")
        self.channels, self.classes, wide = channels, classes, 2 * width
        self.stem = _convolution(channels, width, batch_norm, generator, stride=2)
        self.widen = _convolution(width, wide, batch_norm, generator)
        self.branches = nn.ModuleList(
            nn.Sequential(
                _convolution(wide, wide, batch_norm, generator),
                nn.ReLU(),
                _convolution(wide, wide, batch_norm, generator),
            )
            for _ in range(blocks)
        )
        self.hidden = _linear(wide * GRID**2, hidden, generator)
        self.logits = _linear(hidden, classes, generator)
        for branch in self.branches:
            *_, weight, _ = branch.parameters()  # its last layer's weight and bias
            nn.init.zeros_(weight)
        nn.init.zeros_(self.logits.weight)
        noise = torch.Generator()
        noise.manual_seed(
            int(torch.randint(2**62, (), generator=generator, device=generator.device))
        )
        if drop_connect:
            self.hidden = _with_drop_connect(self.hidden, drop_connect, noise)
        self.dropout = Dropout(dropout, noise) if dropout else nn.Identity()
        self.joins = nn.ModuleList(
            StochasticDepth(linear_survival(block, blocks, last=survival), noise)
            for block in range(1, blocks + 1)
        )
        pool = {"output_ratio": pool_ratio, "generator": noise}
        self.pools = nn.ModuleList(
            nn.MaxPool2d(2) if pool_ratio is None else FractionalMaxPool2d(**pool) for _ in range(2)
        )
        # Channels last is about 15% faster on a CPU, except with fractional pooling.
        self.memory_format = torch.channels_last if pool_ratio is None else torch.contiguous_format
        self.to(generator.device).to(memory_format=self.memory_format)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (batch, classes) of images (batch, channels, height, width)."""
        return self.logits(self.features(images))

    def features(self, images: Tensor) -> Tensor:
        """The input of the last layer: (batch, hidden).

        Raises:
            ValueError: a wrong number of channels, or images that are too small.
        """
        if images.ndim != 4 or images.shape[1] != self.channels or min(images.shape[2:]) < SMALLEST:
            raise ValueError(
                f"expected images (batch, {self.channels}, height, width) of {SMALLEST} pixels or "
                f"more; got {tuple(images.shape)}"
            )
        x = images.contiguous(memory_format=self.memory_format)
        x = self.pools[0](torch.relu(self.stem(x)))
        x = torch.relu(self.widen(x))
        for branch, join in zip(self.branches, self.joins, strict=True):
            x = torch.relu(join(x, branch(x)))
        x = functional.adaptive_avg_pool2d(self.pools[1](x), GRID)
        return self.dropout(torch.relu(self.hidden(x.flatten(1))))


def _convolution(
    inputs: int, outputs: int, batch_norm: bool, generator: torch.Generator, *, stride: int = 1
) -> nn.Module:
    """A 3 × 3 convolution that keeps the size (divided by the stride), optionally normalized."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, device="meta")
    convolution.to_empty(device="cpu")  # from "meta", where nothing is drawn
    _initialize_(convolution, 9 * inputs, generator)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs)) if batch_norm else convolution


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    linear = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    _initialize_(linear, inputs, generator)
    return linear


@torch.no_grad()
def _initialize_(layer: nn.Module, fan_in: int, generator: torch.Generator) -> None:
    layer.to(generator.device)
    weight, bias = layer.parameters()
    weight.normal_(0, init_std("he", fan_in, 1), generator=generator)
    bias.zero_()


def _with_drop_connect(linear: nn.Linear, p: float, noise: torch.Generator) -> nn.Module:
    """The same layer, with weights that are dropped in training."""
    dropped = DropConnectLinear(linear.in_features, linear.out_features, p, noise)
    dropped.weight, dropped.bias = linear.weight, linear.bias
    return dropped
