import math

import pytest
import torch

from lib.datasets.scene_shapes import DISTANCES, circle, polygon, ring, square

CHIRAL = {"crescent", "arrow", "flag", "fish"}


def grid(steps=60, reach=1.5):
    line = torch.linspace(-reach, reach, steps, dtype=torch.float64)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return x, y


def at(function, x, y):
    return function(torch.tensor([x], dtype=torch.float64), torch.tensor([y])).item()


@pytest.mark.parametrize(
    ("shape", "point", "distance"),
    [
        (circle, (0.0, 0.0), -0.86),
        (circle, (0.6, 0.8), 0.14),
        (ring, (0.0, 0.0), 0.46),
        (ring, (0.0, 0.68), -0.22),
        (square, (0.0, 0.0), -0.7),
        (square, (1.0, 0.2), 0.3),
        (square, (1.7, -1.7), math.sqrt(2)),
    ],
)
def test_distances_are_those_of_geometry(shape, point, distance):
    assert at(shape, *point) == pytest.approx(distance)


def test_a_polygon_with_a_notch_is_outside_in_its_notch():
    corners = ((-1.0, -1.0), (0.0, 0.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
    points = torch.tensor([[0.0, -0.5], [0.0, 0.5], [-0.9, -0.5]])
    distances = polygon(points[:, 0], points[:, 1], corners)
    assert distances.tolist() == pytest.approx([0.5 / math.sqrt(2), -0.5, -0.1], abs=1e-6)


def test_the_order_of_the_corners_may_go_either_way():
    corners = ((-0.5, -0.8), (0.9, 0.0), (0.1, 0.1), (-0.3, 0.9))
    there, back = (polygon(*grid(), c) for c in (corners, corners[::-1]))
    torch.testing.assert_close(there, back)


@pytest.mark.parametrize("name", DISTANCES)
def test_a_step_changes_the_distance_by_no_more_than_its_length(name):
    """What anti-aliasing stands on; it also finds seams between the pieces of a shape."""
    x, y = grid(steps=240)
    distance = DISTANCES[name](x, y)
    step = (x[0, 1] - x[0, 0]).item()
    assert distance.diff(dim=0).abs().max() <= step * (1 + 1e-9)
    assert distance.diff(dim=1).abs().max() <= step * (1 + 1e-9)


@pytest.mark.parametrize("name", DISTANCES)
def test_shapes_fit_the_unit_circle_and_fill_a_good_part_of_it(name):
    x, y = grid()
    inside = DISTANCES[name](x, y) < 0
    assert torch.hypot(x, y)[inside].max() < 1.2
    share = inside.sum() / (torch.hypot(x, y) < 1).sum()
    assert 0.2 < share < 0.8


@pytest.mark.parametrize("name", DISTANCES)
def test_a_mirror_changes_the_shapes_that_face_one_way_and_no_others(name):
    x, y = grid()
    here, there = DISTANCES[name](x, y) < 0, DISTANCES[name](-x, y) < 0
    overlap = (here & there).sum() / (here | there).sum()
    assert (overlap < 0.8) == (name in CHIRAL)
    assert name in CHIRAL or overlap > 0.99


@pytest.mark.parametrize("name", DISTANCES)
def test_no_two_shapes_are_alike(name):
    x, y = grid()
    here = DISTANCES[name](x, y) < 0
    for other in DISTANCES.keys() - {name}:
        there = DISTANCES[other](x, y) < 0
        assert (here & there).sum() / (here | there).sum() < 0.8, other
