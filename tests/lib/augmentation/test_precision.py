"""Half precision rounds pixels, never places or draws; float64 keeps its precision throughout."""

import itertools
import math

import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from lib import augmentation
from lib.augmentation import base
from tests.faults.cases import public_functions
from tests.lib.augmentation.transforms import (
    LIB,
    NO_AUGMENTATIONS,
    ROOMS,
    TRANSFORMS,
    functions_of_images,
    results,
)

HALVES = (torch.bfloat16, torch.float16)
DTYPES = (*HALVES, torch.float32, torch.float64)
SIZES = ((32, 32), (57, 40), (8, 1000), (4000, 8))
MORE_SIZES = ((33, 47), (300, 24), (224, 224), (256, 301), (16, 2049), (640, 480), (16, 4000))
NEVER_ROUNDED = {"affine_matrix", "crop_probabilities"}  # what they return is no image


def pictures(height, width, dtype, *, batch=3):
    g = torch.Generator().manual_seed(height + width)
    return torch.rand(batch, 3, height, width, generator=g, dtype=torch.float64).to(dtype)


def rounded(name, exact, dtype):
    """What a transform of images of this dtype should return if it returns `exact` in float32."""
    if name in NEVER_ROUNDED or (exact.ndim < 3 and name != "crop_probabilities"):
        return exact  # matrices, labels, and the probabilities of labels
    return exact.to(dtype)


def check_half(name, dtype, size, seed=0):
    images = pictures(*size, dtype)
    before = images.clone()
    got, wanted = results(name, images, seed), results(name, images.float(), seed)
    for ours, exact in zip(got, wanted, strict=True):
        torch.testing.assert_close(ours, rounded(name, exact, dtype), rtol=0, atol=0)
    assert torch.equal(images, before)


def check_double(name, size, seed=0):
    images = pictures(*size, torch.float64)
    got, wanted = results(name, images, seed), results(name, images.float(), seed)
    for ours, single in zip(got, wanted, strict=True):
        if single.ndim >= 4:
            assert ours.dtype == torch.float64
        # In float32, a place in 4000 pixels is known to 2e-4, and neighbors differ by up to 1.
        tolerance = 4e-7 * max(size) + 1e-6
        torch.testing.assert_close(ours.to(single), single, rtol=0, atol=tolerance)


def test_no_augmentation_was_forgotten():
    assert public_functions(augmentation) == set(LIB)
    assert functions_of_images() <= set(ROOMS) | set(NO_AUGMENTATIONS)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_half_precision_is_float32_rounded_at_the_end(name):
    for dtype, size in itertools.product(HALVES, SIZES):
        check_half(name, dtype, size)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_float64_sees_the_same_draws_and_places(name):
    for size in SIZES:
        check_double(name, size)


@pytest.mark.nightly
@pytest.mark.parametrize("name", TRANSFORMS)
def test_no_size_and_no_draw_is_special(name):
    for size, seed in itertools.product(SIZES + MORE_SIZES, range(1, 4)):
        check_double(name, size, seed)
        for dtype in HALVES:
            check_half(name, dtype, size, seed)


MOVES = {  # of the picture x, where each leaves the value at a place that can be computed by hand
    "translate": (lambda x: augmentation.translate(x, (0.1, 0.0)), lambda x: x - 0.1),
    "stretch": (lambda x: augmentation.stretch(x, (1.1, 1.0)), lambda x: x / 1.1),
    "rotate": (
        lambda x: augmentation.rotate(x, 0.3, padding="border"),
        lambda x: x * math.cos(math.radians(0.3)),  # in the middle row
    ),
    "lens": (
        lambda x: augmentation.lens_distortion(x, 0.1, padding="border"),
        lambda x: x * (1 + 0.1 * (x / (math.hypot(41, 41) / 2)) ** 2),
    ),
    "resized crop": (
        lambda x: augmentation.resized_crop(x, top=0, left=0.1, height=41, width=41, size=41),
        lambda x: x + 0.1,
    ),
}


@pytest.mark.parametrize("move", MOVES)
def test_places_in_float64_are_not_those_of_float32(move):
    ramp = torch.arange(41.0, dtype=torch.float64) - 20
    function, expected = MOVES[move]
    shown = function(ramp.expand(1, 1, 41, 41))[0, 0, 20, 4:-4]
    torch.testing.assert_close(shown, expected(ramp)[4:-4], rtol=0, atol=1e-12)


def test_numbers_are_not_rounded_to_float32_for_float64_images():
    images = torch.ones(1, 3, 2, 2, dtype=torch.float64)
    assert augmentation.adjust_brightness(images, 0.1).unique().tolist() == [0.1]


RANGES = ((0, 1), (0.6, 1.6), (0, 2 * math.pi), (-0.5, 0.5), (-135, 135), (1, 1 + 1e-12))


