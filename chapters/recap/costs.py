"""The costs of a network's layers: output shapes, weights and multiplications."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

NO_MAP = None  # size of an output that is not a map: that of a fully connected layer


@dataclass(frozen=True)
class LayerCost:
    """One layer with weights of its own.

    Attributes:
        name: the module's name in the network.
        kind: the module's class, such as "Conv2d".
        shape: of the output for one picture: (channels, height, width) or (units,).
        weights: parameters, biases included; 0 if the layer has already run.
        multiplications: multiplications for one picture; normalizations do not count.
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
    with torch.device("meta"):
        if name in known:
            return models.get_model(name, weights=None)
        return timm.create_model(name, pretrained=False)


def layer_costs(model: nn.Module, image_size: Sequence[int]) -> list[LayerCost]:
    """The cost of each layer with weights, in the order in which they run.

    The network is not changed: a copy without values is run on torch's meta device.

    Args:
        model: takes pictures (batch, channels, height, width); computation outside of its
            convolutions and fully connected layers is not counted.
        image_size: (channels, height, width) of a picture.

    Raises:
        ValueError: a wrong image size, or layers with weights that did not run.
    """
    if len(image_size) != 3 or min(image_size) < 1:
        raise ValueError(f"expected (channels, height, width); got {tuple(image_size)}")
    twin = copy.deepcopy(model).to("meta").eval()
    named = {m: n for n, m in twin.named_modules() if list(m.parameters(recurse=False))}
    found: list[LayerCost] = []
    seen: set[nn.Module] = set()

    def note(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        own = 0 if layer in seen else sum(p.numel() for p in layer.parameters(recurse=False))
        seen.add(layer)
        found.append(
            LayerCost(named[layer], type(layer).__name__, tuple(output.shape[1:]), own,
                      _multiplications(layer, output))
        )  # fmt: skip

    for layer in named:
        layer.register_forward_hook(note)
    with torch.no_grad():
        twin(torch.empty(1, *image_size, device="meta"))
    if missed := [name for layer, name in named.items() if layer not in seen]:
        raise ValueError(f"layers with weights that did not run: {', '.join(missed)}")
    return found


def _multiplications(layer: nn.Module, output: Tensor) -> int:
    """Multiplications of a layer: each output is a sum of products; 0 for other layers."""
    if isinstance(layer, nn.Conv2d):
        height, width = layer.kernel_size
        return output.numel() * height * width * layer.in_channels // layer.groups
    return output.numel() * layer.in_features if isinstance(layer, nn.Linear) else 0


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
