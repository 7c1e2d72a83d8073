import pytest
import torch

from lib import augmentation
from lib.datasets.scenes import SHIFTS


@pytest.mark.parametrize("shift", SHIFTS)
def test_every_shift_of_the_scenes_can_be_made_of_images(shift, pictures, seeded):
    images = pictures(8, 32, 32)
    before = images.clone()
    shifted = augmentation.shift_images(images, shift, generator=seeded())
    assert torch.equal(shifted, augmentation.shift_images(images, shift, generator=seeded()))
    assert torch.equal(images, before)
    assert shifted.shape == images.shape
    assert (shifted - images).abs().mean((1, 2, 3)).min() > 0.01
    assert -1e-6 <= shifted.min() <= shifted.max() <= 1 + 1e-6


def test_mirrored_images_are_flipped_and_relit_ones_half_as_bright(pictures, seeded):
    images = pictures(2)
    mirrored = augmentation.shift_images(images, "mirrored", generator=seeded())
    assert torch.equal(mirrored, images.flip(-1))
    relit = augmentation.shift_images(images, "relit", generator=seeded())
    torch.testing.assert_close(relit[:, 1], images[:, 1] / 2)


def test_moved_images_moved_by_22_percent_of_their_width(seeded):
    dot = torch.zeros(50, 1, 51, 51)
    dot[..., 25, 25] = 1
    moved = augmentation.shift_images(dot, "moved", generator=seeded())
    offset = torch.arange(51.0) - 25
    x, y = ((moved.sum(dim) * offset).sum(-1).squeeze(1) for dim in (2, 3))
    torch.testing.assert_close(torch.hypot(x, y), torch.full((50,), 0.22 * 51), atol=1e-2, rtol=0)


def test_an_unknown_shift_is_answered_with_the_known_ones(pictures, seeded):
    with pytest.raises(ValueError, match=r"mirrored, moved, .*got 'blurred'"):
        augmentation.shift_images(pictures(1), "blurred", generator=seeded())
