import math
import re

import pytest
import timm
import torch
import torchvision
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from chapters.recap.costs import NO_MAP, LayerCost, architecture, layer_costs, stage_costs

NETWORKS = ("alexnet", "vgg16", "resnet18", "resnet50", "densenet121", "mobilenet_v2", "vit_b_16")
DAILY = ("regnety_002", "vit_tiny_patch16_224", "mobilenetv4_conv_small", "pit_ti_224")
NIGHTLY = (
    "beit_base_patch16_224", "cait_xxs24_224", "convit_tiny", "convnext_atto",
    "crossvit_tiny_240", "davit_tiny", "dla34", "eca_halonext26ts", "edgenext_xx_small",
    "efficientformer_l1", "eva02_tiny_patch14_224", "fastvit_t8", "focalnet_tiny_srf",
    "gcvit_xxtiny", "ghostnet_100", "gmlp_s16_224", "hiera_tiny_224", "hrnet_w18_small",
    "levit_128s", "maxvit_rmlp_nano_rw_256", "mixer_s32_224", "mobilevit_xxs", "nest_tiny",
    "regnetx_002", "rdnet_tiny", "skresnet18", "swinv2_tiny_window8_256", "tinynet_e",
    "twins_svt_small", "volo_d1_224", "xcit_nano_12_p16_224",
)  # fmt: skip


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


@pytest.mark.parametrize(
    "name", [*DAILY, *(pytest.param(name, marks=pytest.mark.nightly) for name in NIGHTLY)]
)
def test_networks_of_timm_cost_half_the_operations_that_torch_counts_on_a_cpu(name):
    """Torch counts a multiplication and an addition for each product."""
    size = timm.get_pretrained_cfg(name).input_size
    costs = layer_costs(architecture(name), size)
    model = timm.create_model(name).eval().requires_grad_(False)
    # The CPU's fused attention is not counted.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, *size))
    assert 2 * sum(cost.multiplications for cost in costs) == counter.get_total_flops()
    assert sum(cost.weights for cost in costs) == sum(p.numel() for p in model.parameters())


class On(nn.Module):
    """A layer on a picture of another shape."""

    def __init__(self, layer, shape):
        super().__init__()
        self.layer, self.shape = layer, shape

    def forward(self, x):
        return self.layer(x.reshape(-1, *self.shape))


CONVOLUTIONS = {1: (nn.Conv1d, nn.ConvTranspose1d), 2: (nn.Conv2d, nn.ConvTranspose2d),
                3: (nn.Conv3d, nn.ConvTranspose3d)}  # fmt: skip


@pytest.mark.parametrize("dimensions", CONVOLUTIONS)
@pytest.mark.parametrize("options", [{}, {"stride": 2, "groups": 2}, {"padding": 1, "dilation": 2}])
def test_convolutions_cost_what_their_formula_says(dimensions, options):
    forward, transposed = (kind(4, 6, 3, **options) for kind in CONVOLUTIONS[dimensions])
    shape = (4, *(8, 9, 10)[:dimensions])
    for layer in (forward, transposed):
        (cost,) = layer_costs(On(layer, shape), (1, 1, math.prod(shape)))
        places = shape if layer is transposed else cost.shape  # each has a filter's products
        products = math.prod(places[1:]) * 3**dimensions * 4 * 6 // layer.groups
        assert cost.multiplications == products
        assert cost.weights == sum(p.numel() for p in layer.parameters())


@pytest.mark.parametrize("shape", [(12,), (5, 12), (2, 3, 12), (2, 2, 2, 12)])
def test_a_fully_connected_layer_costs_its_matrix_at_each_place(shape):
    (cost,) = layer_costs(On(nn.Linear(12, 7), shape), (1, 1, math.prod(shape)))
    assert cost.multiplications == math.prod(shape) * 7
    assert (cost.shape, cost.weights) == ((*shape[:-1], 7), 12 * 7 + 7)


@pytest.mark.parametrize("need_weights", [True, False])
def test_attention_costs_its_projections_and_two_products_of_positions(need_weights):
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            x = x[:, 0]
            return self.attention(x, x, x, need_weights=need_weights)[0]

    (cost,) = layer_costs(Attends(), (1, 5, 8))
    assert cost.multiplications == 4 * 5 * 8 * 8 + 2 * 5 * 5 * 8
    assert (cost.kind, cost.weights) == ("MultiheadAttention", 4 * 8 * 8 + 4 * 8)


def test_attention_without_weights_is_counted_where_it_is_computed():
    class Attends(nn.Module):
        def forward(self, x):
            return functional.scaled_dot_product_attention(x, x, x)

    model = nn.Sequential(nn.Conv2d(1, 2, 1), Attends())
    first, second = layer_costs(model, (1, 5, 8))
    assert second == LayerCost("1", "Attends", (2, 5, 8), 0, 2 * 2 * 5 * 5 * 8)
    assert first.multiplications == 2 * 5 * 8


def test_recurrent_layers_are_counted():
    model = On(nn.LSTM(4, 3, batch_first=True), (5, 4))
    (cost,) = layer_costs(model, (1, 5, 4))
    assert cost.multiplications == 5 * 4 * 3 * (4 + 3)
    assert cost.shape == (5, 3)


class Picky(nn.Module):
    """A network whose course depends on values."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, x):
        return self.layer(x.flatten(1)) if bool((x == 0).all()) else x


def test_a_network_that_looks_at_values_is_run_where_it_is():
    assert layer_costs(Picky(), (1, 2, 2)) == [LayerCost("layer", "Linear", (2,), 10, 8)]
    with pytest.raises(RuntimeError, match="meta"):
        layer_costs(Picky().to("meta"), (1, 2, 2))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_precision_and_format_do_not_matter(dtype):
    expected = layer_costs(small(), (3, 32, 32))
    other = small().to(dtype).to(memory_format=torch.channels_last)
    assert layer_costs(other, (3, 32, 32)) == expected


def test_a_mistake_of_the_network_is_its_own_error():
    with pytest.raises(RuntimeError, match=re.escape("(1x3072 and 10x2)")):
        layer_costs(nn.Sequential(nn.Flatten(), nn.Linear(10, 2)), (3, 32, 32))


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
