import pytest
import torch
from captum.attr import LayerActivation
from torch import nn
from torch.nn import functional

from lib.models import ConvNet
from lib.visualization.activations import feature_vectors, record_activations


class Awkward(nn.Module):
    """In-place ReLU used twice, ReLU as a function, ReLU6, SiLU, batch norm, dropout."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 5, 3, stride=2)
        self.norm, self.relu = nn.BatchNorm2d(4), nn.ReLU(inplace=True)
        self.six, self.silu, self.drop = nn.ReLU6(), nn.SiLU(inplace=True), nn.Dropout(0.5)
        self.last = nn.Linear(5, 2)

    def forward(self, x):
        x = self.relu(self.norm(self.first(x.sub_(0.5))))
        x = self.six(functional.relu(self.second(x), inplace=True).add_(0.1))
        x = self.silu(self.drop(x).mean(dim=(2, 3)))
        return self.last(self.relu(x)).relu_()


@pytest.fixture
def model():
    torch.manual_seed(0)
    made = Awkward().train()
    made.norm.eval()
    made.first.weight.requires_grad_(False)
    made.norm.running_mean.normal_()
    return made


@pytest.fixture
def images():
    return torch.rand(7, 3, 9, 10, generator=torch.Generator().manual_seed(1))


def portrait(model):
    """All that a look at a model might change."""
    return (
        [(m.training, len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()],
        [(w.requires_grad, w.grad) for w in model.parameters()],
        {name: value.clone() for name, value in model.state_dict().items()},
    )


def assert_same(before, after):
    assert before[:2] == after[:2]
    for name, value in before[2].items():
        assert torch.equal(value, after[2][name])


CALLS = {
    "record": lambda model, images: record_activations(model, images, ["second"]),
    "features": lambda model, images: feature_vectors(model, images),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_model_and_images_come_back_as_they_were(model, images, call):
    before, copy = portrait(model), images.clone()
    call(model, images)
    assert_same(before, portrait(model))
    assert torch.equal(images, copy)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_model_comes_back_even_from_an_exception(model, images, call):
    before = portrait(model)
    model.silu.forward = lambda x: 1 / 0
    with pytest.raises(ZeroDivisionError) as caught:
        call(model, images)
    assert caught  # its traceback is alive, and still the model is restored
    assert_same(before, portrait(model))
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("layer", ["first", "norm", "second", "six", "silu", "last"])
def test_activations_are_captums_to_the_last_bit(model, images, layer):
    ours = record_activations(model, images, [layer], batch_size=7)[layer]
    theirs = LayerActivation(model.eval(), model.get_submodule(layer)).attribute(images.clone())
    # captum keeps the very tensor, which layers behind may change in place
    if layer not in ("norm", "second", "last"):
        assert torch.equal(ours, theirs)
    assert ours.shape == theirs.shape and not ours.requires_grad


def test_what_an_in_place_layer_changes_later_is_recorded_as_it_was():
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(inplace=True))
    nn.init.constant_(model[0].weight, -1.0)
    nn.init.zeros_(model[0].bias)
    recorded = record_activations(model, torch.ones(1, 1, 2, 2), ["0", "1"])
    assert recorded["0"].tolist() == [[[[-1, -1], [-1, -1]]]]
    assert not recorded["1"].any()


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_the_batch_size_changes_nothing_but_the_memory(model, images, batch_size):
    whole = record_activations(model, images, ["six", "last"])
    parts = record_activations(model, images, ["six", "last"], batch_size=batch_size)
    for layer in whole:
        torch.testing.assert_close(parts[layer], whole[layer])
    features = feature_vectors(model, images, batch_size=batch_size)
    torch.testing.assert_close(features, feature_vectors(model, images))


def test_features_are_what_the_last_linear_layer_sees(model, images):
    features = feature_vectors(model, images)
    logits = record_activations(model, images, ["last"])["last"]
    torch.testing.assert_close(model.last(features), logits)
    convnet = ConvNet(3, 10, generator=torch.Generator().manual_seed(0))
    pictures = torch.rand(4, 3, 32, 32)
    torch.testing.assert_close(feature_vectors(convnet, pictures), convnet.features(pictures))


def test_features_of_a_layer_of_maps_are_their_means(model, images):
    maps = record_activations(model, images, ["second"])["second"]
    got = feature_vectors(model, images, layer="second")
    torch.testing.assert_close(got, maps.mean(dim=(2, 3)))


def test_means_in_half_precision_are_sums_in_single_precision():
    model = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False)).half()
    nn.init.ones_(model[0].weight)
    images = torch.full((1, 1, 64, 64), 30.0).half()  # the sum, 122,880, is beyond float16
    got = feature_vectors(model, images, layer="0")
    assert got.dtype == torch.float16 and got.item() == 30


def test_half_precision_goes_through(model, images):
    got = record_activations(model.bfloat16(), images.bfloat16(), ["six"])["six"]
    assert got.dtype == torch.bfloat16 and got.isfinite().all()


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        ("first", TypeError, r"such as \['first'\]"),
        ([], ValueError, "at least one"),
        (["third"], ValueError, "no layer 'third'; it has first, second"),
        (["relu"], ValueError, "more than once"),
    ],
)
def test_layers_that_cannot_be_recorded_are_named(model, images, layers, error, message):
    with pytest.raises(error, match=message):
        record_activations(model, images, layers)


def test_a_model_without_linear_layer_asks_for_the_layer(images):
    with pytest.raises(ValueError, match="name the layer"):
        feature_vectors(nn.Conv2d(3, 2, 1), images)


def test_layers_without_a_row_for_each_image_are_refused(images):
    model = nn.Sequential(nn.Flatten(0, 2), nn.Linear(10, 3))
    with pytest.raises(ValueError, match="a row for each of 7 images"):
        record_activations(model, images, ["1"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_gives_the_same(model, images):
    expected = feature_vectors(model, images)
    torch.testing.assert_close(
        feature_vectors(model.cuda(), images.cuda()).cpu(), expected, atol=1e-3, rtol=1e-3
    )
