import pytest
import torch
from torch import nn

from lib.visualization.base import Neuron
from lib.visualization.occlusion import slide_window


@pytest.fixture
def pictures():
    return torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def deep():
    """Strides, padding on one side, and a hidden layer that sees everything."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.ZeroPad2d((0, 1, 0, 1)),
        nn.Conv2d(6, 8, 3, stride=2),
        nn.ReLU(inplace=True),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 4),
    )


@pytest.mark.parametrize("layer", ["0", "3", "5"])
@pytest.mark.parametrize("geometry", [(8, 8), ((5, 9), (3, 4)), (1, 1)])
def test_the_scores_are_those_of_whole_images(layer, geometry, deep, pictures):
    window, stride = geometry
    options = {"window": window, "stride": stride, "baseline": 0.3}
    whole = slide_window(deep, pictures, torch.tensor([1, 3]), **options)
    local = slide_window(deep, pictures, torch.tensor([1, 3]), **options, local=layer, batch_size=7)
    torch.testing.assert_close(local.scores, whole.scores, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(local.score, whole.score, rtol=1e-5, atol=1e-6)


def test_a_small_window_shows_the_network_a_small_part(deep, pictures):
    seen = []
    deep[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape))
    slide_window(deep, pictures[:1], 0, window=4, stride=4, local="3")
    covered = seen[-1]
    assert covered[0] > 1
    assert max(covered[2:]) <= 4 + 2 * 7 + 2 * 4  # the window, its reach, and whole strides


def test_hooks_are_gone_after_an_error(deep, pictures):
    with pytest.raises(ValueError, match="knows 4 classes"):
        slide_window(deep, pictures, 4, window=4, stride=4, local="3")
    assert not any(module._forward_hooks for module in deep.modules())


class Ramp(nn.Module):
    """Adds what depends on the place in the picture."""

    def forward(self, images):
        return images + torch.arange(images.shape[-1]).to(images)


def test_a_layer_that_depends_on_the_place_is_noticed(deep, pictures):
    with pytest.raises(ValueError, match=r"layer '1\.0' is not local"):
        slide_window(nn.Sequential(Ramp(), deep), pictures, 0, window=4, stride=4, local="1.0")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"local": "8"}, "must see parts of the image"),
        ({"local": "6"}, "must see parts|fields of different"),
        ({"local": "none"}, "no layer 'none'"),
        ({"target": Neuron("3", 0, 1, 1)}, "must be a class; got a Neuron"),
        ({"images": torch.rand(1, 3, 32, 46)}, r"stride of \(4, 4\) and an image of \(32, 46\)"),
    ],
)
def test_what_cannot_be_local_is_refused(change, message, deep, pictures):
    given = {"images": pictures, "target": 0, "local": "3"} | change
    images, target = given.pop("images"), given.pop("target")
    with pytest.raises(ValueError, match=message):
        slide_window(deep, images, target, window=4, stride=4, **given)
