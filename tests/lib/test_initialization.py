import copy

import pytest
import torch
from torch import nn

from lib.initialization import initialize_, initialize_uniform_


def network():
    return nn.Sequential(
        nn.Conv2d(3, 64, 5), nn.BatchNorm2d(64), nn.ReLU(), nn.Flatten(), nn.Linear(512, 200)
    )


@pytest.mark.parametrize(
    ("init", "convolution", "linear"),
    [
        ("he", (2 / 75) ** 0.5, (2 / 512) ** 0.5),
        ("glorot", (2 / (75 + 64 * 25)) ** 0.5, (2 / 712) ** 0.5),
        ("small", 0.01, 0.01),
    ],
)
def test_weights_have_the_scale_that_was_asked_for(init, convolution, linear):
    model = initialize_(network(), torch.Generator().manual_seed(0), init=init)
    assert float(model[0].weight.detach().std()) == pytest.approx(convolution, rel=0.05)
    assert float(model[-1].weight.detach().std()) == pytest.approx(linear, rel=0.05)
    assert not model[0].bias.any()
    assert not model[-1].bias.any()


def test_one_seed_gives_one_network():
    first, second = (
        initialize_(network(), torch.Generator().manual_seed(3)).state_dict() for _ in range(2)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_other_layers_stay_as_they_are():
    model = network()
    model[1].weight.data.fill_(2)
    assert (initialize_(model, torch.Generator())[1].weight == 2).all()


def test_a_layer_without_bias_can_be_drawn():
    model = nn.Linear(3, 4, bias=False)
    assert initialize_(model, torch.Generator()) is model


def test_an_unknown_initialization_is_named():
    with pytest.raises(ValueError, match="init must be one of"):
        initialize_(network(), torch.Generator(), init="magic")


def test_first_weights_have_the_scale_torch_gives_them():
    layer = nn.Sequential(nn.Linear(400, 300), nn.Embedding(50, 400))
    own = copy.deepcopy(layer)
    initialize_uniform_(own, torch.Generator().manual_seed(0))
    for ours, theirs in zip((own[0].weight, own[1].weight), (layer[0].weight, layer[1].weight),
                            strict=True):  # fmt: skip
        assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.03)
    assert bool((own[0].bias == 0).all())
