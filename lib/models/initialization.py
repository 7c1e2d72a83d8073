"""First weights for any network of convolutions and fully connected layers."""

import torch
from torch import nn

from lib.models.mlp import init_std


@torch.no_grad()
def initialize_(model: nn.Module, generator: torch.Generator, *, init: str = "he") -> nn.Module:
    """Draw the weights of every convolution and fully connected layer anew, in place.

    Args:
        model: is returned; biases become zero, other layers stay as they are.
        generator: where the weights are drawn from, layer by layer, on its own device.
        init: a key of `lib.models.INITIALIZATIONS`.

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
