import pytest
import torch

from lib.visualization import parametrizations as p


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images():
    return 0.05 + 0.9 * torch.rand(2, 3, 10, 7, generator=generator())


@pytest.mark.parametrize("make", [p.pixels, p.bounded_pixels, p.fourier])
def test_a_parametrization_starts_from_the_images_given(make, images):
    before = images.clone()
    torch.testing.assert_close(make(images).images(), images, atol=1e-5, rtol=0)
    assert torch.equal(images, before)


@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 3, 9, 7), (1, 1, 6, 11), (1, 4, 5, 5)])
@pytest.mark.parametrize("decay", [0.0, 1.0, 1.7])
def test_fourier_coefficients_go_there_and_back_at_any_size(shape, decay):
    images = 0.05 + 0.9 * torch.rand(shape, generator=generator())
    there = p.fourier(images, decay=decay).images()
    torch.testing.assert_close(there, images, atol=1e-4, rtol=0)


@pytest.mark.parametrize("make", [p.bounded_pixels, p.fourier])
def test_bounded_images_stay_in_bounds_whatever_the_numbers(make, images):
    parametrization = make(images)
    wild = parametrization.render(1e3 * torch.randn(parametrization.start.shape))
    assert wild.min() >= 0
    assert wild.max() <= 1


def test_black_and_white_have_finite_numbers():
    images = torch.tensor([0.0, 1.0]).repeat(6).view(1, 3, 2, 2)
    assert p.fourier(images).start.isfinite().all()
    torch.testing.assert_close(p.fourier(images).images(), images, atol=2 * p.EDGE, rtol=0)


def test_fourier_noise_is_smoother_than_noise():
    rough = p.fourier_noise(1, 3, 64, 64, std=1.0, decay=0.0, generator=generator()).images()
    smooth = p.fourier_noise(1, 3, 64, 64, std=1.0, decay=1.0, generator=generator()).images()

    def roughness(x):
        return x.diff(dim=-1).square().mean() / x.var()

    assert roughness(smooth) < roughness(rough) / 2


def test_noise_comes_from_the_generator():
    a, b = (p.fourier_noise(1, 3, 8, 8, generator=generator()).images() for _ in range(2))
    other = p.fourier_noise(1, 3, 8, 8, generator=generator(1)).images()
    assert torch.equal(a, b)
    assert not torch.equal(a, other)
    pixels = p.noise(4, 3, 50, 50, std=0.1, center=0.3, generator=generator())
    assert pixels.mean().item() == pytest.approx(0.3, abs=0.01)
    assert pixels.std().item() == pytest.approx(0.1, abs=0.01)


def test_colors_of_equal_numbers_vary_most_along_gray():
    matrix = p._color_matrix(torch.zeros(1))
    gray, second, third = matrix.norm(dim=0)
    assert gray == pytest.approx(1)
    assert gray > second > third
    assert matrix[:, 0].std() < 0.05


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: p.pixels(torch.zeros(3, 4, 4)), "batch, channels"),
        (lambda: p.bounded_pixels(torch.full((1, 3, 4, 4), 1.5)), "1.5"),
        (lambda: p.fourier(torch.full((1, 3, 4, 4), -0.1)), "-0.1"),
        (lambda: p.fourier(torch.full((1, 1, 4, 4), 0.5), decorrelate=True), "3 channels"),
        (lambda: p.fourier_noise(3, 4, 4, generator=generator()), "batch, channels"),
    ],
)
def test_what_is_no_image_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_moved_parametrization_gives_the_same_images_on_a_gpu():
    here = p.fourier_noise(1, 3, 16, 12, std=0.5, generator=generator())
    there = p.moved(here, "cuda")
    assert there.images().device.type == "cuda"
    torch.testing.assert_close(there.images().cpu(), here.images(), atol=1e-5, rtol=0)
