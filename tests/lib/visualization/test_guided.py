import pytest
import torch
from captum import attr
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from lib.visualization.base import Neuron
from lib.visualization.gradients import input_gradient
from lib.visualization.guided import deconvnet, guided_backprop

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*did not already require:UserWarning"),
    pytest.mark.filterwarnings("ignore:Setting backward hooks:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*is deprecated:FutureWarning"),
]
CLASSES = torch.tensor([0, 3, 1])
RULES = {"guided": guided_backprop, "deconvnet": deconvnet}
WITH_RELU = ["relu", "in-place", "reused", "functional", "relu6", "batch norm", "in-place first"]


@pytest.fixture(params=RULES)
def rule(request):
    return RULES[request.param]


class Call(nn.Module):
    """f(hidden(x)) and a last layer, for any form of ReLU."""

    def __init__(self, f, weights, last):
        super().__init__()
        self.f = f
        self.hidden, self.last = (
            nn.Linear(w.shape[1], len(w), bias=False) for w in (weights, last)
        )
        self.hidden.weight.data, self.last.weight.data = weights.clone(), last.clone()

    def forward(self, x):
        return self.last(self.f(self.hidden(x.flatten(1))))


# At x = (1, 1): pre-activations 3, -1, 1 and 8; gradients that come to the ReLUs 2, 5, -1 and 1.
HIDDEN = torch.tensor([[1.0, 2], [1, -2], [3, -2], [4, 4]])
LAST = torch.tensor([[2.0, 5, -1, 1]])
BY_HAND = {
    # The gradient proper is 2 (1, 2) - (3, -2) + (4, 4) = (3, 10).
    "guided": [2 * 1 + 4, 2 * 2 + 4],  # without the negative -1
    "deconvnet": [2 * 1 + 5 * 1 + 4, 2 * 2 - 5 * 2 + 4],  # with the unit that was off
}
PLAIN = {
    "module": nn.ReLU(),
    "in-place module": nn.ReLU(inplace=True),
    "torch.relu": torch.relu,
    "torch.relu_": torch.relu_,
    "Tensor.relu": lambda x: x.relu(),
    "Tensor.relu_": lambda x: x.relu_(),
    "F.relu": functional.relu,
    "F.relu in place": lambda x: functional.relu(x, inplace=True),
    "F.relu by name": lambda x: functional.relu(input=x),
    "F.relu_": functional.relu_,
    "result unused": lambda x: (functional.relu_(x), x)[1],
    "nn.Threshold": nn.Threshold(0, 0),
    "F.threshold in place": lambda x: functional.threshold(x, 0, 0, inplace=True),
    "F.threshold_": lambda x: functional.threshold_(x, 0, 0),
    "torch.clamp": lambda x: torch.clamp(x, min=0),
    "Tensor.clamp": lambda x: x.clamp(0),
    "Tensor.clamp_": lambda x: x.clamp_(min=0.0),
    "clamp_min": lambda x: x.clamp_min(0),
    "clip": lambda x: x.clip(min=0),
    "hardtanh": nn.Hardtanh(0, 100),
}
CAPPED = {
    "ReLU6": nn.ReLU6(),
    "ReLU6 in place": nn.ReLU6(inplace=True),
    "F.relu6": functional.relu6,
    "Hardtanh": nn.Hardtanh(0, 6),
    "F.hardtanh_": lambda x: functional.hardtanh_(x, 0, 6),
}


@pytest.mark.parametrize("form", PLAIN)
@pytest.mark.parametrize("name", RULES)
def test_every_form_of_relu_follows_the_rule_by_hand(name, form):
    model = Call(PLAIN[form], HIDDEN, LAST)
    assert RULES[name](model, torch.ones(1, 1, 1, 2), 0).flatten().tolist() == BY_HAND[name]
    gradient = input_gradient(model, torch.ones(1, 1, 1, 2), 0).flatten().tolist()
    assert gradient == [3, 10]


@pytest.mark.parametrize("form", CAPPED)
def test_above_its_cap_relu6_is_flat_for_guided_backprop(form):
    model, x = Call(CAPPED[form], HIDDEN, LAST), torch.ones(1, 1, 1, 2)
    assert guided_backprop(model, x, 0).flatten().tolist() == [2, 4]  # the unit with 8 is flat
    assert deconvnet(model, x, 0).flatten().tolist() == BY_HAND["deconvnet"]


