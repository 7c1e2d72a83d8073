"""The networks and pictures that several benchmarks share."""

import torch
from torch import Tensor, nn

from lib.models import ConvNet

CLASSES = 10


def generator() -> torch.Generator:
    """A generator that gives the same numbers each time."""
    return torch.Generator().manual_seed(0)


def pictures(count: int, side: int) -> Tensor:
    """Noise in [0, 1], (count, 3, side, side)."""
    return torch.rand(count, 3, side, side, generator=generator())


def small_network() -> ConvNet:
    """The chapters' network for color images, with random weights in layers that start at zero."""
    network, g = ConvNet(3, CLASSES, generator=generator()).eval(), generator()
    with torch.no_grad():
        for weight in network.parameters():
            if not weight.any():
                weight.normal_(0, 0.1, generator=g)
    return network


def plain_network() -> nn.Sequential:
    """Convolutions, pooling and ReLUs as modules, which captum's guided backprop needs."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(2048, CLASSES),
    ).eval()
