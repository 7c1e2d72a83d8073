import copy
import pickle

import pytest
import torch
from torch import nn

from lib import regularization
from lib.regularization import DropConnectLinear, Dropout, FractionalMaxPool2d, StochasticDepth


class Joined(nn.Module):
    """A residual block around stochastic depth, so that every layer here maps x to y."""

    def __init__(self, generator):
        super().__init__()
        self.join = StochasticDepth(0.5, generator)

    def forward(self, x):
        return self.join(x, 3 * x)


MAKE = {
    "dropout": lambda g: Dropout(0.5, g),
    "drop_connect": lambda g: DropConnectLinear(12, 5, 0.5, g),
    "pooling": lambda g: FractionalMaxPool2d(output_ratio=0.7, generator=g),
    "depth": Joined,
}
EVERY = pytest.mark.parametrize("name", list(MAKE))


@pytest.fixture
def images(seeded):
    return torch.randn(16, 2, 12, 12, generator=seeded(9))


@EVERY
def test_a_layer_is_random_in_training_and_fixed_at_test(name, images, seeded):
    layer = MAKE[name](seeded())
    assert not torch.equal(layer(images), layer(images))
    layer.eval()
    assert torch.equal(layer(images), layer(images))


@EVERY
@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))]
)
def test_a_copy_goes_on_with_the_same_numbers(name, duplicate, images, seeded):
    layer = MAKE[name](seeded())
    layer(images)
    twin = duplicate(layer)
    assert torch.equal(twin(images), layer(images))
    assert torch.equal(twin(images), layer(images))


def test_layers_that_share_a_generator_share_its_copy(seeded):
    g = seeded()
    for twin in (
        copy.deepcopy(nn.Sequential(Dropout(0.5, g), Dropout(0.5, g))),
        pickle.loads(pickle.dumps(nn.Sequential(Dropout(0.5, g), Dropout(0.5, g)))),
    ):
        assert twin[0].generator is twin[1].generator
        assert twin[0].generator is not g


@EVERY
def test_testing_draws_nothing(name, images, seeded):
    g = seeded()
    layer = MAKE[name](g).eval()
    state = g.get_state()
    layer(images)
    assert torch.equal(g.get_state(), state)


def test_at_test_layers_are_the_plain_ones(images, seeded):
    assert Dropout(0.5, seeded()).eval()(images) is images
    linear = DropConnectLinear(12, 5, 0.5, seeded()).eval()
    torch.testing.assert_close(
        linear(images), nn.functional.linear(images, linear.weight, linear.bias)
    )
    torch.testing.assert_close(
        StochasticDepth(0.3, seeded()).eval()(images, 3 * images), 4 * images
    )


def test_in_training_layers_are_the_functions(images, seeded):
    torch.testing.assert_close(
        Dropout(0.3, seeded())(images),
        regularization.dropout(images, p=0.3, generator=seeded()),
    )
    torch.testing.assert_close(
        FractionalMaxPool2d(output_size=8, generator=seeded())(images),
        regularization.fractional_max_pool2d(images, output_size=8, generator=seeded()),
    )
    torch.testing.assert_close(
        StochasticDepth(0.3, seeded())(images, images),
        regularization.stochastic_depth(images, images, survival=0.3, generator=seeded()),
    )
    g = seeded()
    layer = DropConnectLinear(12, 5, 0.3, g)
    state = g.get_state()
    y = layer(images)
    g.set_state(state)
    torch.testing.assert_close(
        y, regularization.drop_connect(images, layer.weight, layer.bias, p=0.3, generator=g)
    )


def test_the_windows_at_test_are_those_of_one_half(images, seeded):
    y = FractionalMaxPool2d(output_size=8, generator=seeded()).eval()(images)
    at = regularization.fractional_boundaries(12, 8, u=0.5)
    windows = images.unfold(2, 2, 1).unfold(3, 2, 1)[:, :, at][:, :, :, at]
    torch.testing.assert_close(y, windows.amax(dim=(-2, -1)))


@pytest.mark.parametrize(
    ("ratio", "side", "expected"), [(0.7, 16, 11), (0.5, 15, 8), (0.99, 8, 7), (0.7, 2, 1)]
)
def test_a_ratio_gives_the_nearest_size_that_pooling_allows(ratio, side, expected, seeded):
    layer = FractionalMaxPool2d(output_ratio=ratio, generator=seeded())
    assert layer(torch.ones(1, 1, side, side)).shape[2:] == (expected, expected)


def test_the_generator_is_no_part_of_the_state(seeded):
    assert list(DropConnectLinear(3, 2, 0.5, seeded()).state_dict()) == ["weight", "bias"]
    assert not Dropout(0.5, seeded()).state_dict()


def test_drop_connect_starts_at_hes_scale_without_bias(seeded):
    layer = DropConnectLinear(200, 500, 0.5, seeded())
    assert layer.weight.std().item() == pytest.approx((2 / 200) ** 0.5, rel=0.02)
    assert not layer.bias.any()
    assert DropConnectLinear(3, 2, 0.5, seeded(), bias=False).bias is None


def test_layers_show_their_settings(seeded):
    g = seeded()
    assert repr(Dropout(0.5, g)) == "Dropout(p=0.5)"
    assert "3, 2, p=0.1, bias=True" in repr(DropConnectLinear(3, 2, 0.1, g))
    assert "output_ratio=0.7" in repr(FractionalMaxPool2d(output_ratio=0.7, generator=g))
    assert "output_size=8" in repr(FractionalMaxPool2d(output_size=8, generator=g))
    assert "survival=0.8" in repr(StochasticDepth(0.8, g))


def test_wrong_settings_are_refused_when_the_layer_is_made(seeded):
    g = seeded()
    with pytest.raises(ValueError, match=r"in \[0, 1\); got 1"):
        Dropout(1, g)
    with pytest.raises(ValueError, match=r"in \[0, 1\); got -0.5"):
        DropConnectLinear(3, 2, -0.5, g)
    with pytest.raises(ValueError, match="at least 1; got 0 and 2"):
        DropConnectLinear(0, 2, 0.5, g)
    with pytest.raises(ValueError, match=r"in \(0, 1\]; got 0"):
        StochasticDepth(0, g)
    with pytest.raises(ValueError, match=r"in \[0.5, 1\); got 0.4"):
        FractionalMaxPool2d(output_ratio=0.4, generator=g)
    with pytest.raises(ValueError, match="one of them; got None and None"):
        FractionalMaxPool2d(generator=g)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@EVERY
def test_a_layer_moved_to_cuda_gives_the_same(name, images, seeded):
    here, there = MAKE[name](seeded()), MAKE[name](seeded()).cuda()
    y = there(images.cuda())
    assert y.is_cuda
    torch.testing.assert_close(y.cpu(), here(images), atol=1e-4, rtol=1e-4)
