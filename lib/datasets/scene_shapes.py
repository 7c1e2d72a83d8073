"""Ten shapes as signed distances: how far a point is from the edge, negative inside.

Each shape has its own coordinates: x to the right, y down, the center at (0, 0), everything within
one unit of it. Arrow, crescent, flag and fish face one way, so a mirror changes them.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Point = tuple[float, float]


def circle(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a disk."""
    return torch.hypot(x, y) - 0.86


def ring(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a disk with a round hole."""
    return (torch.hypot(x, y) - 0.68).abs() - 0.22


def crescent(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a moon that opens to the right (a lower bound outside its tips)."""
    return torch.maximum(torch.hypot(x, y) - 0.95, 0.75 - torch.hypot(x - 0.42, y))


def fish(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a fish that swims to the left (a lower bound outside its corners)."""
    body = torch.maximum(torch.hypot(x + 0.2, y - 0.53), torch.hypot(x + 0.2, y + 0.53)) - 1.0
    return torch.minimum(
        body, polygon(x, y, ((0.38, 0.0), (0.98, -0.58), (0.8, 0.0), (0.98, 0.58)))
    )


def square(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to an upright square."""
    return polygon(x, y, ((-0.7, -0.7), (0.7, -0.7), (0.7, 0.7), (-0.7, 0.7)))


def triangle(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a triangle with one corner up."""
    return polygon(x, y, ((0.0, -0.95), (0.9, 0.65), (-0.9, 0.65)))


def star(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a star with five tips, one of them up."""
    return polygon(x, y, _STAR)


def heart(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a heart."""
    return polygon(x, y, _HEART)


def arrow(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to an arrow that points to the right."""
    return polygon(x, y, _ARROW)


def flag(x: Tensor, y: Tensor) -> Tensor:
    """Signed distance to a flag that flies to the right of its pole."""
    return polygon(x, y, _FLAG)


def polygon(x: Tensor, y: Tensor, corners: Sequence[Point]) -> Tensor:
    """Exact signed distance to a polygon without self-intersections.

    Args:
        x, y: coordinates of the points, in tensors of the same shape.
        corners: in order around the polygon, either way.

    Cost: about fifteen operations per point and corner.

    Source: I. Quilez, "2D distance functions": nearest edge, sign by the crossing rule.
    """
    squared = torch.full_like(x, math.inf)
    inside = torch.zeros_like(x, dtype=torch.bool)
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        ex, ey = bx - ax, by - ay
        px, py = x - ax, y - ay
        along = ((px * ex + py * ey) / (ex * ex + ey * ey)).clamp_(0, 1)
        squared = torch.minimum(squared, (px - along * ex).square() + (py - along * ey).square())
        if ey != 0:  # a horizontal edge is never crossed by a ray to the right
            crosses = (y >= min(ay, by)) & (y < max(ay, by))
            inside ^= crosses & (px < py * (ex / ey))
    return torch.where(inside, -squared.sqrt(), squared.sqrt())


def _star_corners() -> tuple[Point, ...]:
    points = []
    for tip in range(10):
        radius, angle = (1.0, 0.46)[tip % 2], math.pi * tip / 5
        points.append((radius * math.sin(angle), 0.06 - radius * math.cos(angle)))
    return tuple(points)


def _heart_corners(count: int = 22) -> tuple[Point, ...]:
    points = []
    for step in range(count):
        t = 2 * math.pi * step / count
        across = 16 * math.sin(t) ** 3
        up = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((across / 17.5, -(up + 2.5) / 17.5))
    return tuple(points)


_STAR = _star_corners()
_HEART = _heart_corners()
_ARROW = (
    (-0.95, -0.26),
    (0.1, -0.26),
    (0.1, -0.75),
    (0.98, 0.0),
    (0.1, 0.75),
    (0.1, 0.26),
    (-0.95, 0.26),
)
_FLAG = (
    (-0.68, -0.95),
    (0.8, -0.85),
    (0.52, -0.4),
    (0.8, 0.08),
    (-0.44, 0.12),
    (-0.44, 0.98),
    (-0.68, 0.98),
)

DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "circle": circle,
    "ring": ring,
    "crescent": crescent,
    "square": square,
    "triangle": triangle,
    "star": star,
    "heart": heart,
    "arrow": arrow,
    "flag": flag,
    "fish": fish,
}