@pytest.mark.parametrize(("low", "high"), RANGES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_draws_never_reach_the_end_of_their_range(low, high, dtype, monkeypatch):
    """Tried with the smallest and the largest number that `torch.rand` gives."""
    ends = torch.tensor([0, 1 - 2**-24])
    monkeypatch.setattr(torch, "rand", lambda *_, **__: ends)
    draws = base.uniform(torch.empty(2, 1, 1, 1, dtype=dtype), low, high, torch.Generator())
    assert draws.dtype == torch.promote_types(dtype, torch.float32)
    first, last = draws.tolist()
    assert first == pytest.approx(low)
    assert last == pytest.approx(high)
    assert last < high


@pytest.mark.parametrize("dtype", DTYPES)
def test_draws_are_the_same_in_every_dtype(dtype):
    def draw(dtype):
        images = torch.empty(2000, 1, 1, 1, dtype=dtype)
        return base.uniform(images, 0.6, 1.6, torch.Generator().manual_seed(1))

    assert torch.equal(draw(dtype).double(), draw(torch.float32).double())


def test_a_range_of_one_number_gives_it():
    draws = base.uniform(torch.empty(3, 1, 1, 1), 0.75, 0.75, torch.Generator())
    assert draws.tolist() == [0.75] * 3


@pytest.mark.parametrize("dtype", HALVES)
def test_a_certain_flip_leaves_no_image(dtype):
    images = torch.tensor([0.0, 1.0], dtype=dtype).expand(100_000, 1, 1, 2)
    flipped = augmentation.random_horizontal_flip(images, torch.Generator().manual_seed(0), p=1.0)
    assert bool((flipped[..., 0] == 1).all())


@pytest.mark.parametrize("dtype", DTYPES)
def test_random_crops_find_every_place_and_never_fail(dtype):
    bits = (torch.arange(300) >> torch.arange(9)[:, None]) & 1  # a column's number, in channels
    images = bits[None, :, None].to(dtype).expand(5000, -1, 4, -1)
    g = torch.Generator().manual_seed(0)
    crops = augmentation.random_scale_crop(images, g, short_side=(4, 4), size=4)
    left = (crops[:, :, 0, 0].long() << torch.arange(9)).sum(1)
    assert left.unique().tolist() == list(range(297))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("left", [255, 257, 301, 2049, 3001, 3990])
def test_an_erased_square_is_where_torchvisions_is(dtype, left):
    images = torch.zeros(1, 1, 16, 4000, dtype=dtype)
    ours = augmentation.erase(images, top=0, left=left, size=9, fill=1.0)
    assert torch.equal(ours, tv.erase(images, 0, left, 9, 9, torch.ones(1, 1, 1, dtype=dtype)))


@pytest.mark.parametrize("dtype", HALVES)
def test_an_affine_map_that_changes_nothing_keeps_a_checkerboard(dtype):
    y, x = torch.meshgrid(torch.arange(224), torch.arange(224), indexing="ij")
    board = ((y // 4 + x // 4) % 2).to(dtype)[None, None]
    torch.testing.assert_close(augmentation.affine(board), board, atol=1e-4, rtol=0)


@pytest.mark.parametrize("corner", [torch.tensor([1.5, 2.0]), 0.5, math.nan, torch.zeros(3)])
def test_corners_are_whole_pixels_one_per_image(corner):
    images = torch.zeros(2, 1, 8, 8)
    for function in (augmentation.erase, augmentation.crop):
        with pytest.raises(ValueError, match=r"left must be (whole|a number or a tensor)"):
            function(images, top=0, left=corner, size=2)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int32, torch.float32])
def test_corners_may_be_of_any_dtype(dtype):
    images = torch.rand(2, 1, 8, 300, generator=torch.Generator().manual_seed(0))
    left = torch.tensor([3, 100])
    for function in (augmentation.erase, augmentation.crop):
        expected = function(images, top=0, left=left, size=8)
        assert torch.equal(function(images, top=0, left=left.to(dtype), size=8), expected)


@pytest.mark.parametrize("options", [{"scale": (0.0, 1.0)}, {"scale": (-1, 1)}, {"shear": 90}])
def test_amounts_of_which_only_some_draws_are_possible_are_refused(options):
    images, g = torch.zeros(1, 1, 8, 8), torch.Generator()
    with pytest.raises(ValueError, match="scales must be positive, shear below 90; got"):
        augmentation.random_affine(images, g, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_autocast_changes_nothing(name, dtype):
    images = pictures(48, 300, dtype)
    wanted = results(name, images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = results(name, images)
    for ours, plain in zip(got, wanted, strict=True):
        torch.testing.assert_close(ours, plain, rtol=0, atol=0)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_inference_mode_changes_nothing(name):
    images = pictures(48, 60, torch.float32)
    wanted = results(name, images)
    with torch.inference_mode():
        made_inside = images.clone()
        inside = results(name, images)
        all_inside = results(name, made_inside)
    outside = results(name, made_inside)
    for got in (inside, all_inside, outside):
        for ours, plain in zip(got, wanted, strict=True):
            assert torch.equal(ours, plain)
