import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from lib.models import ConvNet
from lib.preprocessing import fit_standardization
from lib.visualization.receptive_fields import receptive_field


def conv(kernel, stride=1, padding=0, dilation=1):
    return nn.Conv2d(1, 1, kernel, stride, padding, dilation)


# Worked out by hand: size grows by (kernel - 1) · stride so far, offset falls by padding · stride.
STACKS = {
    "one convolution": ([conv(3)], (3, 1, 0)),
    "padded": ([conv(3, padding=1)], (3, 1, -1)),
    "strided": ([conv(5, 2, 2)], (5, 2, -2)),
    "two": ([conv(3, padding=1), conv(3, padding=1)], (5, 1, -2)),
    "stride first": ([conv(3, 2), conv(3)], (7, 2, 0)),
    "stride last": ([conv(3), conv(3, 2)], (5, 2, 0)),
    "dilated": ([conv(3, dilation=4)], (9, 1, 0)),
    "even kernel": ([conv(4, 2, 1), conv(2, 3)], (6, 6, -1)),
    "pooled": ([conv(3, padding=1), nn.MaxPool2d(2), conv(3)], (8, 2, -1)),
    "averaged": ([nn.AvgPool2d(3, 2, 1), conv(1)], (3, 2, -1)),
    "AlexNet": (
        [conv(11, 4, 2), nn.MaxPool2d(3, 2), conv(5, 1, 2), nn.MaxPool2d(3, 2), conv(3, 1, 1)],
        (99, 16, -34),
    ),
    "reflected border": ([nn.ReflectionPad2d(1), conv(3)], (3, 1, -1)),
    "activations": ([conv(3), nn.ReLU(), nn.BatchNorm2d(1), nn.ReLU6(), nn.SiLU()], (3, 1, 0)),
    "larger than the image": ([conv(3, dilation=60, padding=60)], (121, 1, -60)),
}


@pytest.mark.parametrize(("layers", "expected"), STACKS.values(), ids=STACKS)
def test_fields_of_stacks_are_those_worked_out_by_hand(layers, expected):
    model = nn.Sequential(*copy.deepcopy(layers))
    size, stride, offset = expected
    field = receptive_field(model, str(len(layers) - 1), image_size=100)
    assert (field.size, field.stride, field.offset) == (
        (size, size), (stride, stride), (offset, offset),
    )  # fmt: skip
    assert field.units == tuple(model(torch.zeros(1, 1, 100, 100)).shape[2:])


def test_rows_and_columns_differ_where_the_kernel_does():
    model = nn.Sequential(nn.Conv2d(1, 2, (3, 7), stride=(1, 2), padding=(0, 3)))
    field = receptive_field(model, "0", image_size=(40, 64))
    assert (field.size, field.stride, field.offset) == ((3, 7), (1, 2), (0, -3))
    assert field.units == (38, 32) and field.image_size == (40, 64)


class Residual(nn.Module):
    """One layer's output plus two others': the field is the larger branch's."""

    def __init__(self):
        super().__init__()
        self.stem, self.one, self.two = conv(3, 2, 1), conv(3, 1, 1), conv(5, 1, 2)
        self.end, self.relu = nn.Conv2d(2, 1, 1), nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.stem(x))
        y = torch.relu(self.two(functional.relu6(self.one(x))))
        return self.end(torch.cat([x + y, x], dim=1))


def test_a_skip_connection_sees_what_its_longest_branch_sees():
    field = receptive_field(Residual(), "end", image_size=32)
    assert (field.size, field.stride, field.offset) == ((15, 15), (2, 2), (-7, -7))


def test_dead_weights_and_units_do_not_matter():
    model = Residual()
    for weight in model.parameters():
        nn.init.constant_(weight, -1.0)  # every ReLU is closed
    assert receptive_field(model, "end", image_size=32).size == (15, 15)
    nn.init.zeros_(model.two.weight)
    assert receptive_field(model, "end", image_size=32).size == (15, 15)


def test_a_network_that_refuses_not_a_number_is_measured_all_the_same():
    standardize = fit_standardization(torch.rand(20, 3, 32, 32))
    convnet = ConvNet(3, 10, generator=torch.Generator().manual_seed(0))
    model = nn.Sequential(standardize, convnet)
    field = receptive_field(model, "1.widen", image_size=32)
    assert field == receptive_field(convnet, "widen", image_size=32)
    assert (field.size, field.stride, field.offset) == ((13, 13), (4, 4), (-5, -5))


def test_units_and_global_averages_see_the_whole_image():
    convnet = ConvNet(3, 10, generator=torch.Generator().manual_seed(0))
    field = receptive_field(convnet, "hidden", image_size=(32, 40))
    assert field.box(0, 0) == (0, 0, 32, 40) and field.units == (1, 1)
    squeezed = nn.Sequential(conv(3), nn.AdaptiveAvgPool2d(1), conv(1))
    assert receptive_field(squeezed, "2", image_size=30).size == (30, 30)


class Gate(nn.Module):
    """Squeeze and excitation: every map is scaled by its mean."""

    def __init__(self):
        super().__init__()
        self.conv = conv(3, padding=1)

    def forward(self, x):
        x = self.conv(x)
        return x * torch.sigmoid(x.mean(dim=(2, 3), keepdim=True))


