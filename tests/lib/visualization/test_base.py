import numpy as np
import pytest
import torch
from torch import nn

from lib.visualization.base import (
    Neuron,
    as_target,
    check_input,
    forward_with,
    scores_and_outputs,
    target_scores,
)
from lib.visualization.examining import examined
from lib.visualization.slopes import image_gradients


def test_an_examined_model_evaluates_and_comes_back(awkward, left_alone):
    next(awkward.parameters()).requires_grad_(False)
    with left_alone(awkward), examined(awkward):
        assert not any(module.training for module in awkward.modules())
        assert not any(weight.requires_grad for weight in awkward.parameters())
        assert torch.is_grad_enabled()


def test_an_examined_model_comes_back_after_an_exception(network, left_alone):
    model = network("batch norm", training=True)
    model[1].eval()
    with left_alone(model), pytest.raises(RuntimeError, match="midway"), examined(model):
        raise RuntimeError("midway")
    assert model.training
    assert not model[1].training


def test_gradients_are_recorded_inside_no_grad_and_inference_mode(network, images):
    model, goal = network(), torch.zeros(3, dtype=torch.long)
    with examined(model):
        expected = image_gradients(model, images, goal, batch_size=3)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode(), examined(model):
            got = image_gradients(model, images, goal, batch_size=3)
        assert torch.equal(got, expected)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x: x.numpy(), TypeError, "ndarray"),
        (lambda x: (255 * x).byte(), TypeError, "uint8"),
        (lambda x: x[0], ValueError, r"\(3, 10, 12\)"),
        (lambda x: x[:0], ValueError, "must not be empty"),
        (lambda x: x.half(), TypeError, "float32, images are torch.float16"),
        (lambda x: x.to("meta"), ValueError, "meta"),
        (lambda x: x / 0, ValueError, "finite"),
    ],
)
def test_images_that_cannot_be_shown_are_refused(change, error, message, network, images):
    with pytest.raises(error, match=message):
        check_input(network(), change(images))


def test_a_target_is_one_class_for_each_image(images):
    for target in (2, [2, 2, 2], np.array([2, 2, 2]), torch.tensor(2), torch.full((3,), 2).int()):
        assert as_target(target, images).tolist() == [2, 2, 2]
    neuron = Neuron("0", 1, 2, 3)
    assert as_target(neuron, images) is neuron


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (1.0, TypeError),
        (True, TypeError),
        ([1, 2], ValueError),
        (-1, ValueError),
        ([[1], [2], [3]], ValueError),
    ],
)
def test_other_targets_are_refused(target, error, images):
    with pytest.raises(error):
        as_target(target, images)


def test_scores_are_logits_or_neurons(network, images):
    model, classes = network(), torch.tensor([0, 3, 1])
    logits = model(images)
    assert torch.equal(target_scores(model, images, classes), logits[range(3), classes])
    place = target_scores(model, images, Neuron("2", 5, 4, 1))
    assert torch.equal(place, model[:3](images)[:, 5, 4, 1])
    assert torch.equal(target_scores(model, images, Neuron("8", 3)), logits[:, 3])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (torch.tensor([0, 4, 1]), "knows 4 classes; got 4"),
        (Neuron("9", 0), "no layer '9'"),
        (Neuron("2", 6, 0, 0), "lies outside"),
        (Neuron("2", -1, 0, 0), "lies outside"),
        (Neuron("2", 1), r"the place \[1\]"),
        (Neuron("8", 1, 0, 0), r"gives \(4,\) per image"),
    ],
)
def test_targets_that_are_not_there_are_refused(target, message, network, images, left_alone):
    model = network()
    with left_alone(model), pytest.raises(ValueError, match=message):
        target_scores(model, images, target)


def test_a_layer_s_output_is_what_it_was_before_an_in_place_relu(network, images):
    outputs = forward_with(network("in-place"), images, ["0", "1"])[1]
    assert (outputs["0"] < 0).any()
    assert torch.equal(outputs["1"], outputs["0"].relu())


def test_layers_that_are_called_twice_or_never_are_refused(network, images, left_alone):
    model = network("reused")
    model.add_module("spare", nn.Identity())
    model.forward = lambda x: nn.Sequential(*list(model)[:-1])(x)
    with left_alone(model):
        with pytest.raises(ValueError, match="more than once"):
            forward_with(model, images, ["1"])
        with pytest.raises(ValueError, match=r"never called the layer.* spare"):
            forward_with(model, images, ["spare"])


def test_a_layer_that_gives_no_tensor_is_refused(images):
    model = nn.Sequential(nn.Flatten(), nn.Unflatten(1, (1, -1)), nn.LSTM(360, 4))
    with pytest.raises(TypeError, match="tuple"):
        forward_with(model, images, ["2"])


def test_scores_and_outputs_come_from_one_pass(network, images):
    model = network()
    scores, outputs = scores_and_outputs(model, images, Neuron("8", 1), ["2"])
    assert torch.equal(outputs["2"], model[:3](images))
    assert torch.equal(scores, model(images)[:, 1])


def test_image_gradients_do_not_depend_on_the_batch_size(awkward, images, left_alone):
    goal = torch.tensor([0, 3, 1])
    with left_alone(awkward, images), examined(awkward):
        whole = image_gradients(awkward, images, goal, batch_size=3)
        torch.testing.assert_close(image_gradients(awkward, images, goal, batch_size=2), whole)
        assert not whole.requires_grad


def test_image_gradients_agree_with_differences_of_scores(awkward, images):
    model, images, goal = awkward.double(), images.double(), torch.tensor([0, 3, 1])
    way = torch.randn(images.shape, generator=torch.Generator().manual_seed(2)).double()
    with examined(model):
        slope = (image_gradients(model, images, goal, batch_size=3) * way).sum((1, 2, 3))
        up, down = (target_scores(model, images + s * 1e-7 * way, goal).detach() for s in (1, -1))
    torch.testing.assert_close(slope, (up - down) / 2e-7, rtol=1e-4, atol=1e-5)


def test_a_score_without_a_slope_is_refused(network, images):
    class Steps(nn.Module):
        def forward(self, x):
            return x.round().detach().flatten(1)

    with pytest.raises(ValueError, match="does not depend"), examined(Steps()):
        image_gradients(Steps(), images, torch.zeros(3, dtype=torch.long), batch_size=1)
    with pytest.raises(ValueError, match="batch_size"):
        image_gradients(network(), images, torch.zeros(3, dtype=torch.long), batch_size=0)
