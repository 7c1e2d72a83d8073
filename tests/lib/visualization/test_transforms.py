import math

import pytest
import torch

from lib.visualization import transforms as t


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images():
    return torch.rand(4, 3, 16, 12, generator=generator())


DRAWING = {"jitter": t.jitter(3), "scale": t.scale(0.8, 1.2), "rotate": t.rotate(20)}
ALL = {**DRAWING, "pad": t.pad(2), "blur": t.blur(1.0)}


@pytest.mark.parametrize("name", ALL)
def test_a_transform_repeats_and_leaves_its_input(name, images):
    before = images.clone()
    a, b = (ALL[name](images, generator()) for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(images, before)
    assert a.dtype == images.dtype


@pytest.mark.parametrize("name", DRAWING)
def test_every_image_has_its_own_draw_and_each_call_new_ones(name, images):
    g, same = generator(), images[:1].expand(4, -1, -1, -1)
    once, again = DRAWING[name](same, g), DRAWING[name](same, g)
    assert len({image.numpy().tobytes() for image in once}) > 1
    assert not torch.equal(once, again)
    assert once.shape == images.shape


@pytest.mark.parametrize("name", ALL)
def test_a_gradient_comes_back_through_a_transform(name, images):
    x = images.clone().requires_grad_()
    ALL[name](x, generator()).square().sum().backward()
    assert x.grad.isfinite().all()
    assert (x.grad != 0).any()


@pytest.mark.parametrize("transform", [t.jitter(0), t.scale(1, 1), t.rotate(0), t.pad(0)])
def test_at_strength_0_nothing_changes(transform, images):
    torch.testing.assert_close(transform(images, generator()), images, atol=1e-5, rtol=0)


def test_jitter_moves_whole_pixels(images):
    moved = t.jitter(2)(images, generator())
    for image, original in zip(moved, images, strict=True):
        shifts = [original.roll((i, j), (1, 2)) for i in range(-2, 3) for j in range(-2, 3)]
        assert any(torch.equal(image, shift) for shift in shifts)


def test_a_quarter_turn_moves_pixels_as_rot90_does():
    image = torch.rand(1, 1, 9, 9, generator=generator())
    turned = t._resample(image, torch.tensor([math.pi / 2]), torch.ones(1))
    candidates = [torch.rot90(image, k, (2, 3)) for k in (1, -1)]
    assert min((turned - c).abs().max().item() for c in candidates) < 1e-4


def test_a_half_turn_of_an_oblong_image_flips_both_sides():
    image = torch.rand(1, 2, 6, 9, generator=generator())
    turned = t._resample(image, torch.tensor([math.pi]), torch.ones(1))
    torch.testing.assert_close(turned, image.flip(2, 3), atol=1e-4, rtol=0)


def test_turning_keeps_shapes_on_oblong_images():
    image = torch.zeros(1, 1, 21, 41)
    image[..., 10, 14:27] = 1  # a bar across, 13 long
    turned = t._resample(image, torch.tensor([math.pi / 2]), torch.ones(1))[0, 0]
    assert (turned[:, 20] > 0.5).sum() == 13


def test_a_factor_of_two_enlarges(images):
    image = torch.zeros(1, 1, 16, 16)
    image[..., 6:10, 6:10] = 1
    large = t._resample(image, torch.zeros(1), torch.tensor([2.0]))
    assert large.sum().item() == pytest.approx(64, rel=0.05)


def test_padding_has_its_value(images):
    padded = t.pad(2, value=0.25)(images, generator())
    assert padded.shape == (4, 3, 20, 16)
    assert (padded[..., :2, :] == 0.25).all()
    assert torch.equal(padded[..., 2:-2, 2:-2], images)


def test_blur_keeps_flat_images_and_spreads_a_point_by_sigma():
    flat = torch.full((1, 3, 9, 9), 0.7)
    torch.testing.assert_close(t.gaussian_blur(flat, 1.5), flat)
    point = torch.zeros(1, 1, 41, 41)
    point[..., 20, 20] = 1
    spread = t.gaussian_blur(point, 2.0)[0, 0]
    assert spread.sum().item() == pytest.approx(1, abs=1e-4)
    places = torch.arange(-20.0, 21)
    assert (spread.sum(0) * places**2).sum().sqrt().item() == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    "make",
    [lambda: t.jitter(-1), lambda: t.scale(0, 1), lambda: t.scale(2, 1), lambda: t.rotate(-1),
     lambda: t.pad(-1), lambda: t.blur(0)],
)  # fmt: skip
def test_impossible_strengths_are_refused(make):
    with pytest.raises(ValueError, match="got"):
        make()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("name", ALL)
def test_a_gpu_sees_the_same_draws(name, images):
    there = ALL[name](images.cuda(), generator()).cpu()
    torch.testing.assert_close(there, ALL[name](images, generator()), atol=1e-4, rtol=0)
