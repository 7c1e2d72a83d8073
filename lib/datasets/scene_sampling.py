"""The numbers behind scenes: drawn at random, on the CPU, before anything is rendered."""

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from lib.datasets.scene_captions import BACKGROUNDS, COLORS, SHAPES, TEXTURES

ANGLE = 20.0  # degrees in either direction
CENTER = 0.04  # of the picture's width, in either direction, for a single object
ALONE = (0.5, 0.66)  # diameters, as fractions of the picture's width
MAIN = {2: (0.4, 0.62), 3: (0.36, 0.46), 4: (0.32, 0.4)}  # the main object, by number of objects
OTHER = {2: (0.24, 0.36), 3: (0.22, 0.34), 4: (0.2, 0.3)}
LIGHT = (135.0, 30.0)  # degrees: center, the upper left, and half of the range
BRIGHTNESS = (0.72, 1.0)
CONTRAST = (0.65, 1.0)  # 1 is the object's own color, 0 the background's mean
CLUTTER = 3
PLACEMENTS = 64  # tried for several objects; the one with the widest gap is used
SHIFTS = ("mirrored", "moved", "rescaled", "relit", "rotated")


@dataclass(frozen=True)
class SceneNumbers:
    """All numbers of n scenes with up to k objects, as tensors (n, ...) on one device.

    Attributes:
        present: (n, k) bool, which objects exist; the main one, the first, always does.
        shape, color, texture: (n, k) int64.
        size, x, y, angle: (n, k), as in `SceneObject`.
        tone: (n, k, 3), jitter of the object's color.
        contrast: (n,), 1 for the object's own color, 0 for the background's.
        background: (n,) int64, and its jitter `ground` (n, 2, 3).
        phase: (n, 4) in [0, 1], where and how a background's pattern starts.
        light, brightness: (n,), as in `Scene`; tint (n, 3), factors on red, green and blue.
        clutter: (n, CLUTTER, 8): x, y, size, elongation, angle, red, green, blue.
        coarse, fine: random fields (n, 6, 6) and (n, 32, 32), normal.
        mirrored: (n,) bool.
    """

    present: Tensor
    shape: Tensor
    color: Tensor
    texture: Tensor
    size: Tensor
    x: Tensor
    y: Tensor
    angle: Tensor
    tone: Tensor
    contrast: Tensor
    background: Tensor
    ground: Tensor
    phase: Tensor
    light: Tensor
    brightness: Tensor
    tint: Tensor
    clutter: Tensor
    coarse: Tensor
    fine: Tensor
    mirrored: Tensor

    def rows(self, start: int, stop: int, device: torch.device) -> "SceneNumbers":
        """The scenes from `start` up to, not including, `stop`, on a device."""
        parts = (getattr(self, field.name)[start:stop] for field in fields(self))
        return SceneNumbers(*(part.to(device) for part in parts))


def draw_scenes(
    count: int, *, objects: tuple[int, int], bias: float, generator: torch.Generator
) -> SceneNumbers:
    """The numbers of `count` scenes of the training distribution, on the CPU.

    Args:
        objects: lowest and highest number of objects in a scene.
        bias: probability that the background is the one tied to the main object's shape.
        generator: a CPU generator.
    """
    lowest, highest = objects

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=generator)

    def choice(options: int, *shape: int) -> Tensor:
        return torch.randint(options, (count, *shape), generator=generator)

    number = torch.randint(lowest, highest + 1, (count,), generator=generator)
    shape = choice(len(SHAPES), highest)
    size, x, y = _place(number, highest, generator)
    tied = torch.rand(count, generator=generator) < bias
    clutter = torch.rand(count, CLUTTER, 8, generator=generator)
    return SceneNumbers(
        present=torch.arange(highest) < number[:, None],
        shape=shape,
        color=choice(len(COLORS), highest),
        texture=choice(len(TEXTURES), highest),
        size=size,
        x=x,
        y=y,
        angle=uniform(-ANGLE, ANGLE, highest),
        tone=uniform(-0.09, 0.09, highest, 3),
        contrast=uniform(*CONTRAST),
        background=torch.where(tied, shape[:, 0], choice(len(BACKGROUNDS))),
        ground=uniform(-0.1, 0.1, 2, 3),
        phase=torch.rand(count, 4, generator=generator),
        light=uniform(LIGHT[0] - LIGHT[1], LIGHT[0] + LIGHT[1]),
        brightness=uniform(*BRIGHTNESS),
        tint=torch.ones(count, 3),
        clutter=clutter,
        coarse=torch.randn(count, 6, 6, generator=generator),
        fine=torch.randn(count, 32, 32, generator=generator),
        mirrored=torch.zeros(count, dtype=torch.bool),
    )


def _place(
    number: Tensor, highest: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Sizes and centers (n, highest): a single object near the middle, several spread apart."""
    count = len(number)
    share = torch.rand(count, highest, generator=generator)
    size = ALONE[0] + (ALONE[1] - ALONE[0]) * share
    center = 0.5 + CENTER * (2 * torch.rand(count, highest, 2, generator=generator) - 1)
    for several in range(2, highest + 1):
        rows = (number == several).nonzero()[:, 0]
        low, high = torch.tensor([MAIN[several]] + [OTHER[several]] * (several - 1)).unbind(-1)
        sizes = low + (high - low) * share[rows, :several]
        size[rows, :several] = sizes
        center[rows, :several] = _spread_out(sizes, generator)
    return size, center[..., 0].contiguous(), center[..., 1].contiguous()


def _spread_out(sizes: Tensor, generator: torch.Generator) -> Tensor:
    """Centers (n, k, 2) of objects inside the picture, the least crowded of many tries."""
    count, k = sizes.shape
    half = sizes[:, None, :, None] / 2
    tries = half + (1 - 2 * half) * torch.rand(count, PLACEMENTS, k, 2, generator=generator)
    first, second = torch.triu_indices(k, k, 1)
    apart = (tries[:, :, first] - tries[:, :, second]).norm(dim=-1)
    gaps = apart - half[:, :, first, 0] - half[:, :, second, 0]
    best = gaps.amin(dim=-1).argmax(dim=-1)
    return tries[torch.arange(count), best]


def shift_scenes(
    numbers: SceneNumbers, shift: str | None, strength: float, *, generator: torch.Generator
) -> SceneNumbers:
    """The same scenes, shifted out of distribution in one way; None leaves them unchanged.

    The generator advances equally for every shift, so scenes drawn from one state are paired.
    """
    count = len(numbers.light)
    u, v = torch.rand(2, count, generator=generator)
    sign = torch.where(v < 0.5, -1.0, 1.0)
    if shift == "mirrored":
        return replace(numbers, mirrored=torch.ones(count, dtype=torch.bool))
    if shift == "moved":
        turn = 2 * math.pi * u
        dx, dy = (0.16 * strength * direction(turn) for direction in (torch.cos, torch.sin))
        return replace(numbers, x=numbers.x + dx[:, None], y=numbers.y + dy[:, None])
    if shift == "rescaled":
        return replace(numbers, size=numbers.size * (1 + 0.5 * strength) ** sign[:, None])
    if shift == "relit":
        tint = 1 + strength * torch.tensor([0.25, 0.0, -0.25])
        return replace(
            numbers,
            light=(numbers.light + 180) % 360,
            brightness=numbers.brightness * 2**-strength,
            tint=tint.expand(count, 3),
        )
    if shift == "rotated":
        turn = strength * sign * (45 + 90 * u)
        return replace(numbers, angle=numbers.angle + turn[:, None])
    return numbers
