import math

import pytest
import torch
from torch import nn

from lib.models import INITIALIZATIONS, MLP, init_std, stack


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_an_mlp_computes_what_torch_layers_with_its_weights_compute():
    net = MLP(5, [4, 3], 2, activation="tanh", generator=generator())
    with torch.no_grad():
        for bias in net.biases:
            bias.normal_(generator=generator(1))
    layers = []
    for W, b in zip(net.weights, net.biases, strict=True):
        linear = nn.Linear(*W.shape)
        linear.weight, linear.bias = nn.Parameter(W.T.clone()), nn.Parameter(b[0].clone())
        layers += [linear, nn.Tanh()]
    peer = nn.Sequential(*layers[:-1])
    x = torch.randn(7, 5)
    torch.testing.assert_close(net(x), peer(x))
    net(x).sum().backward()
    peer(x).sum().backward()
    torch.testing.assert_close(net.weights[0].grad, peer[0].weight.grad.T)


def test_a_two_layer_network_by_hand():
    net = MLP(2, [2], 1, generator=generator())
    with torch.no_grad():
        net.weights[0].copy_(torch.tensor([[1.0, -1.0], [0.0, 2.0]]))
        net.weights[1].copy_(torch.tensor([[3.0], [1.0]]))
    # z = (1, -1 + 2·1) = (1, 1); ReLU keeps both; 3 + 1 = 4
    assert net(torch.tensor([[1.0, 1.0]])).item() == 4
    # z = (-1, 1): the first unit is off
    assert net(torch.tensor([[-1.0, 0.0]])).item() == 1


def test_no_hidden_layer_is_a_linear_classifier():
    net = MLP(3, [], 2, generator=generator())
    x = torch.randn(4, 3)
    torch.testing.assert_close(net(x), x @ net.weights[0])


@pytest.mark.parametrize("batch", [0, 1, 5])
def test_trace_returns_every_layer(batch):
    net = MLP(6, [5, 4], 3, activation="maxout", generator=generator())
    trace = net.trace(torch.randn(batch, 6))
    assert trace.logits.shape == (batch, 3)
    assert [tuple(z.shape) for z in trace.pre] == [(batch, 10), (batch, 8)]
    assert [tuple(h.shape) for h in trace.post] == [(batch, 5), (batch, 4)]


@pytest.mark.parametrize("init", list(INITIALIZATIONS))
def test_weights_have_the_standard_deviation_of_their_initialization(init):
    net = MLP(400, [300], 10, init=init, generator=generator())
    assert net.weights[0].std().item() == pytest.approx(init_std(init, 400, 300), rel=0.02)
    assert all((bias == 0).all() for bias in net.biases)


def test_the_formulas_of_the_initializations():
    assert init_std("small", 50, 20) == 0.01
    assert init_std("glorot", 50, 50) == pytest.approx(1 / math.sqrt(50))
    assert init_std("lecun", 25, 999) == pytest.approx(0.2)
    assert init_std("he", 50, 999) == pytest.approx(0.2)


def test_the_same_generator_state_gives_the_same_weights():
    first, second, other = (MLP(3, [4], 2, generator=generator(s)) for s in (0, 0, 1))
    assert torch.equal(first.weights[0], second.weights[0])
    assert not torch.equal(first.weights[0], other.weights[0])


@pytest.mark.parametrize("activation", ["relu", "maxout"])
def test_a_stack_computes_what_each_of_its_models_computes(activation):
    nets = [MLP(6, [5, 4], 3, activation=activation, generator=generator(s)) for s in range(4)]
    stacked = stack(nets)
    x = torch.randn(7, 6)
    together = stacked(x)
    assert together.shape == (4, 7, 3)
    own = torch.randn(4, 7, 6)
    for i, net in enumerate(nets):
        torch.testing.assert_close(together[i], net(x))
        torch.testing.assert_close(stacked(own)[i], net(own[i]))


def test_a_stack_has_parameters_of_its_own():
    net = MLP(3, [4], 2, generator=generator())
    stacked = stack([net, net])
    with torch.no_grad():
        stacked.weights[0].zero_()
    assert net.weights[0].abs().sum() > 0
    assert {name for name, _ in stacked.named_parameters()} == {
        name for name, _ in net.named_parameters()
    }


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MLP(0, [3], 2, generator=generator()), r"at least 1 unit; got \[0, 3, 2\]"),
        (lambda: MLP(3, [3], 2, init="zeros", generator=generator()), "small, glorot.*'zeros'"),
        (lambda: MLP(3, [3], 2, activation="sine", generator=generator()), "got 'sine'"),
        (lambda: stack([]), "at least one model; got none"),
        (
            lambda: stack([MLP(3, [w], 2, generator=generator()) for w in (3, 4)]),
            "models of one shape and activation",
        ),
    ],
)
def test_bad_networks_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("shape", [(4,), (2, 5)])
def test_inputs_of_another_shape_are_refused(shape):
    net = MLP(4, [3], 2, generator=generator())
    with pytest.raises(ValueError, match=r"expected x of shape \(batch, 4\); got"):
        net(torch.zeros(shape))


def test_inputs_of_another_dtype_are_refused():
    net = MLP(4, [3], 2, generator=generator())
    with pytest.raises(RuntimeError, match="dtype"):
        net(torch.zeros(2, 4, dtype=torch.float64))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_gives_the_same():
    net = MLP(6, [5, 4], 3, generator=generator())
    x = torch.randn(7, 6)
    expected = net(x)
    torch.testing.assert_close(net.cuda()(x.cuda()).cpu(), expected, atol=1e-4, rtol=1e-4)
