import pytest
import torch
from captum import attr
from torch import nn

from lib.visualization.base import Neuron
from lib.visualization.grad_cam import grad_cam

CLASSES = torch.tensor([0, 3, 1])
LAYERS = {"in-place first": ("rest.0", "rest.3"), "functional": ("first", "third")}


class Pooled(nn.Module):
    """Two channels, averaged over places, weighed by 3 and -1."""

    def __init__(self):
        super().__init__()
        self.channels = nn.Identity()

    def forward(self, images):
        a, b = self.channels(images * 1).mean((2, 3)).unbind(1)
        return (3 * a - b)[:, None]


def test_the_map_of_averaged_channels_by_hand():
    image = torch.tensor([[[[1.0, 0], [0, 1]], [[0.0, 0], [2, 4]]]])
    # a_k are 3/4 and -1/4, so the map is ReLU of (3 A_1 - A_2) / 4.
    assert grad_cam(Pooled(), image, 0, "channels").tolist() == [[[0.75, 0], [0, 0]]]


def test_maps_are_captum_s_up_to_rounding(awkward, images, request):
    name = request.node.callspec.params["awkward"]
    for layer in LAYERS.get(name, ("0", "2")):
        got = grad_cam(awkward, images, CLASSES, layer)
        if "in-place" in name or name in ("relu6", "batch norm"):
            continue  # captum sees what the in-place layer behind has made of the layer's output
        module = awkward.eval().get_submodule(layer)
        expected = attr.LayerGradCam(awkward, module).attribute(
            images.clone(), CLASSES, relu_attributions=True
        )
        assert got.shape == (3, *expected.shape[2:])
        assert (got - expected[:, 0]).abs().max() < 1e-6


def test_an_in_place_relu_behind_the_layer_changes_nothing(network, images):
    got, expected = (grad_cam(network(name), images, CLASSES, "0") for name in ("in-place", "relu"))
    torch.testing.assert_close(got, expected)


def test_upsampled_maps_are_as_large_as_the_images_and_nowhere_larger(network, images):
    small = grad_cam(network(), images, CLASSES, "2")
    large = grad_cam(network(), images, CLASSES, "2", upsample=True)
    assert small.shape == (3, 5, 6)
    assert large.shape == (3, 10, 12)
    assert (large >= 0).all()
    assert (large.amax((1, 2)) <= small.amax((1, 2)) + 1e-6).all()


def test_a_neuron_behind_the_layer_is_explained(network, images):
    by_class = grad_cam(network(), images, 2, "0")
    assert torch.equal(grad_cam(network(), images, Neuron("8", 2), "0"), by_class)


def test_results_do_not_depend_on_the_batch_size(network, images):
    model = network("in-place")
    whole = grad_cam(model, images, CLASSES, "2")
    torch.testing.assert_close(grad_cam(model, images, CLASSES, "2", batch_size=2), whole)


def test_the_model_and_the_images_come_back_as_they_were(awkward, images, left_alone, request):
    layer = LAYERS.get(request.node.callspec.params["awkward"], ("0",))[0]
    with left_alone(awkward, images):
        assert not grad_cam(awkward, images, CLASSES, layer).requires_grad
    with left_alone(awkward, images), pytest.raises(ValueError, match="knows 4 classes"):
        grad_cam(awkward, images, 4, layer)


@pytest.mark.parametrize(
    ("layer", "target", "message"),
    [
        ("first", 0, "no layer 'first'"),
        ("6", 0, r"must give \(batch, channels, height, width\); got \(3, 10\)"),
        ("2", Neuron("0", 1, 2, 3), "does not depend on layer '2'"),
        ("1", 0, "more than once"),
    ],
)
def test_layers_that_do_not_serve_are_refused(layer, target, message, network, images, left_alone):
    model = network("reused")
    with left_alone(model), pytest.raises(ValueError, match=message):
        grad_cam(model, images, target, layer)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_keep_their_dtype_and_come_close(dtype, network, images):
    model = network()
    expected = grad_cam(model, images, CLASSES, "0", upsample=True)
    got = grad_cam(model.to(dtype), images.to(dtype), CLASSES, "0", upsample=True)
    assert got.dtype == dtype
    assert (got.float() - expected).abs().mean() / expected.abs().mean() < 0.15


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_result_is_the_same(network, images):
    expected = grad_cam(network(), images, CLASSES, "2")
    got = grad_cam(network().cuda(), images.cuda(), CLASSES.cuda(), "2")
    torch.testing.assert_close(got.cpu(), expected, rtol=1e-2, atol=1e-3)
