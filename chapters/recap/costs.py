"""The costs of a network's layers: output shapes, weights and multiplications."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

NO_MAP = None  # size of an output that is not a map: that of a fully connected layer


@dataclass(frozen=True)
class LayerCost:
    """One layer that has weights of its own, or multiplies outside of its parts.

    Attributes:
        name: the module's name in the network.
        kind: the module's class, such as "Conv2d".
        shape: of the output for one picture: (channels, height, width) or (units,).
        weights: parameters, biases included, that no earlier layer has used.
        multiplications: multiplications for one picture of convolutions, products of matrices and
            attention; normalizations do not count.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    weights: int
    multiplications: int


@dataclass(frozen=True)
class StageCost:
    """Layers whose maps have one size.

    Attributes:
        size: (height, width), or `NO_MAP` for fully connected layers.
        layers: number of convolutions or fully connected layers.
        channels: channels of the last one.
        weights, multiplications: totals over all of them.
    """

    size: tuple[int, int] | None
    layers: int
    channels: int
    weights: int
    multiplications: int


def architecture(name: str) -> nn.Module:
    """A network of torchvision or timm by name, on the meta device: shapes without values.

    Raises:
        ValueError: neither library knows the name.
    """
    # Imported here: they take three seconds, and few chapters need them.
    import timm
    from torchvision import models

    known = models.list_models(models)
    if name not in known and not timm.is_model(name):
        raise ValueError(
            f"expected a network of torchvision or timm, such as 'resnet18'; got {name!r}"
        )

    def make() -> nn.Module:
        return models.get_model(name, weights=None) if name in known else timm.create_model(name)

    try:
        with torch.device("meta"):
            return make()
    except NotImplementedError:  # it computes its sizes with tensors, as RegNets do
        return make().to("meta")


def layer_costs(model: nn.Module, image_size: Sequence[int]) -> list[LayerCost]:
    """The cost of each layer, in the order in which they end.

    torch's `FlopCounterMode` counts: convolutions and transposed convolutions in one to three
    dimensions, fully connected layers on any number of dimensions, other products of matrices, and
    attention. It counts a multiplication and an addition for each product, so a multiplication here
    is two of its operations.

    The network is not changed: a copy without values is run on torch's meta device. If the network
    looks at values, a copy is run where it is.

    Args:
        model: takes pictures (batch, channels, height, width).
        image_size: (channels, height, width) of a picture.

    Raises:
        ValueError: a wrong image size, or layers with weights that were not used.
    """
    if len(image_size) != 3 or min(image_size) < 1:
        raise ValueError(f"expected (channels, height, width); got {tuple(image_size)}")
    try:
        return _measure(copy.deepcopy(model).to("meta"), image_size)
    except RuntimeError:  # torch's error for values that are not there is one of them
        if any(p.is_meta for p in model.parameters()):
            raise
        return _measure(copy.deepcopy(model), image_size)


@torch.no_grad()
def _measure(model: nn.Module, image_size: Sequence[int]) -> list[LayerCost]:
    first = next(model.parameters(), torch.empty(0))
    picture = torch.zeros(1, *image_size, dtype=first.dtype, device=first.device)
    counter = FlopCounterMode(display=False)
    meter = _Meter(model.eval().requires_grad_(False), counter)
    with counter, meter:
        model(picture)
    if missed := meter.missed():
        raise ValueError(f"layers with weights that did not run: {', '.join(missed)}")
    return meter.found


@dataclass
class _Running:
    """A module that is running: operations before it and in its parts, weights it has read."""

    before: int
    in_parts: int = 0
    weights: int = 0


class _Meter(TorchDispatchMode):
    """Notes which module multiplies how often, and which is the first to use a parameter.

    A parameter is seen when an operation reads it: attention uses the weights of a layer that it
    does not call.
    """

    def __init__(self, model: nn.Module, counter: FlopCounterMode):
        super().__init__()
        self.counter, self.found = counter, list[LayerCost]()
        self.names = {layer: name for name, layer in model.named_modules()}
        self.unused, self.running = set(model.parameters()), list[_Running]()
        for layer in self.names:
            layer.register_forward_pre_hook(self._begin)
            layer.register_forward_hook(self._end)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: Any = None
    ) -> Any:
        for value in tree_leaves((args, kwargs)):
            if isinstance(value, nn.Parameter):
                self._use(value)
        return func(*args, **(kwargs or {}))

    def _use(self, parameter: nn.Parameter) -> None:
        if parameter in self.unused:
            self.unused.remove(parameter)
            self.running[-1].weights += parameter.numel()

    def _begin(self, layer: nn.Module, inputs: object) -> None:
        self.running.append(_Running(self.counter.get_total_flops()))

    def _end(self, layer: nn.Module, inputs: object, output: object) -> None:
        own = list(layer.parameters(recurse=False))
        for parameter in own:
            self._use(parameter)
        ended = self.running.pop()
        operations = self.counter.get_total_flops() - ended.before
        if self.running:
            self.running[-1].in_parts += operations
        multiplications = (operations - ended.in_parts) // 2
        if own or ended.weights or multiplications:
            shape = next(tuple(t.shape[1:]) for t in tree_leaves(output) if isinstance(t, Tensor))
            self.found.append(
                LayerCost(self.names[layer], type(layer).__name__, shape, ended.weights,
                          multiplications)
            )  # fmt: skip

    def missed(self) -> list[str]:
        """The names of layers whose own parameters were not used."""
        return [
            name
            for layer, name in self.names.items()
            if not self.unused.isdisjoint(layer.parameters(recurse=False))
        ]


def stage_costs(costs: Iterable[LayerCost]) -> list[StageCost]:
    """The total costs of layers with maps of the same size, in order of first appearance.

    Convolutions to 1 × 1 maps count as fully connected layers, since they compute the same.
    """
    stages: dict[tuple[int, int] | None, list[LayerCost]] = {}
    for cost in costs:
        size = cost.shape[1:] if len(cost.shape) == 3 and cost.shape[1:] != (1, 1) else NO_MAP
        stages.setdefault(size, []).append(cost)
    return [
        StageCost(
            size=size,
            layers=sum(bool(cost.multiplications) for cost in members),
            channels=members[-1].shape[0],
            weights=sum(cost.weights for cost in members),
            multiplications=sum(cost.multiplications for cost in members),
        )
        for size, members in stages.items()
    ]
