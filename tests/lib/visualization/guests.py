"""Networks as others write them: how they are made, and which methods refuse them why."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

CLASSES = 4
BY_SCORES = {
    "deconvnet", "fgsm", "grad_cam", "gradient_ascent", "guided_backprop", "input_gradient",
    "input_gradient_times_input", "integrated_gradients", "occlusion_saliency", "pgd", "saliency",
    "slide_window", "smoothgrad", "synthesize",
}  # fmt: skip
SYNTHESES = {"deep_dream", "invert_features", "style_transfer", "synthesize_texture"}
BY_SLOPES = BY_SCORES - {"occlusion_saliency", "slide_window"} | SYNTHESES
BY_NAN = {"maximally_activating_patches", "patches_by_channel", "receptive_field"}
BY_LAYER = BY_NAN | SYNTHESES | {"feature_vectors", "record_activations", "style_grams"}
IN_BATCHES = {"integrated_gradients", "occlusion_saliency", "slide_window", "smoothgrad"}
EXAMINING = BY_SCORES | BY_LAYER
RULES = {"guided_backprop", "deconvnet"}


class Refusal(NamedTuple):
    """An error that certain methods raise for a network."""

    methods: set[str]
    kind: type[Exception]
    message: str


@dataclass
class Guest:
    """A network, made anew each time; its layer gives maps, and images are (2, 3, size, size)."""

    make: Callable[[], nn.Module]
    layer: str = "first"
    size: int = 20
    refusals: list[Refusal] = field(default_factory=list)


class Net(nn.Module):
    """Two convolutions and a linear layer; subclasses and options change one step of it."""

    def __init__(
        self,
        relu: Callable[[Tensor], Tensor] = torch.relu,
        norm: Callable[[Tensor], Tensor] | None = None,
        give: Callable[[Tensor], object] = lambda scores: scores,
    ):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.last = nn.Linear(24, CLASSES)
        self.relu, self.norm, self.give = relu, norm or nn.Identity(), give

    def body(self, x: Tensor) -> Tensor:
        return self.relu(self.second(self.norm(self.relu(self.first(x)))))

    def forward(self, images: Tensor) -> object:
        x = functional.adaptive_avg_pool2d(self.body(images), 2)
        return self.give(self.last(x.flatten(1)))


def chain() -> nn.Sequential:
    """The same as modules in a row, which TorchScript takes; the first convolution is "0"."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, CLASSES),
    )  # fmt: skip


@dataclass
class Output:
    """What a library's models return."""

    logits: Tensor
    loss: None = None


class ClampFunction(torch.autograd.Function):
    """A ReLU with a gradient of its own."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        y = 2 * x
        ctx.save_for_backward(y)
        return y.clamp(min=0) / 2

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        (y,) = ctx.saved_tensors
        return gradient * (y > 0)


class Checkpointed(Net):
    """Computes its body again for gradients."""

    def __init__(self, *, use_reentrant: bool, relu: Callable[[Tensor], Tensor] = torch.relu):
        super().__init__(relu)
        self.use_reentrant = use_reentrant

    def body(self, x: Tensor) -> Tensor:
        return checkpoint(super().body, x, use_reentrant=self.use_reentrant)


class Keeping(Net):
    """Keeps what it has computed, as if for a look at it."""

    def body(self, x: Tensor) -> Tensor:
        self.seen = {"maps": [super().body(x)]}
        return self.seen["maps"][0]


@torch.jit.script
def scripted_relu(x: Tensor) -> Tensor:
    """A ReLU that Python does not see."""
    return torch.relu(x) * 1.0


def trained(model: nn.Module) -> nn.Module:
    """The model after two steps, so that it holds results with a graph behind them."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.rand(2, 3, 20, 20)).square().sum().backward()
        optimizer.step()
    return model


def weight_normed(norm: Callable[[nn.Module], nn.Module]) -> nn.Module:
    """A trained network whose weights are computed from others in each forward pass."""
    model = Net()
    norm(model.first), norm(model.last)
    return trained(model)


def quantized() -> nn.Module:
    """Its linear layer computes with bytes."""
    return torch.ao.quantization.quantize_dynamic(Net(), {nn.Linear}, dtype=torch.qint8)


def compiled_in_place() -> nn.Module:
    """Compiled without a wrapper."""
    model = Net()
    model.compile(backend="eager")
    return model


@torch.inference_mode()
def built_for_inference() -> nn.Module:
    """Built where no gradients are recorded."""
    return Net()


def batch_statistics(x: Tensor) -> Tensor:
    """Batch normalization that asks for no mode."""
    return functional.batch_norm(x, None, None, training=True)


def gives(give: Callable[[Tensor], object], name: str, way: str) -> Guest:
    """A network whose output is no tensor."""
    message = f"gives {name}, not a tensor.* wrap it .*returns {way}"
    return Guest(lambda: Net(give=give), refusals=[Refusal(BY_SCORES, TypeError, message)])