@pytest.mark.parametrize("name", ["relu", "in-place", "reused", "batch norm"])
def test_both_are_captum_s_up_to_rounding(name, network, images):
    # captum's hooks cannot treat in-place or reused ReLUs, so it gets the same weights without.
    ours, theirs = network(name, training=True), network("relu")
    if name == "batch norm":
        theirs = network(name)
        for module in theirs:
            if isinstance(module, nn.ReLU):
                module.inplace = False
    for method, peer in ((guided_backprop, attr.GuidedBackprop), (deconvnet, attr.Deconvolution)):
        got = method(ours, images, CLASSES)
        expected = peer(theirs).attribute(images.clone(), target=CLASSES)
        assert (got - expected).abs().max() < 1e-6


@pytest.mark.parametrize("name", WITH_RELU)
def test_the_model_and_the_images_come_back_as_they_were(name, rule, network, images, left_alone):
    model = network(name, training=True)
    with left_alone(model, images):
        result = rule(model, images, CLASSES)
    assert result.shape == images.shape
    assert not result.requires_grad
    with left_alone(model, images), pytest.raises(ValueError, match="knows 4 classes"):
        rule(model, images, 4)


@pytest.mark.parametrize("name", WITH_RELU)
def test_the_scores_stay_what_they_are_under_a_rule(name, rule, network, images):
    model, seen = network(name), []
    model.register_forward_hook(lambda module, inputs, output: seen.append(output.detach()))
    rule(model, images, CLASSES)
    with torch.no_grad():
        expected = model(images.clone())
    assert torch.equal(seen[0], expected)


@pytest.mark.parametrize("name", WITH_RELU)
def test_in_place_and_functional_relus_differ_from_the_gradient(name, rule, network, images):
    model = network(name)
    difference = rule(model, images, CLASSES) - input_gradient(model, images, CLASSES)
    assert difference.abs().max() > 0.01


def test_a_network_without_relu_is_refused(rule, network, images, left_alone):
    model = network("silu")
    with left_alone(model, images), pytest.raises(ValueError, match="called no ReLU"):
        rule(model, images, CLASSES)


def test_a_relu_in_a_checkpoint_follows_the_rule(network, rule, images):
    class Block(nn.Module):
        def __init__(self, form):
            super().__init__()
            self.form = form

        def forward(self, x):
            return checkpoint(lambda x: self.form(1 * x), x, use_reentrant=False)

    for form in (PLAIN | CAPPED).values():
        x = torch.full((1, 1, 1, 2), 0.9)
        expected = rule(Call(form, HIDDEN, LAST), x, 0)
        assert torch.equal(rule(Call(Block(form), HIDDEN, LAST), x, 0), expected)


def test_a_compiled_network_runs_as_it_was_written(network, rule, images):
    compiled = torch.compile(network(), backend="eager")
    compiled(images)
    assert torch.equal(rule(compiled, images, CLASSES), rule(network(), images, CLASSES))


def test_a_relu_that_sees_only_weights_does_not_count(network, rule, images):
    model = network("silu")
    model.register_forward_pre_hook(lambda module, inputs: (inputs[0], module[0].bias.relu())[:1])
    with pytest.raises(ValueError, match="called no ReLU"):
        rule(model, images, CLASSES)


def test_scripted_parts_are_refused(rule, network, images):
    model = network()
    model[2] = torch.jit.trace(model[2], torch.rand(1, 6, 10, 12))
    with pytest.raises(ValueError, match="scripted or traced module cannot be reached: '2'"):
        rule(model, images, CLASSES)


def test_results_do_not_depend_on_the_batch_size_nor_on_other_images(rule, network, images):
    model = network("functional")
    whole = rule(model, images, CLASSES)
    torch.testing.assert_close(rule(model, images, CLASSES, batch_size=2), whole)
    torch.testing.assert_close(rule(model, images[1:2], CLASSES[1:2]), whole[1:2])


def test_a_neuron_s_map_stays_within_its_receptive_field(rule, network, images):
    changed = rule(network(), images, Neuron("0", 2, 4, 5)) != 0
    assert changed.any()
    changed[:, :, 3:6, 4:7] = False
    assert not changed.any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_keep_their_dtype_and_come_close(dtype, rule, network, images):
    model = network("relu6")
    expected = rule(model, images, CLASSES)
    got = rule(model.to(dtype), images.to(dtype), CLASSES)
    assert got.dtype == dtype
    assert (got.float() - expected).abs().mean() / expected.abs().mean() < 0.15


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_result_is_the_same(rule, network, images):
    expected = rule(network("functional"), images, CLASSES)
    got = rule(network("functional").cuda(), images.cuda(), CLASSES)
    torch.testing.assert_close(got.cpu(), expected, rtol=1e-2, atol=1e-3)
