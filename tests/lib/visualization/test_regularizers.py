import pytest
import torch

from lib.visualization import regularizers as r
from lib.visualization.transforms import gaussian_blur


@pytest.fixture
def pixels():
    # One channel, measured from the center 0.5: 0.1, -0.3, 0.2, -0.4.
    return torch.tensor([0.6, 0.2, 0.7, 0.1]).view(1, 1, 2, 2)


def test_decay_moves_pixels_towards_the_center(pixels):
    decayed = r.decay(0.25)(pixels, pixels, 1)
    torch.testing.assert_close(decayed, 0.5 + 0.75 * (pixels - 0.5))
    torch.testing.assert_close(
        r.decay(1.0, center=0.2)(pixels, pixels, 1), torch.full_like(pixels, 0.2)
    )


def test_a_blur_comes_every_so_many_steps(pixels):
    blur = r.blur_every(3, sigma=1.0)
    for step in (1, 2, 4):
        assert torch.equal(blur(pixels, pixels, step), pixels)
    assert torch.equal(blur(pixels, pixels, 6), gaussian_blur(pixels, 1.0))


def test_the_pixels_nearest_to_the_center_are_clipped(pixels):
    clipped = r.clip_small_norm(50)(pixels, pixels, 1)
    torch.testing.assert_close(clipped.flatten(), torch.tensor([0.5, 0.2, 0.5, 0.1]))


def test_the_norm_is_taken_over_channels():
    image = torch.tensor([[0.9, 0.5], [0.5, 0.7]]).view(1, 2, 1, 2)  # norms 0.4 and 0.2
    clipped = r.clip_small_norm(50)(image, image, 1)
    torch.testing.assert_close(clipped.flatten(), torch.tensor([0.9, 0.5, 0.5, 0.5]))


def test_the_pixels_that_contribute_least_are_clipped(pixels):
    gradient = torch.tensor([10.0, 0.1, 0.0, 10.0]).view(1, 1, 2, 2)  # 1, 0.03, 0 and 4
    clipped = r.clip_small_contribution(50)(pixels, gradient, 1)
    torch.testing.assert_close(clipped.flatten(), torch.tensor([0.6, 0.5, 0.5, 0.1]))


def test_contributions_of_channels_cancel():
    image = torch.tensor([[0.9, 0.6], [0.9, 0.6]]).view(1, 2, 1, 2)
    gradient = torch.tensor([[1.0, 1.0], [-1.0, 1.0]]).view(1, 2, 1, 2)  # 0 and 0.2
    clipped = r.clip_small_contribution(50)(image, gradient, 1)
    torch.testing.assert_close(clipped.flatten(), torch.tensor([0.5, 0.6, 0.5, 0.6]))


def test_every_image_has_its_own_percentile(pixels):
    both = torch.cat([pixels, 0.5 + 0.01 * (pixels - 0.5)])
    clipped = r.clip_small_norm(50)(both, both, 1)
    assert ((clipped == 0.5).flatten(1).sum(1) == 2).all()


def test_nothing_is_clipped_at_0_percent(pixels):
    assert torch.equal(r.clip_small_norm(0)(pixels, pixels, 1), pixels)
    assert torch.equal(r.clip_small_contribution(0)(pixels, pixels, 1), pixels)


@pytest.mark.parametrize(
    "make",
    [lambda: r.decay(1.5), lambda: r.blur_every(0, sigma=1), lambda: r.blur_every(1, sigma=0),
     lambda: r.clip_small_norm(100), lambda: r.clip_small_contribution(-1)],
)  # fmt: skip
def test_impossible_strengths_are_refused(make):
    with pytest.raises(ValueError, match="got"):
        make()