NO_LAYERS = [
    Refusal(RULES, ValueError, "scripted or traced"),
    Refusal(BY_LAYER | {"grad_cam"}, ValueError, "scripted or traced|no nn.Linear|no nn.Conv2d"),
    Refusal({"first_layer_filters"}, ValueError, "no nn.Conv2d"),
]
LOST = [Refusal(BY_NAN, ValueError, "not-a-number.* gets lost")]
BY_CHANCE = [Refusal(IN_BATCHES, ValueError, "must not depend on the other images")]
STATISTICS = [Refusal(EXAMINING, ValueError, "'norm' has no running statistics")]
OURS = {
    "tuple": gives(lambda y: (y, y), "tuple", r"model\(images\)\[0\]"),
    "list after text": gives(lambda y: ["scores", y], "list", r"model\(images\)\[1\]"),
    "dict": gives(lambda y: {"out": y}, "dict", r"model\(images\)\['out'\]"),
    "object": gives(Output, "Output", r"model\(images\)\.logits"),
    "nothing": gives(lambda y: None, "NoneType", "the tensor"),
    "whole numbers": Guest(
        lambda: Net(give=lambda y: y.long()), refusals=[Refusal(BY_SCORES, TypeError, "floats")]
    ),
    "one score": Guest(
        lambda: Net(give=lambda y: y[:, 0]),
        refusals=[Refusal(BY_SCORES, ValueError, r"not \(batch, classes\)")],
    ),
    "batch norm": Guest(lambda: Net(norm=nn.BatchNorm2d(6))),
    "batch norm without statistics": Guest(
        lambda: Net(norm=nn.BatchNorm2d(6, track_running_stats=False)), refusals=STATISTICS
    ),
    "instance norm": Guest(lambda: Net(norm=nn.InstanceNorm2d(6))),
    "statistics of the batch": Guest(lambda: Net(norm=batch_statistics), refusals=BY_CHANCE),
    "dropout that ignores the mode": Guest(
        lambda: Net(norm=lambda x: functional.dropout2d(x, 0.5)),
        refusals=BY_CHANCE,
    ),
    "custom function": Guest(
        lambda: Net(ClampFunction.apply),
        refusals=[Refusal(RULES, ValueError, "is ClampFunctionBackward")],
    ),
    "one custom function": Guest(
        lambda: Net(norm=ClampFunction.apply),
        refusals=[Refusal(RULES, ValueError, "is ClampFunctionBackward")],
    ),
    "scripted function": Guest(
        lambda: Net(norm=scripted_relu),
        refusals=[
            Refusal(RULES, ValueError, "cannot be reached"),
            Refusal({"randomize_layers"}, ValueError, "cannot be copied"),
        ],
    ),
    "where": Guest(
        lambda: Net(lambda x: torch.where(x > 0, x, 0)),
        layer="second",
        refusals=[*LOST, Refusal(RULES, ValueError, "no ReLU")],
    ),
    "fmax": Guest(
        lambda: Net(lambda x: torch.fmax(x, torch.zeros(()))),
        layer="second",
        refusals=[*LOST, Refusal(RULES, ValueError, "no ReLU")],
    ),
    "checkpoint": Guest(lambda: Checkpointed(use_reentrant=False)),
    "checkpoint in place": Guest(
        lambda: Checkpointed(use_reentrant=False, relu=nn.ReLU6(inplace=True))
    ),
    "reentrant checkpoint": Guest(
        lambda: Checkpointed(use_reentrant=True),
        refusals=[
            Refusal(RULES, ValueError, "is CheckpointFunctionBackward"),
            Refusal({"grad_cam"} | SYNTHESES, ValueError, "computes without gradients"),
            Refusal(BY_SLOPES, ValueError, "set use_reentrant=False"),
        ],
    ),
    "weight norm": Guest(lambda: weight_normed(nn.utils.weight_norm)),
    "weight norm as parametrization": Guest(lambda: weight_normed(parametrizations.weight_norm)),
    "keeping": Guest(lambda: trained(Keeping())),
    "scripted": Guest(lambda: torch.jit.script(chain()), layer="0", refusals=NO_LAYERS),
    "traced": Guest(
        lambda: torch.jit.trace(chain(), torch.rand(2, 3, 20, 20)), layer="0", refusals=NO_LAYERS
    ),
    "scripted without statistics": Guest(
        lambda: torch.jit.script(
            nn.Sequential(chain()[:-2], nn.BatchNorm2d(6, track_running_stats=False), chain()[-2:])
        ),
        layer="0",
        refusals=[
            NO_LAYERS[0],
            NO_LAYERS[2],
            Refusal(EXAMINING, ValueError, "'1' has no running statistics"),
        ],
    ),
    "compiled": Guest(lambda: torch.compile(Net(), backend="eager"), layer="_orig_mod.first"),
    "compiled in place": Guest(compiled_in_place),
    "compiled function": Guest(lambda: Net(torch.compile(torch.relu, backend="eager"))),
    "quantized": Guest(
        quantized,
        refusals=[
            Refusal(BY_SLOPES, ValueError, "'last' is quantized"),
            Refusal({"feature_vectors"}, ValueError, "no nn.Linear"),
        ],
    ),
    "several devices": Guest(lambda: nn.DataParallel(Net()), layer="module.first"),
    "built for inference": Guest(
        built_for_inference, refusals=[Refusal(BY_SLOPES, ValueError, "under torch.inference_mode")]
    ),
    "lazy": Guest(
        lambda: nn.Sequential(nn.LazyConv2d(6, 3), nn.Flatten(), nn.LazyLinear(CLASSES)),
        layer="0",
        refusals=[
            Refusal(EXAMINING, ValueError, "no weights yet"),
            Refusal({"first_layer_filters", "randomize_layers"}, ValueError, "uninitialized"),
        ],
    ),
}
