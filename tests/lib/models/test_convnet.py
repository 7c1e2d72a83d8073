import copy

import pytest
import torch

from lib.models import ConvNet

REGULARIZED = {
    "batch_norm": {"batch_norm": True},
    "dropout": {"dropout": 0.5},
    "drop_connect": {"drop_connect": 0.5},
    "survival": {"survival": 0.5},
    "pool_ratio": {"pool_ratio": 0.7},
}


def make(seed=0, **options):
    return ConvNet(3, 10, generator=torch.Generator().manual_seed(seed), **options)


def awake(**options):
    """A network without the zeros it starts with, as after some updates."""
    net = make(**options)
    g = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=g))
    return net


def images(count=4, size=32):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))


def test_the_shapes_are_those_the_docstring_gives():
    net = make(width=4, blocks=1, hidden=20)
    assert net(images()).shape == (4, 10)
    assert net.features(images()).shape == (4, 20)
    assert net(images(2, 48)).shape == (2, 10)


def test_weights_have_the_scale_of_he_and_biases_are_zero():
    net = make(width=32)
    assert net.widen.weight.std().item() == pytest.approx((2 / (9 * 32)) ** 0.5, rel=0.05)
    assert net.hidden.bias.abs().max() == 0


def test_the_first_loss_is_that_of_guessing_and_blocks_start_as_the_identity():
    for options in ({}, {"batch_norm": True}):
        net = make(**options)
        assert net(images()).abs().max() == 0
        assert net.branches[0](torch.rand(2, 16, 8, 8)).abs().max() == 0


def test_the_generator_alone_decides_the_weights():
    state = torch.random.get_rng_state()
    one, same, other = make(0), make(0), make(1)
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(one.hidden.weight, same.hidden.weight)
    assert not torch.equal(one.hidden.weight, other.hidden.weight)


@pytest.mark.parametrize("options", REGULARIZED.values(), ids=REGULARIZED)
def test_a_regularizer_leaves_the_drawn_weights_as_they_are(options):
    def weights(net):
        layers = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
        return [layer.weight for layer in layers[:3]] + [net.hidden.weight]

    for plain, regularized in zip(weights(make()), weights(make(**options)), strict=True):
        assert torch.equal(plain, regularized)


@pytest.mark.parametrize("options", REGULARIZED.values(), ids=REGULARIZED)
def test_training_is_random_and_evaluation_is_not(options):
    net, x = awake(**options), images()
    net.eval()
    assert torch.equal(net(x), net(x))
    assert not torch.equal(net.train()(x), net.eval()(x))


def test_at_rest_dropout_and_stochastic_depth_change_nothing():
    x = images()
    plain = awake().eval()(x)
    for options in ({"dropout": 0.5}, {"drop_connect": 0.5}, {"survival": 0.5}):
        torch.testing.assert_close(awake(**options).eval()(x), plain)


@pytest.mark.parametrize("options", REGULARIZED.values(), ids=REGULARIZED)
def test_a_copy_draws_the_same_noise(options):
    net = awake(**options)
    twin = copy.deepcopy(net)
    assert torch.equal(net(images()), twin(images()))


def test_every_parameter_gets_a_gradient():
    net = awake(batch_norm=True, dropout=0.2, survival=0.9, pool_ratio=0.7)
    net(images(16)).logsumexp(dim=1).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match=r"sizes must be at least 1.*'width': 0"):
        make(width=0)
    with pytest.raises(ValueError, match=r"16 pixels or more; got \(4, 3, 8, 8\)"):
        make()(images(size=8))
    with pytest.raises(ValueError, match=r"output_ratio must be in .*got 0.0"):
        make(pool_ratio=0.0)
    with pytest.raises(ValueError, match=r"expected images \(batch, 3, .*got \(4, 1, 32, 32\)"):
        make()(torch.rand(4, 1, 32, 32))
