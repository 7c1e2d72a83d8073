"""Initial weights of networks, drawn from a generator."""

import math
from collections.abc import Callable

import torch
from torch import nn

# Standard deviation of a weight, given its layer's numbers of inputs and outputs.
INITIALIZATIONS: dict[str, Callable[[int, int], float]] = {
    "small": lambda fan_in, fan_out: 0.01,
    "glorot": lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),
    "lecun": lambda fan_in, fan_out: math.sqrt(1 / fan_in),
    "he": lambda fan_in, fan_out: math.sqrt(2 / fan_in),
}


def init_std(init: str, fan_in: int, fan_out: int) -> float:
    """The standard deviation that an initialization gives the weights of one layer.

    Sources: Glorot and Bengio, AISTATS 2010; LeCun et al., "Efficient BackProp", 1998;
    He et al., ICCV 2015.

    Raises:
        ValueError: unknown initialization.
    """
    if init not in INITIALIZATIONS:
        raise ValueError(f"init must be one of {', '.join(INITIALIZATIONS)}; got {init!r}")
    return INITIALIZATIONS[init](fan_in, fan_out)


@torch.no_grad()
def initialize_(model: nn.Module, generator: torch.Generator, *, init: str = "he") -> nn.Module:
    """Redraw the weights of every convolution and fully connected layer, in place.

    Args:
        model: is returned; biases become zero, other layers do not change.
        generator: source of the weights, layer by layer, on its own device.
        init: a key of `INITIALIZATIONS`.

    Raises:
        ValueError: an unknown initialization.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            weight = layer.weight
            fan_in, place = weight[0].numel(), weight[0, 0].numel()
            std = init_std(init, fan_in, weight.shape[0] * place)
            drawn = torch.randn(weight.shape, generator=generator, device=generator.device)
            weight.copy_(std * drawn)
            if layer.bias is not None:
                layer.bias.zero_()
    return model


@torch.no_grad()
def initialize_uniform_(module: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights of a module in place, much as torch's layers do, but from the generator.

    Embeddings are normal with standard deviation 1, other weights uniform in ±1/√(inputs). Biases
    are zero, which torch's are not.
    """
    for part in module.modules():
        for name, weight in part.named_parameters(recurse=False):
            if isinstance(part, nn.Embedding):
                weight.copy_(torch.randn(weight.shape, generator=generator))
            elif "bias" in name:
                weight.zero_()
            else:
                bound = weight.shape[-1] ** -0.5
                weight.copy_(bound * (2 * torch.rand(weight.shape, generator=generator) - 1))
