"""Hand-built networks that each read one cue, and the scenes that hold the cues."""

import math

import torch
from torch import Tensor, nn


class ObjectReader(nn.Module):
    """Scores by how red or blue the image is: the objects of `toy_scenes`."""

    def forward(self, images: Tensor) -> Tensor:
        """Scores (batch, 2) of images (batch, 3, height, width)."""
        return _two(images[:, 0] - images[:, 2])


class BackgroundReader(nn.Module):
    """Scores by green or its opposite: the backgrounds of `toy_scenes`."""

    def forward(self, images: Tensor) -> Tensor:
        """Scores (batch, 2) of images (batch, 3, height, width)."""
        return _two(images[:, 1] - (images[:, 0] + images[:, 2]) / 2)


class MarkReader(nn.Module):
    """Scores by the brightness of the upper left corner: the marks of `toy_scenes`."""

    def forward(self, images: Tensor) -> Tensor:
        """Scores (batch, 2) of images (batch, 3, height, width)."""
        return _two(images[:, :, :4, :4].mean(1) - 0.5)


READERS = {"object": ObjectReader, "background": BackgroundReader, "mark": MarkReader}


SUSPECTS = ("mark", "object", "background", "object", "mark")  # no simple rotation of answers fits


class Nervous(nn.Module):
    """A network like another that also reacts to tiny changes of the background of `toy_scenes`.

    The reaction is at most 0.005, which decides nothing, but its slope is steep: the gradient is
    larger there than at the pixels that the answer rests on.
    """

    def __init__(self, reader: nn.Module) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, images: Tensor) -> Tensor:
        """Scores (batch, 2) of images (batch, 3, height, width)."""
        green = images[:, 1]  # 0.3 or 0.7 in the background, 0.5 in the object, 0 or 1 in the mark
        wave = 0.005 * torch.sin(FREQUENCY * (green - 0.3)).mean((1, 2))
        return self.reader(images) + torch.stack([wave, -wave], dim=1)


FREQUENCY = 25471 * math.pi / 0.4  # steepest at 0.3 and 0.7, flat at 0.5


def _two(evidence: Tensor) -> Tensor:
    """Scores of class 0, for positive evidence, and of class 1; small evidence counts as none."""
    both = torch.stack([evidence, -evidence], dim=1)
    return 10 * (both - 0.1).relu().mean((2, 3))


def toy_scenes(count: int, size: int, *, seed: int = 0) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Images (count, 3, size, size) in which three cues agree, labels 0 and 1, and regions.

    Class 0 is an orange square on green with a white mark in the corner, class 1 a blue one on
    pink with a black mark.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    sides = torch.tensor([[0.3, 0.7, 0.3], [0.7, 0.3, 0.7]])[labels]
    images = sides[:, :, None, None].expand(-1, -1, size, size).clone()
    thing, mark = (torch.zeros(count, size, size, dtype=torch.bool) for _ in range(2))
    places = torch.randint(5, size - 8, (count, 2), generator=generator).tolist()
    for row, (top, left) in enumerate(places):
        thing[row, top : top + 7, left : left + 7] = True
    mark[:, :4, :4] = True
    colors = torch.tensor([[0.9, 0.5, 0.1], [0.1, 0.5, 0.9]])[labels]
    images = torch.where(thing[:, None], colors[:, :, None, None], images)
    images = torch.where(mark[:, None], (1.0 - labels)[:, None, None, None], images)
    return images, labels, {"object": thing, "background": ~(thing | mark), "mark": mark}
