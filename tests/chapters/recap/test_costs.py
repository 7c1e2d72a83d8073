import pytest
import torch
import torchvision
from torch import nn

from chapters.recap.costs import NO_MAP, LayerCost, architecture, layer_costs, stage_costs

NETWORKS = ("alexnet", "vgg16", "resnet18", "resnet50", "densenet121", "mobilenet_v2")


def small():
    return nn.Sequential(
        nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(6 * 14 * 14, 10)
    )


def test_a_small_network_costs_what_a_person_counts():
    assert layer_costs(small(), (3, 32, 32)) == [
        LayerCost("0", "Conv2d", (6, 28, 28), 6 * 75 + 6, 28 * 28 * 6 * 75),
        LayerCost("4", "Linear", (10,), 11_770, 11_760),
    ]


@pytest.mark.parametrize("name", NETWORKS)
def test_known_networks_cost_what_torchvision_says(name):
    meta = next(iter(torchvision.models.get_model_weights(name))).meta
    costs = layer_costs(architecture(name), (3, 224, 224))
    assert sum(cost.weights for cost in costs) == meta["num_params"]
    counted = sum(cost.multiplications for cost in costs) / 1e9
    assert counted == pytest.approx(meta["_ops"], abs=0.001)


def test_groups_share_the_work():
    one, four = (layer_costs(nn.Conv2d(8, 8, 3, groups=g), (8, 9, 9))[0] for g in (1, 4))
    assert one.multiplications == 4 * four.multiplications


def test_a_layer_that_runs_twice_works_twice_and_weighs_once():
    shared = nn.Conv2d(4, 4, 3, padding=1)
    first, second = layer_costs(nn.Sequential(shared, nn.ReLU(), shared), (4, 5, 5))
    assert first.multiplications == second.multiplications
    assert (first.weights, second.weights) == (4 * 36 + 4, 0)


def test_the_network_is_left_alone():
    model = small().train()
    before = [p.clone() for p in model.parameters()]
    layer_costs(model, (3, 32, 32))
    assert model.training
    assert not any(m._forward_hooks for m in model.modules())
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_stages_add_up_to_the_network():
    costs = layer_costs(architecture("resnet18"), (3, 224, 224))
    stages = stage_costs(costs)
    assert [stage.size for stage in stages] == [(s, s) for s in (112, 56, 28, 14, 7)] + [NO_MAP]
    for name in ("weights", "multiplications"):
        assert sum(getattr(s, name) for s in stages) == sum(getattr(c, name) for c in costs)
    assert sum(stage.layers for stage in stages) == 18 + 3  # three shortcuts are convolutions


def test_maps_of_one_pixel_count_as_fully_connected():
    model = nn.Sequential(nn.Conv2d(3, 4, 5), nn.Conv2d(4, 2, 28))
    assert [stage.size for stage in stage_costs(layer_costs(model, (3, 32, 32)))] == [
        (28, 28),
        NO_MAP,
    ]


@pytest.mark.parametrize("size", [(32, 32), (3, 0, 32), (1, 3, 32, 32)])
def test_an_image_size_has_three_numbers(size):
    with pytest.raises(ValueError, match=r"expected \(channels, height, width\)"):
        layer_costs(small(), size)


def test_layers_that_never_ran_are_named():
    model = small()
    model[1].unused = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"did not run: 1\.unused"):
        layer_costs(model, (3, 32, 32))


def test_an_unknown_architecture_is_named():
    with pytest.raises(ValueError, match="such as 'resnet18'; got 'resnet19'"):
        architecture("resnet19")


def test_an_architecture_holds_no_numbers():
    assert all(p.is_meta for p in architecture("efficientnet_lite0").parameters())
