"""In which precision numbers are computed: their own, float32 at least, whatever autocast says."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor

DEVICES = ("cpu", "cuda", "mps")


@contextmanager
def without_autocast() -> Iterator[None]:
    """A context, or decorator, in which products and convolutions keep their inputs' precision."""
    with ExitStack() as stack:
        for device in DEVICES:
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        yield


def wide(values: Tensor) -> Tensor:
    """Half precision and whole numbers as float32; float32 and float64 unchanged."""
    return values.to(wide_dtype(values))


def wide_dtype(values: Tensor) -> torch.dtype:
    """The dtype of `wide`."""
    return torch.promote_types(values.dtype, torch.float32)


def unit_scale(values: Tensor, *dims: int) -> Tensor:
    """Powers of two by which values are divided to lie within -2 and 2, over these dimensions.

    Of what is left, squares neither overflow nor vanish, and dividing by a power of two rounds
    nothing. Without dimensions there is one power for all values. Shapes broadcast to the values.
    """
    largest = values.abs().amax(dim=dims, keepdim=True)
    return torch.ldexp(torch.ones_like(largest), torch.frexp(largest).exponent - 1)
