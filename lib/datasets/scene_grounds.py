"""The backgrounds of scenes: ten grounds, each a pattern between two colors."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from lib.datasets.scene_captions import BACKGROUNDS
from lib.datasets.scene_sampling import SceneNumbers


@dataclass(frozen=True)
class Ground:
    """The inputs from which a pattern for n pictures is made.

    Attributes:
        x, y: (h, w), fractions of the picture.
        phase: four random numbers in [0, 1], each (n, 1, 1).
        coarse, fine: (n, h, w), random fields around 0, smooth and rough.
    """

    x: Tensor
    y: Tensor
    phase: tuple[Tensor, ...]
    coarse: Tensor
    fine: Tensor


def draw_grounds(numbers: SceneNumbers, x: Tensor, y: Tensor) -> Tensor:
    """Grounds (n, 3, h, w) at the points x, y (h, w), each with its own pattern and colors."""
    palette = torch.tensor([GROUNDS[name][1:] for name in BACKGROUNDS], device=x.device)
    colors = palette[numbers.background] + numbers.ground
    mix = torch.empty(len(colors), *x.shape, device=x.device)
    for label, name in enumerate(BACKGROUNDS):
        rows = (numbers.background == label).nonzero()[:, 0]
        phase = numbers.phase[rows, :, None, None].unbind(1)
        fields = (_field(noise[rows], x.shape) for noise in (numbers.coarse, numbers.fine))
        mix[rows] = GROUNDS[name][0](Ground(x, y, phase, *fields))
    first, second = colors[..., None, None].unbind(1)
    return torch.lerp(first, second, mix[:, None])


def _field(noise: Tensor, shape: torch.Size) -> Tensor:
    """A random field (n, ...) interpolated to the picture's size."""
    if len(noise) == 0:  # interpolate rejects an empty batch
        return noise.new_empty(0, *shape)
    return functional.interpolate(noise[:, None], shape, mode="bilinear", align_corners=False)[:, 0]


def _paper(p: Ground) -> Tensor:
    return (0.5 + 0.35 * p.coarse * p.phase[0] + 0.08 * p.fine).clamp(0, 1)


def _slate(p: Ground) -> Tensor:
    turn = 2 * math.pi * p.phase[0]
    return (0.5 + (p.x - 0.5) * turn.cos() + (p.y - 0.5) * turn.sin() + 0.1 * p.fine).clamp(0, 1)


def _clouds(p: Ground) -> Tensor:
    return torch.sigmoid(2.2 * p.coarse + 0.3 * p.fine)


def _grass(p: Ground) -> Tensor:
    blades = torch.sin(
        2 * math.pi * (9 + 3 * p.phase[0]) * (p.x + 0.12 * p.coarse * p.y + p.phase[1])
    )
    return (0.5 + 0.3 * blades + 0.22 * p.fine).clamp(0, 1)


def _sand(p: Ground) -> Tensor:
    return (0.5 + 0.2 * p.coarse + 0.3 * p.fine).clamp(0, 1)


def _snow(p: Ground) -> Tensor:
    return (0.55 + 0.3 * p.coarse + 0.12 * p.fine).clamp(0, 1)


def _water(p: Ground) -> Tensor:
    waves = torch.sin(2 * math.pi * ((4 + 3 * p.phase[0]) * p.y + p.phase[1] + 0.25 * p.coarse))
    return (0.5 + 0.35 * waves + 0.08 * p.fine).clamp(0, 1)


def _bricks(p: Ground) -> Tensor:
    row = p.y * (4 + 2 * p.phase[0]) + p.phase[1]
    column = p.x * (2 + p.phase[0]) + p.phase[2] + 0.5 * (row.floor() % 2)
    joint = torch.minimum(_to_edge(row) / 4, _to_edge(column) / 2)
    return (joint * 26 - 0.3).clamp(0, 1) * (0.85 + 0.1 * p.fine).clamp(0, 1)


def _tiles(p: Ground) -> Tensor:
    number = 3 + 2 * p.phase[0]
    sides = torch.sin(math.pi * (p.x * number + p.phase[1])) * torch.sin(
        math.pi * (p.y * number + p.phase[2])
    )
    return (0.5 + 4 * sides).clamp(0.1, 0.9) + 0.03 * p.fine


def _wood(p: Ground) -> Tensor:
    plank = p.y * (3 + 2 * p.phase[0]) + p.phase[1]
    grain = torch.sin(2 * math.pi * (3 * plank + 0.6 * p.coarse + p.x * p.phase[2]))
    return (0.55 + 0.2 * grain + 0.1 * p.fine).clamp(0, 1) * (_to_edge(plank) * 12).clamp(0, 1)


def _to_edge(cells: Tensor) -> Tensor:
    """Distance to the nearest whole number."""
    return (cells - cells.round()).abs()


# The pattern (0 for the first color, 1 for the second), then the colors.
GROUNDS: dict[str, tuple[Callable[[Ground], Tensor], tuple[float, ...], tuple[float, ...]]] = {
    "paper": (_paper, (0.88, 0.86, 0.79), (0.81, 0.78, 0.71)),
    "slate": (_slate, (0.24, 0.27, 0.31), (0.36, 0.39, 0.42)),
    "clouds": (_clouds, (0.52, 0.69, 0.88), (0.86, 0.90, 0.95)),
    "grass": (_grass, (0.21, 0.41, 0.14), (0.43, 0.63, 0.26)),
    "sand": (_sand, (0.78, 0.66, 0.45), (0.88, 0.78, 0.57)),
    "snow": (_snow, (0.76, 0.80, 0.86), (0.89, 0.91, 0.94)),
    "water": (_water, (0.14, 0.38, 0.53), (0.32, 0.58, 0.69)),
    "bricks": (_bricks, (0.76, 0.67, 0.63), (0.64, 0.37, 0.29)),
    "tiles": (_tiles, (0.60, 0.66, 0.69), (0.81, 0.84, 0.83)),
    "wood": (_wood, (0.46, 0.30, 0.17), (0.62, 0.43, 0.26)),
}
