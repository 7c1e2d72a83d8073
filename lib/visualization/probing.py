"""Images shown to a network up to one layer, to see which pixels its output depends on."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

GRAY = 0.5


class _ReachedError(Exception):
    """The layer's output is known; the rest of the network need not run."""


def run_until(model: nn.Module, layer: str, images: Tensor) -> Tensor:
    """The layer's output for these images, which may be NaN in part.

    Call this inside `examined`, after the model has run on such images once.

    Raises:
        ValueError: the model rejects NaN, and its first convolution does not see the image.
    """
    outputs: list[Tensor] = []

    def stop(module: nn.Module, inputs: object, output: Tensor) -> None:
        outputs.append(output)
        raise _ReachedError

    handle = model.get_submodule(layer).register_forward_hook(stop)
    try:
        _show(model, images)
    except _ReachedError:
        pass
    finally:
        handle.remove()
    return outputs[0]


def takes(model: nn.Module, layer: str, size: tuple[int, int]) -> bool:
    """Whether images of this height and width get to the layer.

    A network without padding leaves nothing of a small image, and one with a learned place for
    each patch asserts its own size.
    """
    try:
        run_until(model, layer, gray_images(model, 1, size))
    except (AssertionError, RuntimeError, ValueError):
        return False
    return True


def gray_images(model: nn.Module, count: int, size: tuple[int, int]) -> Tensor:
    """Gray images for the model's first convolution.

    Raises:
        ValueError: it has none.
    """
    first = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None:
        raise ValueError(f"the model has no nn.Conv2d; got a {type(model).__name__}")
    return first.weight.new_full((count, first.in_channels, *size), GRAY)


@contextmanager
def exact() -> Iterator[None]:
    """A context without fast convolutions on tiles, which mix neighboring pixels."""
    with torch.backends.cudnn.flags(enabled=False), torch.backends.nnpack.flags(enabled=False):
        yield


def _show(model: nn.Module, images: Tensor) -> None:
    """Run the model; if it rejects the values, put them in before its first convolution instead."""
    try:
        model(images.clone())
        return
    except (ValueError, AssertionError):
        gray = torch.full_like(images, GRAY)
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))

    def put(module: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        if inputs[0].shape != images.shape:
            raise ValueError("the model refuses not-a-number, and its first convolution sees maps "
                             f"of {tuple(inputs[0].shape[2:])}, not the image")  # fmt: skip
        return torch.where(images == GRAY, inputs[0], images)

    handle = first.register_forward_pre_hook(put)
    try:
        model(gray)
    finally:
        handle.remove()
