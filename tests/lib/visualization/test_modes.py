"""Every public function in float64, under autocast and under inference_mode: a table of both."""

from collections import Counter

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.lib.visualization.calls import CALLS, ON_THEIR_OWN, Given, every_function, tensors

SIDE = 17
MODES = {
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "inference": torch.inference_mode,
    "no_grad": torch.no_grad,
}
# Draws are float32 in every precision, so that a seed means the same: whole images of them, which
# are then widened, or a few numbers for each image.
DRAWN = ("randn", "stack", "_to_copy")
FEW = 4
UNSTABLE = ("fgsm", "pgd", "synthesize_texture", "tsne_layout")  # small differences grow


def given(dtype=torch.float32):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 3),
            nn.ReLU6(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 4),
        )  # fmt: skip
        images = torch.rand(2, 3, SIDE, SIDE)
    return Given(model.to(dtype), images.to(dtype), "3")


@pytest.fixture(scope="module")
def plain():
    return {name: tensors(call(given())) for name, call in CALLS.items()}


def test_no_public_function_is_forgotten():
    assert every_function() == set(CALLS) | ON_THEIR_OWN


@pytest.mark.parametrize("name", CALLS)
def test_modes_around_a_call_change_nothing(name, plain):
    for mode in MODES.values():
        inputs = given()
        with mode():
            got = tensors(CALLS[name](inputs))
        assert all(map(torch.equal, got, plain[name]))
        assert [t.dtype for t in got] == [t.dtype for t in plain[name]]


@pytest.mark.parametrize("name", CALLS)
def test_images_made_under_inference_mode_are_taken(name, plain):
    inputs = given()
    with torch.inference_mode():
        inputs = inputs._replace(images=inputs.images.clone())
    assert all(map(torch.equal, tensors(CALLS[name](inputs)), plain[name]))


class _Narrow(TorchDispatchMode):
    """Counts the operations that give more than a few numbers in float32, other than draws."""

    def __init__(self):
        super().__init__()
        self.found = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **kwargs or {})
        name = func.name().removeprefix("aten::").split(".")[0]
        if isinstance(result, torch.Tensor) and result.dtype == torch.float32:
            self.found[name] += name not in DRAWN and result.numel() > FEW
        return result


@pytest.mark.parametrize("name", CALLS)
def test_float64_is_float64_throughout(name, plain):
    inputs = given(torch.float64)
    with _Narrow() as narrow:
        got = tensors(CALLS[name](inputs))
    assert not +narrow.found or name == "tsne_layout"  # scikit-learn's places are float32
    floats = [t for t in got if t.is_floating_point()]
    assert all(t.dtype == torch.float64 for t in floats)
    if name not in UNSTABLE:
        for ours, narrower in zip(got, plain[name], strict=True):
            torch.testing.assert_close(ours.double(), narrower.double(), rtol=1e-3, atol=1e-4)
