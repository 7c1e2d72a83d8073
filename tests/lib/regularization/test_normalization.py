import pytest
import torch
from torch.nn import functional

from lib import regularization


@pytest.fixture
def batch(seeded):
    g = seeded()
    x = 3 + 2 * torch.randn(5, 4, 6, 7, generator=g)
    return x, torch.rand(4, generator=g) + 0.5, torch.randn(4, generator=g)


def test_two_pixels_are_the_ones_a_person_computes():
    x = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1)  # mean 2, variance 1
    y, mean, var = regularization.batch_norm(x, torch.tensor([10.0]), torch.ones(1), epsilon=0)
    assert (mean.item(), var.item()) == (2, 1)
    assert y.flatten().tolist() == [-9, 11]


def test_training_gives_what_torch_gives(batch):
    x, gamma, beta = batch
    y, _, _ = regularization.batch_norm(x, gamma, beta)
    expected = functional.batch_norm(x, None, None, gamma, beta, training=True)
    torch.testing.assert_close(y, expected, atol=1e-5, rtol=1e-5)


def test_inference_gives_what_torch_gives(batch):
    x, gamma, beta = batch
    mean, var = torch.arange(4.0), torch.arange(1.0, 5.0)
    y = regularization.batch_norm_inference(x, gamma, beta, mean, var)
    expected = functional.batch_norm(x, mean, var, gamma, beta, training=False)
    torch.testing.assert_close(y, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("center", [0, 1e3, -1e3, 1e4])
def test_a_small_spread_around_a_large_mean_is_not_lost(center, seeded):
    x = (center + 1e-2 * torch.randn(16, 3, 8, 8, generator=seeded(), dtype=torch.float64)).float()
    gamma, beta = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([-1.0, 0.0, 1.0])
    y, mean, var = regularization.batch_norm(x, gamma, beta)
    wide = [values.double() for values in (x, gamma, beta)]
    expected = functional.batch_norm(wide[0], None, None, *wide[1:], training=True)
    torch.testing.assert_close(y, expected.float(), atol=1e-5, rtol=0)
    torch.testing.assert_close(var, wide[0].var(dim=(0, 2, 3), correction=0).float())
    torch.testing.assert_close(mean, wide[0].mean(dim=(0, 2, 3)).float())
    fixed = regularization.batch_norm_inference(x, gamma, beta, mean, var)
    statistics = mean.double(), var.double()
    expected = functional.batch_norm(wide[0], *statistics, *wide[1:], training=False)
    torch.testing.assert_close(fixed, expected.float(), atol=1e-5, rtol=0)


def test_outputs_have_mean_beta_and_std_gamma(batch):
    x, gamma, beta = batch
    y, _, _ = regularization.batch_norm(x, gamma, beta)
    torch.testing.assert_close(y.mean(dim=(0, 2, 3)), beta, atol=1e-5, rtol=0)
    torch.testing.assert_close(y.std(dim=(0, 2, 3), correction=0), gamma, atol=1e-4, rtol=0)


def test_an_image_depends_on_its_batch_in_training_and_not_at_test(batch):
    x, gamma, beta = batch
    y, mean, var = regularization.batch_norm(x, gamma, beta)
    alone, _, _ = regularization.batch_norm(x[:1], gamma, beta)
    assert not torch.allclose(y[:1], alone, atol=1e-2)
    fixed = regularization.batch_norm_inference(x[:1], gamma, beta, mean, var)
    torch.testing.assert_close(fixed, y[:1], atol=1e-5, rtol=1e-5)


def test_gradients_are_those_of_torch(batch):
    wanted = torch.linspace(-1, 1, batch[0].numel()).view_as(batch[0])
    slopes = []
    for function in (
        lambda *a: regularization.batch_norm(*a)[0],
        lambda x, g, b: functional.batch_norm(x, None, None, g, b, training=True),
    ):
        arguments = [a.double().requires_grad_() for a in batch]
        slopes.append(torch.autograd.grad((function(*arguments) * wanted).sum(), arguments))
    torch.testing.assert_close(*slopes)


def test_the_input_is_left_alone(batch):
    before = [a.clone() for a in batch]
    regularization.batch_norm(*batch)
    assert all(torch.equal(a, b) for a, b in zip(batch, before, strict=True))


def test_shapes_that_do_not_fit_are_refused(batch):
    x, gamma, beta = batch
    with pytest.raises(ValueError, match=r"x must be \(batch, channels.*got shape \(5, 4\)"):
        regularization.batch_norm(x[:, :, 0, 0], gamma, beta)
    with pytest.raises(ValueError, match=r"gamma must be \(4,\); got \(3,\)"):
        regularization.batch_norm(x, gamma[:3], beta)
    with pytest.raises(ValueError, match=r"var must be \(4,\); got \(1,\)"):
        regularization.batch_norm_inference(x, gamma, beta, beta, beta[:1])


def test_a_batch_without_spread_is_refused():
    with pytest.raises(ValueError, match=r"at least 2 values per channel; got shape \(1, 3, 1, 1"):
        regularization.batch_norm(torch.ones(1, 3, 1, 1), torch.ones(3), torch.ones(3))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same(batch):
    on_cuda = regularization.batch_norm(*(a.cuda() for a in batch))
    for there, here in zip(on_cuda, regularization.batch_norm(*batch), strict=True):
        torch.testing.assert_close(there.cpu(), here, atol=1e-4, rtol=1e-4)
