import pytest
import torch
from torch import nn

from lib.preprocessing import (
    Standardization,
    fit_channel_mean,
    fit_mean_image,
    fit_standardization,
)

FITS = [fit_mean_image, fit_channel_mean, fit_standardization]

# Two images of one channel and two pixels: values a person can average.
TWO = torch.tensor([0.0, 0.2, 0.4, 0.6]).view(2, 1, 1, 2)


def photos(n=40, size=6):
    g = torch.Generator().manual_seed(1)
    scale = torch.tensor([1.0, 0.6, 0.3]).view(3, 1, 1)
    return torch.rand(n, 3, size, size, generator=g) * scale


def test_the_mean_image_is_a_mean_for_each_pixel():
    layer = fit_mean_image(TWO)
    torch.testing.assert_close(layer.mean.flatten(), torch.tensor([0.2, 0.4]))
    torch.testing.assert_close(layer(TWO).flatten(), torch.tensor([-0.2, -0.2, 0.2, 0.2]))


def test_the_channel_mean_is_one_number_per_channel():
    layer = fit_channel_mean(TWO)
    torch.testing.assert_close(layer(TWO).flatten(), torch.tensor([-0.3, -0.1, 0.1, 0.3]))
    assert fit_channel_mean(photos()).mean.shape == (3, 1, 1)


def test_standardization_divides_by_the_root_mean_square_distance():
    layer = fit_standardization(TWO)  # variance (0.09 + 0.01 + 0.01 + 0.09) / 4 = 0.05
    assert layer.std.item() == pytest.approx(0.05**0.5)
    assert layer(TWO).flatten()[3].item() == pytest.approx(0.3 / 0.05**0.5)


