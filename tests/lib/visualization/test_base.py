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


INTEGERS = (
    torch.uint8, torch.uint16, torch.uint32, torch.uint64,
    torch.int8, torch.int16, torch.int32, torch.int64,
)  # fmt: skip


@pytest.mark.parametrize("dtype", INTEGERS)
def test_targets_of_any_integer_type_are_taken_in_one_row_only(dtype, images):
    classes = torch.tensor([0, 3, 1]).to(dtype)
    assert as_target(classes, images).tolist() == [0, 3, 1]
    assert as_target(classes.numpy(), images).tolist() == [0, 3, 1]
    assert as_target(classes[1], images).tolist() == [3, 3, 3]
    with pytest.raises(ValueError, match=r"one for each of 3 images; got shape \(3, 1\)"):
        as_target(classes[:, None], images)


def test_truths_are_no_targets(images):
    for truths in (torch.tensor([True, False, True]), torch.tensor([[True]] * 3)):
        with pytest.raises(TypeError, match="whole numbers or a Neuron; got"):
            as_target(truths, images)
