"""Pictures of scenes: batched tensor operations, anti-aliased, on any device.

Coordinates run from 0 to 1 over the picture, so a scene looks the same at every size.
"""

import math

import torch
from torch import Tensor

from lib.datasets.scene_captions import COLORS
from lib.datasets.scene_grounds import draw_grounds
from lib.datasets.scene_sampling import SceneNumbers
from lib.datasets.scene_shapes import DISTANCES

# Red, green and blue of each color.
OBJECT_COLORS = {
    "red": (0.85, 0.14, 0.14),
    "orange": (0.95, 0.52, 0.08),
    "yellow": (0.95, 0.86, 0.15),
    "green": (0.15, 0.62, 0.22),
    "blue": (0.15, 0.33, 0.85),
    "purple": (0.52, 0.20, 0.68),
    "pink": (0.96, 0.55, 0.74),
    "white": (0.95, 0.95, 0.95),
}
NOISE = 0.025  # standard deviation of the sensor's noise


def render(numbers: SceneNumbers, size: int) -> tuple[Tensor, Tensor]:
    """Pictures without sensor noise, and which object each pixel shows.

    Args:
        numbers: n scenes, on the device to render on.
        size: pixels on a side.

    Returns:
        (n, 3, size, size) float32 in [0, 1], and (n, size, size) int8: 0 for the background,
        k for the k-th object.
    """
    steps = (torch.arange(size, device=numbers.x.device) + 0.5) / size
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    images = draw_grounds(numbers, x, y)
    images = _with_clutter(images, numbers, x, y)
    owner = torch.zeros(images[:, 0].shape, dtype=torch.int8, device=x.device)
    mean = images.mean(dim=(2, 3))
    for k in reversed(range(numbers.size.shape[1])):  # the main object comes last, in front
        images, covered = _with_object(images, mean, numbers, k, x, y)
        owner.masked_fill_(covered, k + 1)
    images = images * _light(numbers, x, y)
    flip = numbers.mirrored[:, None, None]
    images = torch.where(flip[:, None], images.flip(-1), images)
    return images.clamp_(0, 1), torch.where(flip, owner.flip(-1), owner)


def _light(numbers: SceneNumbers, x: Tensor, y: Tensor) -> Tensor:
    """Factors (n, 3, h, w): brighter toward the light."""
    angle = torch.deg2rad(numbers.light)[:, None, None]
    toward = (x - 0.5) * angle.cos() - (y - 0.5) * angle.sin()
    return (numbers.brightness[:, None, None] * (1 + 0.45 * toward))[:, None] * numbers.tint[
        :, :, None, None
    ]


def _with_object(
    images: Tensor, mean: Tensor, numbers: SceneNumbers, k: int, x: Tensor, y: Tensor
) -> tuple[Tensor, Tensor]:
    """The pictures with every k-th object drawn over them, and the pixels (n, h, w) it covers."""
    angle = torch.deg2rad(numbers.angle[:, k])[:, None, None]
    radius = (numbers.size[:, k] / 2)[:, None, None]
    dx, dy = x - numbers.x[:, k, None, None], y - numbers.y[:, k, None, None]
    u = (dx * angle.cos() - dy * angle.sin()) / radius
    v = (dx * angle.sin() + dy * angle.cos()) / radius
    distance = _distance(u, v, numbers.shape[:, k]) * radius * x.shape[-1]  # in pixels
    cover = (0.5 - distance).clamp_(0, 1) * numbers.present[:, k, None, None]
    color = _object_color(numbers, k, mean, u, v)
    light = torch.deg2rad(numbers.light)[:, None, None]
    relief = 1 + 0.28 * (dx * light.cos() - dy * light.sin()) / radius
    return torch.lerp(images, color * relief[:, None], cover[:, None]), cover >= 0.5


def _distance(u: Tensor, v: Tensor, shape: Tensor) -> Tensor:
    """Signed distances (n, h, w), each row for its own shape."""
    distance = torch.empty_like(u)
    for label, function in enumerate(DISTANCES.values()):
        rows = (shape == label).nonzero()[:, 0]
        distance[rows] = function(u[rows], v[rows])
    return distance


def _object_color(numbers: SceneNumbers, k: int, mean: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Colors (n, 3, h, w) of the k-th objects with their textures, before lighting."""
    palette = torch.tensor([OBJECT_COLORS[name] for name in COLORS], device=u.device)
    base = palette[numbers.color[:, k]] + numbers.tone[:, k]
    base = torch.lerp(mean, base, numbers.contrast[:, None])
    pattern = _texture(u, v, numbers.texture[:, k])[:, None]
    bright = base.mean(dim=1, keepdim=True) > 0.35
    second = torch.where(bright, base * 0.55, base * 0.6 + 0.35)
    return torch.lerp(base[:, :, None, None], second[:, :, None, None], pattern)


def _texture(u: Tensor, v: Tensor, texture: Tensor) -> Tensor:
    """How much of the second color (n, h, w) each point has: none, stripes, dots or checks."""
    pattern = torch.zeros_like(u)
    for label, wave in enumerate((_stripes, _dots, _checks), start=1):
        rows = (texture == label).nonzero()[:, 0]
        pattern[rows] = wave(u[rows], v[rows])
    return pattern


def _stripes(u: Tensor, v: Tensor) -> Tensor:
    return (0.5 + 1.5 * torch.sin(2 * math.pi * (0.8 * u + 0.6 * v) / 0.52)).clamp_(0, 1)


def _dots(u: Tensor, v: Tensor) -> Tensor:
    du, dv = (u / 0.5) - (u / 0.5).round(), (v / 0.5) - (v / 0.5).round()
    return (0.5 + 5 * (0.28 - torch.hypot(du, dv))).clamp_(0, 1)


def _checks(u: Tensor, v: Tensor) -> Tensor:
    product = torch.sin(math.pi * (u + 0.2) / 0.4) * torch.sin(math.pi * (v + 0.2) / 0.4)
    return (0.5 + 2 * product).clamp_(0, 1)


def _with_clutter(images: Tensor, numbers: SceneNumbers, x: Tensor, y: Tensor) -> Tensor:
    """The pictures with small ellipses scattered over the ground; about half of them are drawn."""
    for spot in numbers.clutter.unbind(dim=1):
        at_x, at_y, size, length, angle, *_ = (part[:, None, None] for part in spot.unbind(-1))
        turn = math.pi * angle
        dx, dy = x - at_x, y - at_y
        along, across = dx * turn.cos() + dy * turn.sin(), dy * turn.cos() - dx * turn.sin()
        radius = 0.02 + 0.06 * size
        stretch = 0.4 + 0.6 * length
        far = torch.hypot(along, across / stretch) - radius
        cover = (0.5 - far * x.shape[-1]).clamp_(0, 1) * (size > 0.4)
        color = spot[:, 5:, None, None]
        images = torch.lerp(images, color, 0.85 * cover[:, None])
    return images