def test_statistics_are_those_of_torch_in_float64():
    images = photos(1203)  # more than one chunk
    layer = fit_standardization(images)
    std, mean = torch.std_mean(images.double(), dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(layer.mean.flatten(), mean.float())
    torch.testing.assert_close(layer.std.flatten(), std.float())


def test_standardized_training_images_have_mean_0_and_std_1_in_every_channel():
    images = photos()
    std, mean = torch.std_mean(fit_standardization(images)(images), dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(mean, torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(std, torch.ones(3))


def test_images_in_float64_are_standardized_in_float64():
    images = photos().double()
    layer = fit_standardization(images)
    std, mean = torch.std_mean(layer(images), dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(mean, torch.zeros(3).double(), atol=1e-14, rtol=0)
    torch.testing.assert_close(std, torch.ones(3).double(), atol=1e-14, rtol=0)
    loaded = Standardization()
    loaded.load_state_dict(layer.state_dict())
    assert torch.equal(loaded(images), layer(images))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("fit", FITS)
def test_results_have_the_dtype_of_the_images(fit, dtype):
    images = photos().to(dtype)
    for layer in (fit(images), fit(photos().double())):
        assert layer(images).dtype == layer.inverse(layer(images)).dtype == dtype
        expected = layer(images.double())
        torch.testing.assert_close(layer(images).double(), expected, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("fit", FITS)
def test_the_inverse_gives_the_images_back(fit):
    images = photos()
    layer = fit(images)
    torch.testing.assert_close(layer.inverse(layer(images)), images)


@pytest.mark.parametrize("fit", FITS)
def test_test_images_do_not_move_the_statistics(fit):
    train, test = photos().split(20)
    layer = fit(train)
    before = layer.mean.clone()
    layer(test)
    assert torch.equal(layer.mean, before)
    torch.testing.assert_close(layer(test[:3]), layer(test)[:3])


@pytest.mark.parametrize("fit", FITS)
def test_images_are_left_alone(fit):
    images = photos()
    fit(images)(images)
    assert torch.equal(images, photos())


@pytest.mark.parametrize("fit", FITS)
def test_statistics_travel_with_the_models_state(fit, tmp_path):
    images = photos()
    torch.manual_seed(0)
    model = nn.Sequential(fit(images), nn.Flatten(), nn.Linear(108, 2))
    torch.save(model.state_dict(), tmp_path / "model.pt")
    loaded = nn.Sequential(Standardization(), nn.Flatten(), nn.Linear(108, 2))
    loaded.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert torch.equal(loaded(images), model(images))
    with pytest.raises(ValueError, match="from 0 to 1; got values"):  # it still knows its range
        loaded(255 * images / images.max())


def test_statistics_are_no_parameters():
    assert not list(fit_standardization(photos()).parameters())


def test_statistics_move_with_the_layer():
    layer = fit_standardization(photos()).double()
    assert layer.mean.dtype == torch.float64
    assert layer(photos().double()).dtype == torch.float64


def test_an_empty_layer_says_how_to_fill_it():
    with pytest.raises(RuntimeError, match="Standardization holds no statistics"):
        Standardization()(photos())


def test_per_channel_statistics_serve_images_of_every_size():
    assert fit_standardization(photos(size=6))(photos(size=9)).shape == (40, 3, 9, 9)


@pytest.mark.parametrize(
    ("fit", "images", "message"),
    [
        (fit_mean_image, torch.rand(2, 3, 5, 6), r"\(batch, 3, 6, 6\).*\(2, 3, 5, 6\)"),
        (fit_channel_mean, torch.rand(2, 1, 6, 6), r"\(batch, 3, any, any\).*\(2, 1, 6, 6\)"),
        (fit_standardization, torch.rand(3, 6, 6), r"\(batch, 3, any, any\).*\(3, 6, 6\)"),
        (fit_standardization, torch.full((1, 3, 6, 6), 255.0), "from 0 to 1; got .* 255 to 255"),
        (fit_standardization, torch.full((1, 3, 6, 6), -2.0), "from 0 to 1; got .* -2 to -2"),
        (fit_standardization, torch.full((1, 3, 6, 6), torch.nan), "from 0 to 1; got .* nan"),
    ],
)
def test_images_of_another_shape_or_range_are_refused_with_both_named(fit, images, message):
    with pytest.raises(ValueError, match=message):
        fit(photos())(images)


def test_whole_numbers_are_refused_with_the_range_expected():
    with pytest.raises(TypeError, match=r"from 0 to 1; got torch\.uint8"):
        fit_standardization(photos())(torch.zeros(1, 3, 6, 6, dtype=torch.uint8))


def test_pixels_from_0_to_1_are_refused_where_0_to_255_was_fitted():
    layer = fit_standardization(255 * photos(), value_range=(0, 255))
    with pytest.raises(ValueError, match=r"from 0 to 255; got values .* to 0\.99"):
        layer(photos())
    layer(torch.zeros(1, 3, 6, 6))  # a black picture is one on either scale


@pytest.mark.parametrize("scale", [1, 255])
def test_noise_overshoot_and_dark_images_are_no_other_range(scale):
    layer = fit_standardization(scale * photos(), value_range=(0, scale))
    noise = torch.randn(40, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    few = torch.zeros(1, 3, 6, 6)
    few[..., 0, 0] = 1  # almost black, if pixels are from 0 to 255
    nearly_alike = scale * (0.5 + 0.001 * photos())
    for images in (scale * (photos() + 0.15 * noise), few, 1 - few, nearly_alike):
        assert layer(images).shape == images.shape


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_another_range_is_refused_in_every_dtype(dtype):
    layer = fit_standardization(photos())
    for other in (255 * photos(), 4 * photos() - 2, photos() / 0):
        with pytest.raises(ValueError, match="from 0 to 1; got values"):
            layer(other.to(dtype))


def test_training_images_may_overshoot_a_little():
    fit_standardization(1.1 * photos() - 0.05)
    with pytest.raises(ValueError, match="from 0 to 1; got values"):
        fit_standardization(1.3 * photos())


def test_an_empty_batch_stays_empty():
    assert fit_standardization(photos())(torch.empty(0, 3, 6, 6)).shape == (0, 3, 6, 6)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (torch.empty(0, 3, 6, 6), ValueError, r"no images.*\(0, 3, 6, 6\)"),
        (255 * photos(), ValueError, "from 0 to 1; got values"),
        (photos()[0], ValueError, r"got shape \(3, 6, 6\)"),
        (torch.zeros(2, 3, 6, 6, dtype=torch.uint8), TypeError, "uint8"),
    ],
)
def test_what_cannot_be_fitted_on_is_refused(fit, images, error, message):
    with pytest.raises(error, match=message):
        fit(images)


def test_a_channel_that_never_varies_cannot_be_standardized():
    images = photos()
    images[:, 1] = 0.5
    with pytest.raises(ValueError, match=r"channels \[1\] never vary"):
        fit_standardization(images)


@pytest.mark.parametrize(
    ("mean", "std"),
    [(torch.zeros(3), torch.ones(3)), (torch.zeros(3, 1, 1), torch.zeros(3, 1, 1))],
)
def test_statistics_of_another_form_are_refused(mean, std):
    with pytest.raises(ValueError, match="one shape"):
        Standardization(mean, std)


def test_a_range_upside_down_is_refused():
    with pytest.raises(ValueError, match=r"\(lowest, highest\); got \(1, 0\)"):
        Standardization(torch.zeros(3, 1, 1), torch.ones(3, 1, 1), value_range=(1, 0))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("fit", FITS)
def test_cuda_gives_the_same(fit):
    images = photos()
    layer = fit(images.cuda())
    assert layer.mean.is_cuda
    torch.testing.assert_close(layer(images.cuda()).cpu(), fit(images)(images))
