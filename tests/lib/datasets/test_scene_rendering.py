import math
from dataclasses import replace

import pytest
import torch

from lib.datasets.scene_captions import BACKGROUNDS, COLORS, SHAPES
from lib.datasets.scene_grounds import GROUNDS, draw_grounds
from lib.datasets.scene_rendering import OBJECT_COLORS, render
from lib.datasets.scene_sampling import draw_scenes


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def scene(shape, **changes):
    """One object of that shape in the middle, upright, of half the picture's width."""
    numbers = draw_scenes(1, objects=(1, 1), bias=0, generator=generator())
    fixed = {"size": 0.5, "x": 0.5, "y": 0.5, "angle": 0.0} | changes
    parts = {name: torch.full((1, 1), float(value)) for name, value in fixed.items()}
    return replace(numbers, shape=torch.tensor([[SHAPES.index(shape)]]), **parts)


def mask(numbers, size=128):
    return (render(numbers, size)[1] == 1)[0]


def centroid(pixels):
    """Mean column and row of the pixels, as fractions of the picture."""
    rows, columns = pixels.nonzero().float().add(0.5).div(len(pixels)).mean(dim=0).tolist()
    return columns, rows


def test_every_name_has_its_colors():
    assert tuple(OBJECT_COLORS) == COLORS
    assert tuple(GROUNDS) == BACKGROUNDS


def test_a_circle_covers_its_area():
    """Its radius is 0.86 of the circle around it, which has 64 pixels across."""
    assert mask(scene("circle")).sum().item() == pytest.approx(math.pi * (0.86 * 32) ** 2, rel=0.01)


def test_an_object_is_where_its_coordinates_say():
    assert centroid(mask(scene("circle", x=0.3, y=0.6))) == pytest.approx((0.3, 0.6), abs=0.005)


@pytest.mark.parametrize(
    ("angle", "x", "y"), [(0, 1, 0), (90, 0, -1), (180, -1, 0), (-90, 0, 1)], ids=str
)
def test_objects_turn_counterclockwise(angle, x, y):
    """An arrow has wings before its middle and none behind it; y points down."""
    pixels = mask(scene("arrow", angle=angle))
    for along, inside in ((0.2, True), (-0.2, False)):
        for across in (0.55, -0.55):
            column, row = along * x - across * y, along * y + across * x
            assert pixels[round(63.5 + 32 * row), round(63.5 + 32 * column)] == inside


def test_what_is_bigger_than_the_picture_is_cut_off():
    numbers = scene("circle", size=4.0)
    assert mask(numbers).all()


def test_a_mirror_flips_picture_and_mask():
    numbers = draw_scenes(20, objects=(1, 3), bias=0, generator=generator())
    images, owners = render(numbers, 32)
    seen = render(replace(numbers, mirrored=torch.ones(20, dtype=torch.bool)), 32)
    assert torch.equal(seen[0], images.flip(-1))
    assert torch.equal(seen[1], owners.flip(-1))


def test_a_larger_picture_shows_the_same_scene():
    numbers = draw_scenes(50, objects=(1, 1), bias=0, generator=generator())
    small, large = render(numbers, 32)[0], render(numbers, 128)[0]
    assert (torch.nn.functional.avg_pool2d(large, 4) - small).abs().mean() < 0.02


def test_edges_are_anti_aliased():
    """A move by a tenth of a pixel changes no pixel by more than about a tenth of the contrast."""
    plain = {"texture": torch.zeros(1, 1, dtype=torch.int64)}
    here, there = (
        render(replace(scene("circle", x=x), **plain), 32)[0] for x in (0.5, 0.5 + 0.1 / 32)
    )
    change = (there - here).abs()
    assert 0.01 < change.max() < 0.12


def test_the_side_toward_the_light_is_brighter():
    numbers = draw_scenes(200, objects=(1, 1), bias=0, generator=generator())
    for light, brighter, darker in (
        (0, slice(16, 32), slice(0, 16)),
        (180, slice(16), slice(16, 32)),
    ):
        images, _ = render(replace(numbers, light=torch.full((200,), float(light))), 32)
        columns = images.mean(dim=(0, 1, 2))
        assert columns[brighter].mean() > columns[darker].mean() + 0.02


def test_brightness_is_a_factor():
    numbers = draw_scenes(20, objects=(1, 1), bias=0, generator=generator())
    numbers = replace(numbers, brightness=torch.full((20,), 0.5))
    half = render(replace(numbers, brightness=torch.full((20,), 0.25)), 32)[0]
    torch.testing.assert_close(render(numbers, 32)[0], 2 * half)


def test_an_absent_object_is_not_drawn():
    numbers = draw_scenes(30, objects=(2, 2), bias=0, generator=generator())
    one = torch.tensor([True, False]).expand(30, 2)
    assert render(replace(numbers, present=one), 32)[1].unique().tolist() == [0, 1]


def test_the_main_object_is_in_front():
    numbers = draw_scenes(1, objects=(2, 2), bias=0, generator=generator())
    same = replace(numbers, x=torch.full((1, 2), 0.5), y=torch.full((1, 2), 0.5))
    circles = replace(same, shape=torch.zeros(1, 2, dtype=torch.int64), size=same.size * 0 + 0.5)
    assert render(circles, 32)[1].unique().tolist() == [0, 1]


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_a_ground_lies_between_its_two_colors(name):
    numbers = draw_scenes(30, objects=(1, 1), bias=0, generator=generator())
    numbers = replace(
        numbers,
        background=torch.full((30,), BACKGROUNDS.index(name)),
        ground=torch.zeros(30, 2, 3),
    )
    steps = (torch.arange(32) + 0.5) / 32
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    pixels = draw_grounds(numbers, x, y)
    first, second = (torch.tensor(color)[:, None, None] for color in GROUNDS[name][1:])
    assert (pixels >= torch.minimum(first, second) - 0.03).all()
    assert (pixels <= torch.maximum(first, second) + 0.03).all()
    assert pixels.std(dim=(2, 3)).mean() > 0.003


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_pictures_follow_the_device_and_are_the_same_there():
    numbers = draw_scenes(50, objects=(1, 4), bias=0, generator=generator())
    here, there = render(numbers, 32), render(numbers.rows(0, 50, torch.device("cuda")), 32)
    assert there[0].device.type == there[1].device.type == "cuda"
    torch.testing.assert_close(there[0].cpu(), here[0], atol=1e-3, rtol=0)
    assert (there[1].cpu() != here[1]).float().mean() < 1e-3
