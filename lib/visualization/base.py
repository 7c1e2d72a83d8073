"""What all methods share: a model that is examined and left unchanged, and what to explain."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib.validation import check_images


class Neuron(NamedTuple):
    """One unit of one layer.

    Attributes:
        layer: its name in `model.named_modules()`, such as "blocks.2.0.conv_pw".
        channel: of the layer's output (batch, channels, height, width); the unit, if the output is
            (batch, units).
        row, column: position in the channel; None for (batch, units).
    """

    layer: str
    channel: int
    row: int | None = None
    column: int | None = None


Target = int | Sequence[int] | Tensor | Neuron
MOST_IMAGES, MOST_PIXELS = 256, 2**18  # per batch


@contextmanager
def examined(model: nn.Module) -> Iterator[None]:
    """A context in which the model is in evaluation mode and its weights need no gradients.

    Afterwards every module's mode and every weight's `requires_grad` are restored, even after an
    exception. Gradients are recorded inside the block, wherever it is entered.
    """
    modes = [(module, module.training) for module in model.modules()]
    wanted = [(weight, weight.requires_grad) for weight in model.parameters()]
    try:
        for module, _ in modes:
            module.training = False  # not eval(): some networks override it
        for weight, _ in wanted:
            weight.requires_grad_(False)
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
        for weight, wants in wanted:
            weight.requires_grad_(wants)


def check_input(model: nn.Module, images: Tensor) -> None:
    """Raise unless a model can take these images.

    Raises:
        TypeError: not a tensor, or a dtype other than that of the model's weights.
        ValueError: not (batch, channels, height, width) with at least one image and pixel, a device
            other than the model's, or pixels that are not finite.
    """
    check_images(images)
    if len(images) == 0:
        raise ValueError(f"images must not be empty; got shape {tuple(images.shape)}")
    weight = next((w for w in model.parameters() if w.is_floating_point()), images)
    if weight.dtype != images.dtype:
        raise TypeError(f"the model computes in {weight.dtype}, images are {images.dtype}")
    if weight.device != images.device:
        raise ValueError(f"the model is on {weight.device}, images are on {images.device}")
    if not all(bool(extreme.isfinite()) for extreme in images.aminmax()):
        raise ValueError("images must be finite; got NaN or infinity")


def forward_with(
    model: nn.Module, images: Tensor, layers: Sequence[str]
) -> tuple[Tensor, dict[str, Tensor]]:
    """The model's output, and those of the named layers, all in one graph.

    Raises:
        ValueError: the model has no such layer, or did not call it, or called it several times.
        TypeError: a layer's output is not a tensor.
    """
    if not layers:
        return model(images), {}
    modules = dict(model.named_modules())
    for name in layers:
        if name not in modules:
            raise ValueError(f"the model has no layer {name!r}; it has {_some(modules)}")
    outputs: dict[str, Tensor] = {}

    def hook(name: str):
        def record(module: nn.Module, inputs: object, output: object) -> Tensor:
            if not isinstance(output, Tensor):
                raise TypeError(f"layer {name!r} gives a {type(output).__name__}, not a tensor")
            if name in outputs:
                raise ValueError(f"layer {name!r} is called more than once in a forward pass")
            outputs[name] = output
            return output.clone()  # otherwise a later in-place ReLU would change what we keep

        return record

    handles = [modules[name].register_forward_hook(hook(name)) for name in dict.fromkeys(layers)]
    try:
        result = model(images)
    finally:
        for handle in handles:
            handle.remove()
    missed = [name for name in layers if name not in outputs]
    if missed:
        raise ValueError(f"the forward pass never called the layer(s) {', '.join(missed)}")
    return result, outputs


@torch.inference_mode(False)  # otherwise its result could not be used with gradients
def as_target(target: Target, images: Tensor) -> Tensor | Neuron:
    """The target in one of two forms: classes (batch,) on the images' device, or a neuron.

    Raises:
        TypeError: neither integers nor a `Neuron`.
        ValueError: not one class per image, or a negative one.
    """
    if isinstance(target, Neuron):
        return target
    try:
        classes = torch.as_tensor(target, device=images.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"target must be whole numbers or a Neuron; got {target!r}") from error
    if classes.is_floating_point() or classes.is_complex() or classes.dtype == torch.bool:
        raise TypeError(f"target must be whole numbers or a Neuron; got {classes.dtype}")
    if classes.ndim == 0:
        classes = classes.expand(len(images))
    if classes.shape != (len(images),):
        raise ValueError(
            f"target must be one class, or one for each of {len(images)} images; got shape "
            f"{tuple(classes.shape)}"
        )
    if bool((classes < 0).any()):
        raise ValueError(f"classes start at 0; got {int(classes.min())}")
    return classes.long().clone()


def target_scores(model: nn.Module, images: Tensor, target: Tensor | Neuron) -> Tensor:
    """The scores to explain: (batch,), each image's unnormalized class score or neuron.

    Args:
        target: the result of `as_target`.

    Raises:
        ValueError: no such class, layer, channel or position.
    """
    return scores_and_outputs(model, images, target, [])[0]


def scores_and_outputs(
    model: nn.Module, images: Tensor, target: Tensor | Neuron, layers: Sequence[str]
) -> tuple[Tensor, dict[str, Tensor]]:
    """The result of `target_scores`, and the named layers' outputs, from one forward pass.

    Raises:
        ValueError: no such class, layer, channel or position.
    """
    if isinstance(target, Neuron):
        _, outputs = forward_with(model, images, [*layers, target.layer])
        return pick(outputs[target.layer], target), outputs
    logits, outputs = forward_with(model, images, layers)
    if logits.ndim != 2:
        raise ValueError(f"the model must give (batch, classes); got {tuple(logits.shape)}")
    if int(target.max()) >= logits.shape[1]:
        raise ValueError(f"the model knows {logits.shape[1]} classes; got {int(target.max())}")
    return logits.gather(1, target[:, None])[:, 0], outputs


def pick(output: Tensor, neuron: Neuron) -> Tensor:
    """A neuron's activation for each image, (batch,), from its layer's output.

    Raises:
        ValueError: the layer has no such channel or position.
    """
    place = [i for i in neuron[1:] if i is not None]
    sizes = tuple(output.shape[1:])
    if len(place) != len(sizes):
        raise ValueError(f"layer {neuron.layer!r} gives {sizes} per image; got the place {place}")
    if not all(0 <= i < size for i, size in zip(place, sizes, strict=True)):
        raise ValueError(f"layer {neuron.layer!r} gives {sizes} per image; {place} lies outside")
    return output[(slice(None), *place)]


def images_at_once(images: Tensor) -> int:
    """How many images of this size to show a network at once: few large ones, many small ones."""
    return max(1, min(MOST_IMAGES, MOST_PIXELS // images[0, 0].numel()))


def image_gradients(
    model: nn.Module, images: Tensor, target: Tensor | Neuron, *, batch_size: int
) -> Tensor:
    """The gradient of each image's score with respect to its pixels, in the images' shape.

    Call this inside `examined`. Images are taken `batch_size` at a time to bound the memory.

    Raises:
        ValueError: a batch size below 1, or a score that does not depend on the pixels.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    parts = []
    for start in range(0, len(images), batch_size):
        rows = slice(start, start + batch_size)
        x = images[rows].detach().requires_grad_()
        part = target if isinstance(target, Neuron) else target[rows]
        scores = target_scores(model, x.clone(), part)  # a copy: the first layer may work in place
        if not scores.requires_grad:
            raise ValueError(
                "the score does not depend on the pixels through anything with a slope"
            )
        parts.append(torch.autograd.grad(scores.sum(), x)[0])
    return torch.cat(parts)


def _some(modules: Mapping[str, nn.Module], most: int = 12) -> str:
    names = [name for name in modules if name]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
