"""Every method on networks that others wrote: it works and leaves them alone, or says why not."""

import re

import pytest
import torch
from captum import attr
from torch import nn

from lib import visualization as v
from lib.visualization import Neuron
from tests.lib.visualization.calls import WITH_MODEL, Given, tensors
from tests.lib.visualization.guests import EXAMINING, OURS
from tests.lib.visualization.published import PUBLISHED

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
GUESTS = OURS | PUBLISHED
DAILY = {
    "batch norm without statistics", "built for inference", "checkpoint", "compiled",
    "custom function", "object", "quantized", "scripted", "small vit", "statistics of the batch",
    "weight norm", "where",
}  # fmt: skip
SAMPLED = [
    pytest.param(name, marks=[] if name in DAILY else [pytest.mark.nightly]) for name in GUESTS
]


def given(name):
    guest = GUESTS[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = guest.make()
        images = torch.rand(2, 3, guest.size, guest.size)
    first = (path for path, module in model.named_modules() if isinstance(module, nn.Conv2d))
    return Given(model, images, guest.layer or next(first))


def refusal(name, method):
    """What is said about this method for this network; None if it works."""
    return next((r for r in GUESTS[name].refusals if method in r.methods), None)


def tensors_of(model):
    return [*model.parameters(), *model.buffers()]


def flags(model):
    """What else a method could leave changed."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [
        [module.training for module in model.modules()],
        [tensor.requires_grad for tensor in tensors_of(model)],
        [tensor.grad for tensor in tensors_of(model)],
        [[*getattr(module, name, ())] for module in model.modules() for name in hooks],
    ]


@pytest.mark.parametrize("name", SAMPLED)
def test_a_method_works_or_says_what_it_lacks_and_changes_nothing(name):
    inputs = given(name)
    lazy, before = name == "lazy", flags(inputs.model)  # lazy layers have no weights to compare
    state = [] if lazy else [tensor.clone() for tensor in tensors_of(inputs.model)]
    for method, call in WITH_MODEL.items():
        expected = refusal(name, method)
        if expected is None:
            results = tensors(call(inputs))
            assert all(bool(t.isfinite().all()) for t in results), method
        else:
            with pytest.raises(expected.kind) as caught:
                call(inputs)
            assert re.search(expected.message, str(caught.value)), f"{method}: {caught.value}"
        assert flags(inputs.model) == before, method
        assert lazy or all(map(torch.equal, tensors_of(inputs.model), state)), method


def assert_agree(got, expected):
    """The same but for rounding, which for bytes is coarse."""
    assert float((got - expected).abs().max()) <= 1e-2 * float(expected.abs().max())


@pytest.mark.parametrize("name", SAMPLED)
def test_what_works_gives_what_others_compute(name):
    (model, images, _), plain = given(name), given(name).model.eval()
    if "dropout" not in name and refusal(name, "input_gradient") is None:
        expected = attr.Saliency(plain).attribute(images.clone(), target=1, abs=False)
        assert_agree(v.input_gradient(model, images, 1), expected)
    if refusal(name, "slide_window") is None:
        covered, half = images.clone(), images.shape[2] // 2
        covered[..., :half, half : 2 * half] = 0
        with torch.no_grad():
            expected = torch.stack([plain(x.clone())[:, 1] for x in (images, covered)])
        film = v.slide_window(model, images, 1, window=half, stride=half)
        assert_agree(torch.stack([film.score, film.scores[:, 0, 1]]), expected)


@pytest.mark.parametrize("name", SAMPLED)
def test_gradients_of_a_unit_stay_within_its_field(name):
    model, images, layer = given(name)
    if refusal(name, "receptive_field") or refusal(name, "input_gradient"):
        return
    field = v.receptive_field(model, layer, image_size=images.shape[2])
    row, column = (count // 2 for count in field.units)
    top, left, bottom, right = field.box(row, column)
    seen = torch.zeros_like(images)
    for channel in range(4):
        seen += v.input_gradient(model, images, Neuron(layer, channel, row, column)).abs()
    assert seen[:, :, top:bottom, left:right].sum() > 0
    seen[:, :, top:bottom, left:right] = 0
    assert not bool(seen.any())


def test_every_method_that_looks_into_a_model_is_in_the_table():
    assert set(WITH_MODEL) == EXAMINING | {"first_layer_filters", "randomize_layers"}
