"""Fractional max pooling: windows at pseudo-random positions shrink an image by less than half."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from lib.precision import wide
from lib.validation import check_images

WINDOW = 2  # side of a pooling window, in pixels
KERNELS = ("cpu", "cuda")  # devices on which torch can pool so; for others, the CPU does


def fractional_boundaries(input_size: int, output_size: int, *, u: Tensor | float) -> Tensor:
    """Where the windows start along one side: ⌊α (i + u)⌋ - ⌊α u⌋ for i = 0, 1, …

    Windows are 2 pixels wide and their starts 1 or 2 pixels apart, in an order that `u` decides.
    The last one ends at the last pixel.

    Args:
        input_size: pixels before pooling.
        output_size: pixels after pooling, from ⌈input_size / 2⌉ to input_size - 1.
        u: in [0, 1); a number, or (...) for several sequences at once.

    Returns:
        int64, (..., output_size).

    Raises:
        ValueError: a size or u out of range.

    Source: Graham, "Fractional max-pooling", 2014, section 2.2, the pseudo-random sequences, with
    α = (input - 2) / (output - 1) as in torch. The paper's overlapping regions have 2 or 3 pixels
    and its disjoint ones 1 or 2; with windows of 2, as here, neighbors overlap or touch.
    """
    _check_sizes((input_size,), (output_size,))
    u = torch.as_tensor(u)
    u = u if u.is_floating_point() else u.float()
    if not bool(((u >= 0) & (u < 1)).all()):
        raise ValueError(f"u must be in [0, 1); got {u.tolist()}")
    if output_size == 1:
        return torch.zeros(*u.shape, 1, dtype=torch.int64, device=u.device)
    # Use u's dtype throughout, as torch's kernel does: rounding may move a boundary.
    alpha = torch.tensor(input_size - WINDOW, dtype=u.dtype, device=u.device) / (output_size - 1)
    i = torch.arange(output_size, device=u.device)
    starts = ((i + u[..., None]) * alpha).long() - (u[..., None] * alpha).long()
    starts[..., -1] = input_size - WINDOW
    return starts


def fractional_max_pool2d(
    x: Tensor, *, output_size: int | tuple[int, int], generator: torch.Generator
) -> Tensor:
    """The largest value of each of the windows that `fractional_boundaries` places.

    Each image draws one u for its width and one for its height; all its channels share them, so
    features at the same position stay at the same position.

    Args:
        x: (batch, channels, height, width).
        output_size: (height, width) after pooling, or one number for both; from half of the input
            size (rounded up) to one less than it.

    Returns:
        (batch, channels, *output_size).

    Raises:
        TypeError: not floats.
        ValueError: a wrong number of dimensions, or a size out of range.

    Source: Graham, 2014; torch draws a u per channel. At test, the paper averages predictions over
    several draws.
    """
    return _pool(x, _pair(output_size), generator)


def fractional_max_pool2d_fixed(x: Tensor, *, output_size: int | tuple[int, int]) -> Tensor:
    """Fractional max pooling without randomness, u = 1/2 everywhere: for testing.

    Args:
        x: (batch, channels, height, width).
        output_size: as in `fractional_max_pool2d`.

    Raises:
        TypeError, ValueError: as for `fractional_max_pool2d`.
    """
    return _pool(x, _pair(output_size), None)


def _pool(x: Tensor, size: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
    check_images(x, name="x")
    _check_sizes(tuple(x.shape[2:]), size)
    if generator is None:
        u = torch.full((len(x), 1, 2), 0.5)
    else:
        u = torch.rand(len(x), 1, 2, generator=generator, device=generator.device)
    # torch places the windows in the dtype of x, and half precision would move them.
    here = wide(x) if x.device.type in KERNELS else wide(x).cpu()
    pooled = functional.fractional_max_pool2d(
        here, WINDOW, output_size=size, _random_samples=u.to(here).expand(-1, x.shape[1], -1)
    )
    return pooled.to(x.device).to(x.dtype)


def _pair(size: int | Sequence[int]) -> tuple[int, ...]:
    return (size, size) if isinstance(size, int) else tuple(size)


def _check_sizes(inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
    if len(outputs) != len(inputs):
        raise ValueError(f"output_size must be a number or (height, width); got {outputs}")
    for before, after in zip(inputs, outputs, strict=True):
        if before < WINDOW:
            raise ValueError(f"fractional pooling needs sides of at least 2 pixels; got {before}")
        if not -(-before // 2) <= after < before:
            raise ValueError(
                f"fractional pooling of {before} pixels gives {-(-before // 2)} to "
                f"{before - 1} pixels; got output_size {after}"
            )
