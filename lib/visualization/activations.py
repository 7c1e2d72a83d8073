"""Intermediate results of a network: the maps of its layers, and one vector for each image."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from lib.precision import wide
from lib.visualization.base import check_input, forward_with
from lib.visualization.examining import examined


def record_activations(
    model: nn.Module, images: Tensor, layers: Sequence[str], *, batch_size: int = 32
) -> dict[str, Tensor]:
    """The output of each named layer, (n, …) with the layer's own shape after n.

    Args:
        model: any network; it is left unchanged, and runs in evaluation mode whatever its mode.
        images: (n, channels, height, width), float, on the model's device and in its dtype.
        layers: names in `model.named_modules()`; a ReLU called as a function is not a layer.
        batch_size: images per forward pass; the results of all are kept.

    Raises:
        ValueError: no layers, an unknown one, one that was not called or called several times, or
            invalid images.
        TypeError: one name instead of several, a layer whose output is not a tensor, or images of
            a dtype other than the model's.

    Cost: a forward pass. Maps are large: 100 images of 32 × 112 × 112 take 160 MB.
    """
    if isinstance(layers, str):
        raise TypeError(f"layers must be several names, such as [{layers!r}]; got a string")
    if not layers:
        raise ValueError("layers must name at least one layer; got none")
    parts = []
    with examined(model), torch.no_grad():
        for batch in split_images(model, images, batch_size):
            parts.append(forward_with(model, batch, layers)[1])
    outputs = {name: torch.cat([part[name] for part in parts]) for name in dict.fromkeys(layers)}
    for name, output in outputs.items():
        _check_rows(f"layer {name!r}", output, images)
    return outputs


def feature_vectors(
    model: nn.Module, images: Tensor, *, layer: str | None = None, batch_size: int = 32
) -> Tensor:
    """One feature vector for each image, (n, d).

    Args:
        model: any network; it is left unchanged, and runs in evaluation mode whatever its mode.
        images: (n, channels, height, width), float, on the model's device and in its dtype.
        layer: the layer to take outputs from; maps (n, d, height, width) are averaged over their
            pixels. None takes the input of the last linear layer, AlexNet's and VGG's FC7.
        batch_size: images per forward pass.

    Raises:
        ValueError: a layer that does not exist or is not called exactly once, one that gives
            neither vectors nor maps, or no linear layer if none is named.
        TypeError: images of a dtype other than the model's.

    Cost: a forward pass. Source: Krizhevsky et al., NIPS 2012, section 6.1, compare the vectors of
    the last hidden layer.
    """
    name = "the last linear layer's input" if layer is None else f"layer {layer!r}"
    parts = []
    with examined(model), torch.no_grad():
        for batch in split_images(model, images, batch_size):
            if layer is None:
                output = _last_linear_input(model, batch)
            else:
                output = forward_with(model, batch, [layer])[1][layer]
            _check_rows(name, output, batch)
            parts.append(_pooled(output, name))
    return torch.cat(parts)


def split_images(model: nn.Module, images: Tensor, batch_size: int) -> Iterator[Tensor]:
    """Copies of the images, `batch_size` at a time: a network may change its input in place.

    Raises:
        ValueError, TypeError: what `check_input` rejects, or a batch size below 1.
    """
    check_input(model, images)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    return (batch.clone() for batch in images.detach().split(batch_size))


def _last_linear_input(model: nn.Module, images: Tensor) -> Tensor:
    seen: list[Tensor] = []

    def remember(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen[:] = [inputs[0].clone()]  # a later in-place function would change it

    linears = [module for module in model.modules() if isinstance(module, nn.Linear)]
    _call_with_pre_hooks(model, images, linears, remember)
    if not seen:
        raise ValueError("the model called no nn.Linear; name the layer to take features from")
    return seen[0]


def _call_with_pre_hooks(
    model: nn.Module, images: Tensor, modules: Sequence[nn.Module], hook: Callable
) -> None:
    handles = [module.register_forward_pre_hook(hook) for module in modules]
    try:
        model(images)
    finally:
        for handle in handles:
            handle.remove()


def _check_rows(name: str, output: Tensor, images: Tensor) -> None:
    if output.ndim < 2 or len(output) != len(images):
        raise ValueError(
            f"{name} must have a row for each of {len(images)} images; got {tuple(output.shape)}"
        )


def _pooled(output: Tensor, name: str) -> Tensor:
    """(n, d) of unchanged vectors, or of maps averaged over their pixels in float32 or more."""
    if output.ndim == 2:
        return output
    if output.ndim != 4:
        raise ValueError(f"{name} must be (n, d) or (n, d, height, width); got {output.shape}")
    return wide(output).mean(dim=(2, 3)).to(output.dtype)
