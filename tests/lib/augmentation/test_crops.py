import pytest
import torch
from torch import nn
from torchvision.transforms.v2 import functional as tv

from lib import augmentation


def numbered(height: int, width: int) -> torch.Tensor:
    """One image whose pixels are numbered row by row."""
    return torch.arange(float(height * width)).view(1, 1, height, width)


def test_crops_are_torchvisions_each_image_its_own(pictures):
    images = pictures(3)
    top, left = torch.tensor([0, 4, 14]), torch.tensor([22, 3, 0])
    crops = augmentation.crop(images, top, left, size=10)
    for n in range(3):
        assert torch.equal(crops[n], tv.crop(images[n], int(top[n]), int(left[n]), 10, 10))


def test_a_crop_of_numbered_pixels():
    assert augmentation.crop(numbered(3, 4), 1, 2, size=2)[0, 0].tolist() == [[6, 7], [10, 11]]


@pytest.mark.parametrize(("top", "left", "size"), [(-1, 0, 2), (0, 3, 2), (0, 0, 4), (0, 0, 0)])
def test_a_crop_must_lie_within_its_image(top, left, size):
    with pytest.raises(ValueError, match=r"a crop of \d pixels needs"):
        augmentation.crop(numbered(3, 4), top, left, size=size)


@pytest.mark.parametrize("length", [16, 24, 40])
@pytest.mark.parametrize("size", [(24, 32), (36, 24)])
def test_resizing_is_torchvisions(length, size, pictures):
    images = pictures(2, *size)
    assert torch.equal(
        augmentation.resize_short_side(images, length), tv.resize(images, [length], antialias=True)
    )


def test_the_resnet_recipe_resizes_and_crops_every_image(seeded):
    gradient = torch.linspace(0, 1, 40).expand(64, 3, 30, 40)
    crops = augmentation.random_scale_crop(gradient, seeded(), short_side=(30, 60), size=28)
    assert crops.shape == (64, 3, 28, 28)
    spans = crops[:, 0, 0, -1] - crops[:, 0, 0, 0]  # what part of the width a crop shows
    assert spans.max().item() == pytest.approx(27 / 39, abs=0.03)
    assert spans.min().item() == pytest.approx(27 / 78, abs=0.03)


def test_the_resnet_recipe_without_scaling_is_a_random_crop(seeded):
    images = numbered(4, 6).expand(300, -1, -1, -1)
    crops = augmentation.random_scale_crop(images, seeded(), short_side=(4, 4), size=3)
    assert sorted(crops[:, 0, 0, 0].unique().tolist()) == [0, 1, 2, 3, 6, 7, 8, 9]


def test_the_resnet_recipe_needs_room_for_its_square(pictures, seeded):
    with pytest.raises(ValueError, match="a short side of 16 pixels has no square of 20"):
        augmentation.random_scale_crop(pictures(), seeded(), short_side=(16, 30), size=20)


def test_resized_crops_are_torchvisions_away_from_the_rim(pictures):
    images = pictures(2)
    boxes = [(2, 3, 10, 12), (5, 1, 16, 9)]
    top, left, height, width = (
        torch.tensor(side, dtype=torch.float32) for side in zip(*boxes, strict=True)
    )
    ours = augmentation.resized_crop(
        images, top=top, left=left, height=height, width=width, size=24
    )
    for n, box in enumerate(boxes):
        theirs = tv.resized_crop(images[n], *box, [24, 24], antialias=False)
        inside = (slice(None), slice(2, -2), slice(2, -2))
        assert (ours[n][inside] - theirs[inside]).abs().max() < 1e-5


def test_the_whole_image_as_a_box_is_the_image(pictures):
    images = pictures(2, 24, 24)
    whole = augmentation.resized_crop(images, top=0, left=0, height=24, width=24, size=24)
    torch.testing.assert_close(whole, images, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match="boxes and size must be positive"):
        augmentation.resized_crop(images, top=0, left=0, height=0, width=24, size=24)


@pytest.mark.parametrize(("height", "width", "size"), [(24, 32, 20), (25, 32, 20), (20, 20, 20)])
def test_ten_crops_are_torchvisions_in_its_order(height, width, size, pictures):
    images = pictures(2, 32, 32)[:, :, :height, :width]
    assert torch.equal(
        augmentation.ten_crops(images, size), torch.stack(tv.ten_crop(images, [size, size]), 1)
    )


def test_every_scale_gives_ten_crops(pictures):
    crops = list(augmentation.multi_scale_crops(pictures(2), scales=(16, 24), size=16))
    assert [part.shape for part in crops] == [(2, 10, 3, 16, 16)] * 2
    smallest = augmentation.resize_short_side(pictures(2), 16)
    assert torch.equal(crops[0][:, 0], smallest[..., :16])


class Brightest(nn.Module):
    """Logits (0, 2 · mean): a network that sees how bright its crop is."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        assert not self.training
        mean = images.mean((1, 2, 3))
        return torch.stack([torch.zeros_like(mean), 2 * mean], -1)


def test_every_crop_of_every_scale_has_probabilities(pictures):
    images, model = pictures(3), Brightest()
    parts = [augmentation.ten_crops(images, 16), augmentation.ten_crops(images, 20)[:, :5]]
    each = augmentation.crop_probabilities(model, parts)
    assert each.shape == (3, 15, 2)
    torch.testing.assert_close(each[1, 12], model.eval()(parts[1][1, 2:3])[0].softmax(-1))


def test_crops_seen_a_few_at_a_time_get_the_same_probabilities(pictures):
    parts = [augmentation.ten_crops(pictures(3), 16)]
    at_once = augmentation.crop_probabilities(Brightest(), parts)
    few = augmentation.crop_probabilities(Brightest(), parts, batch_size=4)
    torch.testing.assert_close(few, at_once)


def test_looking_at_crops_puts_the_networks_mode_back(pictures):
    model = Brightest().train()
    augmentation.crop_probabilities(model, [augmentation.ten_crops(pictures(1), 8)])
    assert model.training
