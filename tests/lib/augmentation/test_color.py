import pytest
import torch
from torchvision.transforms.v2 import functional as tv

from lib import augmentation

ADJUST = {
    "brightness": (augmentation.adjust_brightness, tv.adjust_brightness, (0.0, 0.5, 1.0, 1.7), 0),
    "contrast": (augmentation.adjust_contrast, tv.adjust_contrast, (0.0, 0.5, 1.0, 1.7), 1e-6),
    "saturation": (augmentation.adjust_saturation, tv.adjust_saturation, (0.0, 0.5, 2.0), 1e-6),
    "hue": (augmentation.adjust_hue, tv.adjust_hue, (-0.5, -0.2, 0.0, 0.1, 0.5), 1e-5),
}


@pytest.mark.parametrize("name", list(ADJUST))
@pytest.mark.parametrize("channels", [1, 3])
def test_colors_are_torchvisions(name, channels, pictures):
    ours, theirs, amounts, tolerance = ADJUST[name]
    images = pictures(len(amounts), channels=channels)
    images[0] = images[0, :1]  # gray pixels have no hue
    together = ours(images, torch.tensor(amounts))
    for n, amount in enumerate(amounts):
        expected = theirs(images[n], amount)
        assert (together[n] - expected).abs().max() <= tolerance


def test_brightness_and_contrast_of_two_pixels():
    pixels = torch.tensor([0.2, 0.6]).view(1, 1, 1, 2)
    brighter = augmentation.adjust_brightness(pixels, 1.5)
    torch.testing.assert_close(brighter.flatten(), torch.tensor([0.3, 0.9]))
    flatter = augmentation.adjust_contrast(pixels, 0.5)
    torch.testing.assert_close(flatter.flatten(), torch.tensor([0.3, 0.5]))
    assert augmentation.adjust_brightness(pixels, 5.0).max() == 1


def test_a_third_of_a_turn_makes_red_green_and_green_blue():
    red, green, blue = torch.eye(3).view(3, 1, 3, 1, 1).unbind(0)
    torch.testing.assert_close(augmentation.adjust_hue(red, 1 / 3), green, atol=1e-6, rtol=0)
    torch.testing.assert_close(augmentation.adjust_hue(green, 1 / 3), blue, atol=1e-6, rtol=0)
    torch.testing.assert_close(augmentation.adjust_hue(red, -1 / 3), blue, atol=1e-6, rtol=0)


def test_no_saturation_is_gray_as_the_eye_sees_it():
    green = torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1)
    assert augmentation.adjust_saturation(green, 0.0).flatten().tolist() == pytest.approx(
        [0.587] * 3
    )
    assert augmentation.gray(green).item() == pytest.approx(0.587)


def test_jitter_is_the_adjustments_in_their_order(pictures, seeded):
    images = pictures(5)
    options = {"brightness": 0.4, "contrast": 0.3, "saturation": 0.2, "hue": 0.1}
    jittered = augmentation.color_jitter(images, seeded(), **options)
    generator = seeded()
    for (name, amount), middle in zip(options.items(), (1, 1, 1, 0), strict=True):
        draws = middle - amount + 2 * amount * torch.rand(5, generator=generator)
        images = ADJUST[name][0](images, draws)
    torch.testing.assert_close(jittered, images)


def test_no_jitter_changes_nothing_and_draws_nothing(pictures, seeded):
    images, generator = pictures(2), seeded()
    before = generator.get_state()
    assert torch.equal(augmentation.color_jitter(images, generator), images)
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("options", [{"brightness": 1.5}, {"contrast": -0.1}, {"hue": 0.6}])
def test_jitter_refuses_amounts_outside(options, pictures, seeded):
    with pytest.raises(ValueError, match=r"amounts must lie in \[0, 1\], hue in \[0, 1/2\]"):
        augmentation.color_jitter(pictures(2), seeded(), **options)


def test_adjustments_refuse_what_has_no_meaning(pictures):
    with pytest.raises(ValueError, match=r"factor must be at least 0; got \[-1\.0"):
        augmentation.adjust_contrast(pictures(1), -1.0)
    with pytest.raises(ValueError, match=r"\[-1/2, 1/2\] turns; got \[0\.75"):
        augmentation.adjust_hue(pictures(1), 0.75)
    with pytest.raises(ValueError, match="1 or 3 channels; got 2"):
        augmentation.adjust_brightness(pictures(1, channels=2), 1.0)
