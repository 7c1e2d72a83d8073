import pickle
from functools import partial

import pytest
import torch

from lib import augmentation
from lib.augmentation import base

RANDOM = {
    "flip": augmentation.random_horizontal_flip,
    "affine": partial(
        augmentation.random_affine,
        degrees=20, translate=0.1, scale=(0.8, 1.2), stretch=0.2, shear=10, padding="border",
    ),
    "color": partial(
        augmentation.color_jitter, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1
    ),
    "scale crop": partial(augmentation.random_scale_crop, short_side=(24, 30), size=20),
    "cutout": partial(augmentation.cutout, size=8),
}  # fmt: skip


@pytest.mark.parametrize("name", list(RANDOM))
def test_random_operations_repeat_with_the_generator_and_only_then(name, pictures, seeded):
    images = pictures(8)
    first, again, other = (RANDOM[name](images, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", list(RANDOM))
def test_every_image_of_a_batch_gets_its_own_draw(name, pictures, seeded):
    same = pictures(1).expand(16, -1, -1, -1)
    results = RANDOM[name](same, seeded(0))
    assert len({result.numpy().tobytes() for result in results}) > 1


@pytest.mark.parametrize("name", list(RANDOM))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_images_keep_dtype_and_range_and_are_left_alone(name, dtype, pictures, seeded):
    images = pictures(8).to(dtype)
    before = images.clone()
    result = RANDOM[name](images, seeded(0))
    assert torch.equal(images, before)
    assert result.dtype == dtype
    assert result.shape[:2] == images.shape[:2]
    assert result.min() >= 0
    assert result.max() <= 1 + 1e-6


@pytest.mark.parametrize("name", list(RANDOM))
def test_an_empty_batch_stays_empty(name, pictures, seeded):
    assert len(RANDOM[name](pictures(2)[:0], seeded(0))) == 0


@pytest.mark.parametrize("name", list(RANDOM))
def test_one_channel_is_enough(name, pictures, seeded):
    assert RANDOM[name](pictures(3, channels=1), seeded(0)).shape[:2] == (3, 1)


@pytest.mark.parametrize("name", list(RANDOM))
@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (torch.zeros(3, 8, 8), ValueError, r"got shape \(3, 8, 8\)"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), TypeError, "got torch.uint8"),
        ([[0.0]], TypeError, "got list"),
    ],
)
def test_what_is_no_batch_of_images_is_refused(name, wrong, error, message, seeded):
    with pytest.raises(error, match=message):
        RANDOM[name](wrong, seeded(0))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", list(RANDOM))
def test_cuda_gives_the_same(name, pictures, seeded):
    images = pictures(8)
    there = RANDOM[name](images.cuda(), seeded(0))
    assert there.is_cuda
    torch.testing.assert_close(there.cpu(), RANDOM[name](images, seeded(0)), atol=1e-4, rtol=0)


def test_a_label_preserving_transform_does_all_in_order_and_keeps_labels(pictures, seeded):
    images, labels = pictures(4), torch.arange(4)
    both = augmentation.label_preserving(RANDOM["flip"], RANDOM["cutout"])
    transformed, kept = both(images, labels, seeded(5))
    one_by_one = seeded(5)
    expected = RANDOM["cutout"](RANDOM["flip"](images, one_by_one), one_by_one)
    assert torch.equal(transformed, expected)
    assert kept is labels


def test_a_label_preserving_transform_travels_to_other_processes(pictures, seeded):
    images, labels = pictures(4), torch.arange(4)
    both = augmentation.label_preserving(RANDOM["flip"], RANDOM["color"])
    there = pickle.loads(pickle.dumps(both))
    assert torch.equal(there(images, labels, seeded())[0], both(images, labels, seeded())[0])


def test_a_transform_needs_an_operation():
    with pytest.raises(ValueError, match="at least one operation"):
        augmentation.label_preserving()


def test_parameters_are_one_per_image_or_one_for_all(pictures):
    images = pictures(3)
    assert base.per_image(images, "k", 2.0).tolist() == [2, 2, 2]
    assert base.pair_per_image(images, "by", (1, 2)).tolist() == [[1, 2]] * 3
    with pytest.raises(ValueError, match=r"k must be a number or a tensor \(3,\); got shape \(2,"):
        base.per_image(images, "k", torch.zeros(2))
    with pytest.raises(ValueError, match=r"by must be two numbers \(x, y\) .*got shape \(3,\)"):
        base.pair_per_image(images, "by", torch.zeros(3))
    with pytest.raises(ValueError, match="k must be finite; got nan"):
        base.per_image(images, "k", float("nan"))


def test_draws_fill_their_range(seeded):
    images = torch.zeros(2000, 1, 1, 1)
    draws = base.uniform(images, -2, 3, seeded())
    assert -2 <= draws.min() < -1.9
    assert 2.9 < draws.max() < 3
    assert sorted(base.integers(images, 4, 6, seeded()).unique().tolist()) == [4, 5, 6]
    for draw in (base.uniform, base.integers):
        with pytest.raises(ValueError, match=r"\(lowest, highest\); got \(2, 1\)"):
            draw(images, 2, 1, seeded())
