"""What all methods share: what to explain, and a forward pass."""

from collections.abc import Mapping, Sequence
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
ROUNDING = 1e-4  # of the largest score: a hundred times what rounding changes in float32


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
        ValueError: the model has no such layer, did not call it, called it several times, or it is
            scripted or traced, or computes without gradients where they are wanted.
        TypeError: a layer's output is not a tensor.
    """
    if not layers:
        return model(images), {}
    modules = dict(model.named_modules())
    for name in layers:
        if name not in modules:
            raise ValueError(f"the model has no layer {name!r}; it has {_some(modules)}")
        if isinstance(modules[name], torch.jit.ScriptModule):
            raise ValueError(
                f"layer {name!r} is scripted or traced, so its output cannot be recorded; give the "
                f"model that it was made from"
            )
    outputs: dict[str, Tensor] = {}
    differentiable = torch.is_grad_enabled()

    def hook(name: str):
        def record(module: nn.Module, inputs: object, output: object) -> Tensor:
            if not isinstance(output, Tensor):
                raise TypeError(f"layer {name!r} gives a {type(output).__name__}, not a tensor")
            if name in outputs:
                raise ValueError(f"layer {name!r} is called more than once in a forward pass")
            if differentiable and not torch.is_grad_enabled():
                raise ValueError(
                    f"layer {name!r} computes without gradients, as inside torch.no_grad or a "
                    f"checkpoint with use_reentrant=True"
                )
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
    classes = whole_numbers(target).to(images.device)
    if classes.ndim == 0:
        classes = classes.expand(len(images))
    if classes.shape != (len(images),):
        raise ValueError(
            f"target must be one class, or one for each of {len(images)} images; got shape "
            f"{tuple(classes.shape)}"
        )
    if bool((classes < 0).any()):
        raise ValueError(f"classes start at 0; got {int(classes.min())}")
    return classes.clone()


def whole_numbers(target: int | Sequence[int] | Tensor) -> Tensor:
    """The target as int64, of any shape.

    Raises:
        TypeError: no integers.
    """
    try:
        classes = torch.as_tensor(target)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"target must be whole numbers or a Neuron; got {target!r}") from error
    if classes.is_floating_point() or classes.is_complex() or classes.dtype == torch.bool:
        raise TypeError(f"target must be whole numbers or a Neuron; got {classes.dtype}")
    return classes.long()


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
        TypeError: the model's output is not a tensor of floats.
        ValueError: no such class, layer, channel or position.
    """
    if isinstance(target, Neuron):
        _, outputs = forward_with(model, images, [*layers, target.layer])
        return pick(outputs[target.layer], target), outputs
    output, outputs = forward_with(model, images, layers)
    return check_scores(output, target).gather(1, target[:, None])[:, 0], outputs


def check_scores(output: object, classes: Tensor) -> Tensor:
    """A model's output, if it has a score for each of these classes (batch,).

    Raises:
        TypeError: not a tensor of floats; the message says how to wrap the model.
        ValueError: not (batch, classes), or not enough classes.
    """
    if not isinstance(output, Tensor):
        raise TypeError(
            f"the model gives {type(output).__name__}, not a tensor (batch, classes); wrap it in "
            f"a module whose forward returns {_first_tensor(output)}"
        )
    if not output.is_floating_point():
        raise TypeError(f"the model must give scores that are floats; got {output.dtype}")
    if output.ndim != 2 or len(output) != len(classes):
        raise ValueError(
            f"the model gives {tuple(output.shape)} for {len(classes)} images, not (batch, classes)"
        )
    if int(classes.max()) >= output.shape[1]:
        raise ValueError(f"the model knows {output.shape[1]} classes; got {int(classes.max())}")
    return output


def _first_tensor(output: object) -> str:
    """Code that takes the first tensor from a model's output."""
    if isinstance(output, Mapping):
        parts = {f"[{key!r}]": value for key, value in output.items()}
    elif isinstance(output, Sequence):
        parts = {f"[{index}]": value for index, value in enumerate(output)}
    else:
        parts = {f".{name}": value for name, value in getattr(output, "__dict__", {}).items()}
    places = [place for place, value in parts.items() if isinstance(value, Tensor)]
    return f"model(images){places[0]}" if places else "the tensor"


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


def check_independence(model: nn.Module, images: Tensor, target: Tensor | Neuron) -> None:
    """Raise if what the first image gives changes with its batch, or from one time to the next.

    Call this inside `examined`, in methods that put several variants of an image into one batch.

    Raises:
        ValueError: it does, as with batch statistics or dropout that do not ask for the mode.

    Cost: a forward pass of three images.
    """

    def given(batch: Tensor) -> Tensor:
        if isinstance(target, Neuron):
            return forward_with(model, batch, [target.layer])[1][target.layer]
        return check_scores(model(batch), target[:1].expand(len(batch)))

    first = images[:1]
    with torch.no_grad():
        alone, beside = given(first.clone()), given(torch.cat([first, first + 1]))
    apart, scale = (alone - beside[:1]).abs().max(), beside.abs().max()
    if bool(apart > max(ROUNDING, 8 * torch.finfo(scale.dtype).eps) * scale):
        raise ValueError(
            f"an image's scores must not depend on the other images of its batch, nor on chance; "
            f"they differ by up to {float(apart):.3g} when another image is beside it"
        )


def _some(modules: Mapping[str, nn.Module], most: int = 12) -> str:
    names = [name for name in modules if name]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
