import pytest
import torch
from torch import nn
from torch.nn import functional

from lib import activations
from lib.activations import ACTIVATIONS

X = torch.linspace(-6, 6, 121, dtype=torch.float64)
TORCH = {
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(0.1),
    "elu": nn.ELU(),
    "selu": nn.SELU(),
}
ELEMENTWISE = list(TORCH)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_are_those_of_torch(name):
    torch.testing.assert_close(ACTIVATIONS[name].function(X), TORCH[name](X))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivatives_are_those_of_autograd(name):
    x = X.clone().requires_grad_()
    (slope,) = torch.autograd.grad(TORCH[name](x).sum(), x)
    # At SELU's kink torch takes the left slope, we the right one.
    away = (X.abs() > 1e-9) | torch.tensor(name != "selu")
    torch.testing.assert_close(ACTIVATIONS[name].derivative(X)[away], slope[away])


@pytest.mark.parametrize(
    ("name", "x", "value", "slope"),
    [
        ("sigmoid", 0.0, 0.5, 0.25),
        ("tanh", 0.0, 0.0, 1.0),
        ("relu", -2.0, 0.0, 0.0),
        ("relu", 0.0, 0.0, 0.0),
        ("leaky_relu", -2.0, -0.2, 0.1),
        ("elu", -1.0, -0.6321205588, 0.3678794412),
        ("selu", 1.0, 1.0507009874, 1.0507009874),
    ],
)
def test_values_a_person_can_compute(name, x, value, slope):
    at = torch.tensor([x], dtype=torch.float64)
    assert ACTIVATIONS[name].function(at).item() == pytest.approx(value, abs=1e-9)
    assert ACTIVATIONS[name].derivative(at).item() == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("shape", [(0,), (1,), (2, 0, 3), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_and_dtype_are_kept_and_the_input_is_left_alone(name, shape, dtype):
    x = torch.randn(shape, dtype=dtype)
    before = x.clone()
    for function in (ACTIVATIONS[name].function, ACTIVATIONS[name].derivative):
        y = function(x)
        assert y.shape == x.shape
        assert y.dtype == dtype
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_huge_inputs_stay_finite(name):
    x = torch.tensor([-1e4, 1e4])
    assert ACTIVATIONS[name].function(x).isfinite().all()
    assert ACTIVATIONS[name].derivative(x).isfinite().all()


def test_slope_and_alpha_are_options():
    x = torch.tensor([-2.0])
    assert activations.leaky_relu(x, slope=0.01).item() == pytest.approx(-0.02)
    assert activations.leaky_relu_derivative(x, slope=0.01).item() == pytest.approx(0.01)
    torch.testing.assert_close(activations.elu(x, alpha=2.0), functional.elu(x, alpha=2.0))
    assert activations.elu_derivative(x, alpha=2.0).item() == pytest.approx(2 * 0.1353353)


def test_selu_keeps_mean_0_and_variance_1():
    z = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))
    y = activations.selu(z)
    assert y.mean().abs() < 0.005
    assert y.var().item() == pytest.approx(1, abs=0.01)


def test_maxout_takes_the_larger_piece_of_each_unit():
    z = torch.tensor([[1.0, -1.0, 0.0, 5.0]])  # units (1, -1), second pieces (0, 5)
    assert activations.maxout(z).tolist() == [[1.0, 5.0]]
    assert activations.maxout(z, pieces=4).tolist() == [[5.0]]
    assert activations.maxout(torch.empty(0, 4)).shape == (0, 2)
    assert activations.maxout_derivative(z).tolist() == [[1.0, 1.0]]


def test_maxout_sends_the_gradient_to_the_winning_piece():
    z = torch.tensor([[1.0, -1.0, 0.0, 5.0]], requires_grad=True)
    activations.maxout(z).sum().backward()
    assert z.grad.tolist() == [[1.0, 0.0, 0.0, 1.0]]


def test_maxout_refuses_units_that_do_not_divide():
    with pytest.raises(ValueError, match=r"multiple of pieces=2; got shape \(1, 3\)"):
        activations.maxout(torch.zeros(1, 3))


def test_an_unknown_activation_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"sigmoid, tanh, relu.*got 'softsign'"):
        activations.get_activation("softsign")


def test_dead_means_silent_on_every_example():
    pre = torch.tensor([[-1.0, 2.0, -3.0, 0.5], [-2.0, -1.0, -0.1, 0.3]])
    assert activations.dead_fraction(pre, ACTIVATIONS["relu"]) == 0.5
    assert activations.dead_fraction(pre, ACTIVATIONS["leaky_relu"]) == 0
    assert activations.dead_fraction(20 * pre.abs() + 20, ACTIVATIONS["sigmoid"]) == 1


def test_dead_fraction_is_one_number_per_copy():
    pre = torch.stack([-torch.ones(5, 4), torch.ones(5, 4)])
    assert activations.dead_fraction(pre, ACTIVATIONS["relu"]).tolist() == [1.0, 0.0]
    maxout = activations.dead_fraction(pre, ACTIVATIONS["maxout"])
    assert maxout.tolist() == [0.0, 0.0]


def test_dead_fraction_needs_examples():
    with pytest.raises(ValueError, match=r"got \(0, 4\)"):
        activations.dead_fraction(torch.empty(0, 4), ACTIVATIONS["relu"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_cuda_gives_the_same(name):
    x = torch.randn(64, 8)
    for function in (ACTIVATIONS[name].function, ACTIVATIONS[name].derivative):
        torch.testing.assert_close(function(x.cuda()).cpu(), function(x))