def test_a_gate_on_the_global_mean_sees_the_whole_image():
    model = nn.Sequential(Gate(), conv(1))
    field = receptive_field(model, "1", image_size=20)
    assert (field.size, field.stride, field.units) == ((20, 20), (0, 0), (20, 20))
    assert field.box(19, 3) == (0, 0, 20, 20)


def test_boxes_are_cut_at_the_border_and_only_there():
    field = receptive_field(nn.Sequential(conv(5, 2, 2)), "0", image_size=16)
    assert field.box(0, 3) == (0, 4, 3, 9)
    assert field.box(7, 7) == (12, 12, 16, 16)
    assert field.box(0, 7, cut=False) == (-2, 12, 3, 17)
    with pytest.raises(ValueError, match=r"\(8, 8\) units; got \(8, 0\)"):
        field.box(8, 0)


def test_a_changed_pixel_outside_the_box_changes_nothing_inside_it_does():
    torch.manual_seed(0)
    model = nn.Sequential(conv(3, 2, 1), nn.Softplus(), conv(3, 1, 1), nn.AvgPool2d(2)).double()
    field = receptive_field(model, "3", image_size=24)
    images = torch.rand(1, 1, 24, 24, dtype=torch.float64, requires_grad=True)
    model(images)[0, 0, 2, 3].backward()
    rows, columns = images.grad[0, 0].nonzero().T
    seen = (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
    assert tuple(map(int, seen)) == field.box(2, 3)


def test_the_model_comes_back_as_it_was():
    model = nn.Sequential(conv(3), nn.BatchNorm2d(1), nn.Dropout(), conv(3)).train()
    model[1].eval()
    before = copy.deepcopy(model.state_dict())
    receptive_field(model, "3", image_size=20)
    with pytest.raises(ValueError):
        receptive_field(model, "4", image_size=20)
    assert [module.training for module in model] == [True, False, True, True]
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model)
    assert all(weight.requires_grad for weight in model.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_give_the_same(dtype):
    model = Residual().to(dtype)
    assert receptive_field(model, "end", image_size=32).size == (15, 15)


def test_uneven_fields_are_refused_instead_of_guessed():
    model = nn.Sequential(nn.FractionalMaxPool2d(3, output_ratio=0.6), conv(1))
    with pytest.raises(ValueError, match="see fields of different sizes"):
        torch.manual_seed(1)
        for _ in range(20):  # where two fields are equal is up to chance
            receptive_field(model, "1", image_size=30)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: receptive_field(Residual(), "gone", image_size=8), "no layer 'gone'"),
        (lambda: receptive_field(Residual(), "end", image_size=0), "at least 1; got 0"),
        (lambda: receptive_field(nn.Linear(2, 2), "", image_size=8), "no nn.Conv2d"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_gives_the_same():
    assert receptive_field(Residual().cuda(), "end", image_size=32).size == (15, 15)


class Shortcut(nn.Module):
    """A long branch through an activation, and a short one past it."""

    def __init__(self, activation):
        super().__init__()
        self.one, self.two, self.past = conv(3, padding=1), conv(3, padding=1), conv(1)
        self.activation = activation

    def forward(self, x):
        return self.two(self.activation(self.one(x))) + self.past(x)


@pytest.mark.parametrize(
    "activation",
    [
        lambda x: torch.where(x > 0, x, 0), lambda x: torch.fmax(x, torch.zeros(())),
        torch.nan_to_num, torch.sign, lambda x: (x > 0).float(),
    ],
)  # fmt: skip
def test_a_comparison_that_loses_not_a_number_is_refused(activation):
    model = nn.Sequential(Shortcut(activation))
    with pytest.raises(ValueError, match=r"shows only \(1, 1\) of it, gets lost"):
        receptive_field(model, "0", image_size=24)
    with pytest.raises(ValueError, match="shows nothing, gets lost"):
        receptive_field(model, "0.two", image_size=24)


def test_a_comparison_beside_which_numbers_pass_is_no_obstacle():
    for activation in (lambda x: x * (x > 0), lambda x: torch.where(x < 0, 0, x)):
        assert receptive_field(nn.Sequential(Shortcut(activation)), "0", image_size=24).size == (
            5,
            5,
        )


class OneSize(nn.Sequential):
    """Takes images of 24 × 24 pixels only."""

    def forward(self, x):
        assert x.shape[2:] == (24, 24), "wrong size"
        return super().forward(x)


def test_a_network_of_one_size_is_measured_in_it_or_refused():
    patches = receptive_field(OneSize(conv(4, 4)), "0", image_size=24)
    assert (patches.size, patches.stride, patches.offset) == ((4, 4), (4, 4), (0, 0))
    assert receptive_field(OneSize(Gate()), "0", image_size=24).stride == (0, 0)
    holes = OneSize(conv(3, dilation=20, padding=20))
    with pytest.raises(ValueError, match="takes no larger images"):
        receptive_field(holes, "0", image_size=24)
    with pytest.raises(ValueError, match=r"refuses images of .* wrong size"):
        receptive_field(holes, "0", image_size=20)


def test_a_trained_model_with_weight_norm_in_half_precision_is_measured():
    model = nn.Sequential(nn.utils.weight_norm(conv(3)), conv(3))
    model(torch.rand(1, 1, 9, 9)).sum().backward()
    assert receptive_field(model.bfloat16(), "1", image_size=12).size == (5, 5)
