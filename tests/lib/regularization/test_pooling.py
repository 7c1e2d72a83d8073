import pytest
import torch
from torch.nn import functional

from lib import regularization

SIZES = [(32, 23), (16, 8), (16, 15), (15, 8), (9, 6), (6, 3), (2, 1)]
JUST_BELOW = torch.nextafter(torch.tensor([0.5, 1.0]), torch.zeros(2))  # where sums round up


@pytest.mark.parametrize(("before", "after"), SIZES)
def test_boundaries_are_those_of_torch(before, after, seeded):
    u = torch.cat([torch.rand(48, generator=seeded()), JUST_BELOW])
    ramp = torch.arange(before * before).float().view(1, 1, before, before).expand(50, -1, -1, -1)
    samples = torch.stack([u, u.flip(0)], dim=-1)[:, None]  # width, height
    _, where = functional.fractional_max_pool2d(
        ramp, 2, output_size=after, _random_samples=samples, return_indices=True
    )
    # The ramp grows to the right and downwards: the last pixel of each window is its largest.
    columns = where[:, 0, 0, :] % before - 1
    rows = where[:, 0, :, 0] // before - 1
    for starts, draws in ((columns, u), (rows, u.flip(0))):
        ours = regularization.fractional_boundaries(before, after, u=draws)
        assert torch.equal(ours, starts)


@pytest.mark.parametrize(("before", "after"), SIZES)
def test_windows_cover_every_pixel(before, after, seeded):
    u = torch.rand(200, generator=seeded())
    starts = regularization.fractional_boundaries(before, after, u=u)
    assert starts.shape == (200, after)
    assert (starts[:, 0] == 0).all()
    assert (starts[:, -1] == before - 2).all()
    assert set(starts.diff(dim=-1).unique().tolist()) <= {1, 2}


def test_boundaries_are_those_a_person_computes():
    # α = (9 - 2) / (6 - 1) = 1.4: 0, 1.4, 2.8, 4.2, 5.6, 7 rounded down.
    assert regularization.fractional_boundaries(9, 6, u=0).tolist() == [0, 1, 2, 4, 5, 7]
    # ⌊1.4 (i + 0.5)⌋ - ⌊0.7⌋ of 0.7, 2.1, 3.5, 4.9, 6.3, 7.7.
    assert regularization.fractional_boundaries(9, 6, u=0.5).tolist() == [0, 2, 3, 4, 6, 7]


def test_a_pooled_pixel_is_the_largest_of_its_window(seeded):
    x = torch.randn(3, 4, 11, 14, generator=seeded(1))
    y = regularization.fractional_max_pool2d(x, output_size=(7, 9), generator=seeded())
    u = torch.rand(3, 1, 2, generator=seeded())[:, 0]
    for image in range(3):
        rows = regularization.fractional_boundaries(11, 7, u=u[image, 1])
        columns = regularization.fractional_boundaries(14, 9, u=u[image, 0])
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                window = x[image, :, row : row + 2, column : column + 2]
                torch.testing.assert_close(y[image, :, i, j], window.amax(dim=(1, 2)))


def test_half_the_size_is_max_pooling(seeded):
    x = torch.randn(2, 3, 16, 12, generator=seeded(1))
    y = regularization.fractional_max_pool2d(x, output_size=(8, 6), generator=seeded())
    torch.testing.assert_close(y, functional.max_pool2d(x, 2))


def test_images_differ_in_their_windows_and_channels_do_not(seeded):
    x = torch.randn(1, 1, 32, 32, generator=seeded(1)).expand(8, 3, -1, -1)
    y = regularization.fractional_max_pool2d(x, output_size=22, generator=seeded())
    torch.testing.assert_close(y, y[:, :1].expand(-1, 3, -1, -1))
    assert len({tuple(image.flatten().tolist()) for image in y[:, 0]}) > 4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_has_the_same_windows(dtype, seeded):
    x = torch.rand(3, 2, 200, 150, generator=seeded()).to(dtype)
    found, expected = (
        regularization.fractional_max_pool2d(v, output_size=(141, 101), generator=seeded())
        for v in (x, x.float())
    )
    assert torch.equal(found, expected.to(dtype))


def test_noise_comes_from_the_generator_alone_and_the_input_stays(seeded):
    x = torch.randn(4, 3, 20, 20, generator=seeded(1))
    before, state, g = x.clone(), torch.get_rng_state(), seeded()
    first = regularization.fractional_max_pool2d(x, output_size=14, generator=g)
    second = regularization.fractional_max_pool2d(x, output_size=14, generator=g)
    again = regularization.fractional_max_pool2d(x, output_size=14, generator=seeded())
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert torch.equal(x, before)
    assert torch.equal(state, torch.get_rng_state())


def test_gradients_go_to_the_largest_pixels(seeded):
    x = torch.randn(2, 3, 10, 10, generator=seeded(1)).requires_grad_()
    y = regularization.fractional_max_pool2d(x, output_size=7, generator=seeded())
    y.sum().backward()
    assert x.grad.sum() == y.numel()
    assert set(x.detach()[x.grad > 0].tolist()) == set(y.detach().flatten().tolist())


@pytest.mark.parametrize("size", [7, 16, 0, (8, 16)])
def test_a_size_that_leaves_gaps_or_shrinks_nothing_is_refused(size, seeded):
    with pytest.raises(ValueError, match="of 16 pixels gives 8 to 15 pixels; got output_size"):
        regularization.fractional_max_pool2d(
            torch.ones(1, 1, 16, 16), output_size=size, generator=seeded()
        )


def test_other_shapes_and_other_u_are_refused(seeded):
    with pytest.raises(ValueError, match=r"x must be \(batch, channels.*got shape \(3, 8, 8\)"):
        regularization.fractional_max_pool2d(torch.ones(3, 8, 8), output_size=5, generator=seeded())
    with pytest.raises(ValueError, match=r"a number or \(height, width\); got \(5, 5, 5\)"):
        regularization.fractional_max_pool2d(
            torch.ones(1, 3, 8, 8), output_size=(5, 5, 5), generator=seeded()
        )
    with pytest.raises(ValueError, match="sides of at least 2 pixels; got 1"):
        regularization.fractional_boundaries(1, 1, u=0.5)
    with pytest.raises(ValueError, match=r"u must be in \[0, 1\); got 1"):
        regularization.fractional_boundaries(8, 5, u=1.0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same(seeded):
    x = torch.randn(4, 3, 21, 21, generator=seeded(1))
    y = regularization.fractional_max_pool2d(x.cuda(), output_size=15, generator=seeded())
    assert y.is_cuda
    expected = regularization.fractional_max_pool2d(x, output_size=15, generator=seeded())
    torch.testing.assert_close(y.cpu(), expected)
