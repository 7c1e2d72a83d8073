"""Grad-CAM: a coarse map from the channels of one layer, weighted by the score's gradient."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.visualization.base import Neuron, Target, as_target, check_input, scores_and_outputs
from lib.visualization.examining import examined
from lib.visualization.slopes import NO_SLOPE, as_leaf, slope


def grad_cam(
    model: nn.Module,
    images: Tensor,
    target: Target,
    layer: str,
    *,
    upsample: bool = False,
    batch_size: int = 32,
) -> Tensor:
    """Where a layer's channels that raise the score are active: (batch, h', w'), 0 or more.

    ReLU(sum over channels k of a_k A_k), with A the layer's output and a_k the mean over places of
    the score's gradient with respect to A_k.

    Args:
        model: maps images to logits (batch, classes); it is left unchanged.
        images: (batch, channels, height, width).
        target: one class, one class for each image, or a `Neuron` after the layer.
        layer: its name in `model.named_modules()`; gives (batch, channels, h', w').
        upsample: stretch the maps to the images' height and width, bilinearly.
        batch_size: images at a time; bounds the memory.

    Raises:
        TypeError, ValueError: images, a target or a layer that do not fit the model, or a score
            that does not depend on the layer.

    Cost: a forward pass, and a backward pass down to the layer.
    Source: Selvaraju et al., "Grad-CAM", ICCV 2017, section 3.
    """
    check_input(model, images)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    goal = as_target(target, images)
    with examined(model):
        maps = [
            _maps(model, images[rows], goal if isinstance(goal, Neuron) else goal[rows], layer)
            for rows in (slice(i, i + batch_size) for i in range(0, len(images), batch_size))
        ]
    result = torch.cat(maps)
    if upsample:
        size = tuple(images.shape[2:])
        result = functional.interpolate(result[:, None], size, mode="bilinear")[:, 0]
    return result


def _maps(model: nn.Module, images: Tensor, target: Tensor | Neuron, layer: str) -> Tensor:
    scores, outputs = scores_and_outputs(model, as_leaf(model, images).clone(), target, [layer])
    activations = outputs[layer]
    if activations.ndim != 4:
        raise ValueError(
            f"layer {layer!r} must give (batch, channels, height, width); got "
            f"{tuple(activations.shape)}"
        )
    if not (scores.requires_grad and activations.requires_grad):
        raise ValueError(NO_SLOPE)
    gradients = slope(scores, activations, missing=f"the score does not depend on layer {layer!r}")
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    return (weights * activations.detach()).sum(dim=1).relu()
