import pytest
import torch
from torch import nn

from lib.visualization.examining import check_differentiable, copy_of, examined


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


def test_a_copy_is_apart_from_the_model_even_if_it_keeps_results(network, images):
    model = network()
    model.seen = {"maps": [model[0](images)]}
    copied = copy_of(model)
    assert torch.equal(copied.seen["maps"][0], model.seen["maps"][0])
    assert all(map(torch.equal, copied.parameters(), model.parameters()))
    assert not {id(w) for w in copied.parameters()} & {id(w) for w in model.parameters()}
    model.generator = (part for part in ())
    with pytest.raises(ValueError, match="cannot be copied: cannot pickle"):
        copy_of(model)


def test_several_devices_are_refused(network):
    model = nn.DataParallel(network())
    model.device_ids = [0, 1]
    with pytest.raises(ValueError, match="on 2 devices"), examined(model):
        pass


def test_gradients_cannot_pass_weights_made_under_inference_mode():
    with torch.inference_mode():
        model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="'weight' was made under torch"):
        check_differentiable(model)
    with examined(model):
        assert not model.training
    assert model.training and model.weight.requires_grad


def test_autocast_is_off_inside_and_on_again_after(network):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with examined(network()):
            assert not torch.is_autocast_enabled("cpu")
        assert torch.is_autocast_enabled("cpu")
