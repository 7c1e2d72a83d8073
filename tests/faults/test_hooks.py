"""What looks into a model leaves it as it was, to the bit, however it ends, whatever its ReLUs."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.overrides import _get_current_function_mode_stack

from tests.faults.cases import sampled
from tests.faults.methods import CLASSES, EXPLANATIONS, LAYER, SYNTHESES, make_images

METHODS = EXPLANATIONS | SYNTHESES
HOOKS = [name for name in vars(nn.Module()) if name.endswith("_hooks")]
MODES = ("training", "evaluating", "mixed", "frozen")


def chain(relu, *, norm=nn.Identity):
    """Two convolutions and two linear layers with an activation behind each but the last."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), norm(), relu(), nn.Conv2d(6, 6, 3, padding=1), relu(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 8), relu(), nn.Linear(8, CLASSES),
    )  # fmt: skip


def reused():
    relu = nn.ReLU()
    return chain(lambda: relu)


class Functional(nn.Sequential):
    """ReLU as functions, in place and not, and with a shortcut."""

    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1), nn.Linear(24, CLASSES)
        )

    def forward(self, images):
        x = torch.relu(self[0](images))
        x = x + functional.relu(self[1](x), inplace=True)
        return self[2](functional.adaptive_avg_pool2d(x.clamp(min=0), 2).flatten(1))


class InPlaceFirst(nn.Sequential):
    """Works in place on the images it is given."""

    def forward(self, images):
        return super().forward(images.sub_(0.5))


NETWORKS = {
    "in place": lambda: chain(lambda: nn.ReLU(inplace=True)),
    "reused": reused,
    "functional": Functional,
    "normalized": lambda: chain(nn.ReLU, norm=lambda: nn.BatchNorm2d(6)),
    "in place first": lambda: InPlaceFirst(*chain(nn.ReLU)),
}


def make(network, mode):
    """A network in a mode, with gradients that an optimizer has not used yet."""
    model = NETWORKS[network]().train(mode == "training")
    for weight in model.parameters():
        weight.data, weight.grad = 0.3 * torch.randn(weight.shape), torch.randn(weight.shape)
    if mode == "mixed":
        model[0].train()
    if mode == "frozen":
        model[0].weight.requires_grad_(False)
    return model


def state(model):
    """All that a method could leave changed, in the model and around it."""
    tensors = [*model.state_dict().values(), *(weight.grad for weight in model.parameters())]
    return {
        "tensors": [tensor.numpy().tobytes() for tensor in tensors],
        "modes": [module.training for module in model.modules()],
        "trained": [weight.requires_grad for weight in model.parameters()],
        "hooks": [dict(getattr(m, name)) for m in model.modules() for name in HOOKS],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "function modes": len(_get_current_function_mode_stack()),
        "random numbers": torch.get_rng_state().tolist(),
        "backends": (torch.backends.cudnn.enabled, torch._C._get_nnpack_enabled()),
    }


def changes(method, network, mode, spoil=None, context=nullcontext):
    """What a call changed of a model, and whether it failed midway."""
    model, images, failed = make(network, mode), make_images(), False
    if spoil:
        model.get_submodule(LAYER).register_forward_hook(spoil)
    before = state(model)
    with context():
        around = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        try:
            METHODS[method].call(model, images)
        except MidwayError:
            failed = True
        assert around == (torch.is_grad_enabled(), torch.is_inference_mode_enabled())
    after = state(model)
    assert torch.equal(images, make_images()), "the images were changed"
    return {name for name in before if before[name] != after[name]}, failed


class MidwayError(RuntimeError):
    """What goes wrong in a layer."""


class _FailsBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise MidwayError


@pytest.mark.parametrize("method", sampled(METHODS, quick=8))
def test_a_model_comes_back_as_it_was(method):
    for network in NETWORKS:
        for mode in MODES:
            assert changes(method, network, mode) == (set(), False), f"{network}, {mode}"


@pytest.mark.parametrize(
    ("method", "calls"), sampled([(m, n) for m in METHODS for n in (0, 1)], quick=10)
)
def test_a_model_that_fails_in_a_forward_pass_comes_back_as_it_was(method, calls):
    """In its first call, or after one that went well; some methods make one call only."""
    for network in NETWORKS:
        for mode in MODES:
            left = [calls]

            def fail(*_, left=left):
                left[0] -= 1
                if left[0] < 0:
                    raise MidwayError

            changed, failed = changes(method, network, mode, fail)
            assert not changed, f"{network}, {mode}: {changed}"
            assert failed or calls, f"{network}, {mode}: the layer was never called"


GRADIENTS = [
    "deconvnet", "fgsm", "grad_cam", "guided_backprop", "input_gradient", "integrated_gradients",
    "pgd", "saliency", "smoothgrad", "deep_dream", "gradient_ascent", "invert_features",
    "style_transfer", "synthesize", "synthesize_texture",
]  # fmt: skip


@pytest.mark.parametrize("method", sampled(GRADIENTS, quick=5))
def test_a_model_that_fails_in_a_backward_pass_comes_back_as_it_was(method):
    for network in NETWORKS:
        for mode in MODES:
            spoiled = changes(method, network, mode, lambda *call: _FailsBackward.apply(call[-1]))
            # Grad-CAM's gradient ends at the layer itself, in front of what fails.
            assert spoiled == (set(), method != "grad_cam"), f"{network}, {mode}"


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_methods_may_be_called_in_any_gradient_mode(context):
    for method in METHODS:
        changed = changes(method, "in place", "training", context=context)
        assert changed == (set(), False), method
