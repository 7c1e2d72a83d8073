"""Several regularizers in one training."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lib.precision import wide
from lib.training.trials import BatchTransform

_MERGED = {"network", "transform", "penalty"}  # what `combine` puts together


def combine(*options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a `Trial` that combines all the given options.

    Networks' options are merged, transforms are applied in the given order, and penalties add up;
    any other option may be set in only one of them.

    Raises:
        ValueError: two of them set the same thing to different values.
    """
    merged: dict[str, Any] = {"network": {}}
    for option in options:
        merged["network"] = _unite(merged["network"], option.get("network", {}))
        merged |= _unite(
            {name: value for name, value in merged.items() if name not in _MERGED},
            {name: value for name, value in option.items() if name not in _MERGED},
        )
    for name, together in (("transform", _chained), ("penalty", _summed)):
        given = [option[name] for option in options if option.get(name) is not None]
        if given:
            merged[name] = given[0] if len(given) == 1 else partial(together, given)
    return merged


def _unite(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    for name in first.keys() & second.keys():
        if first[name] != second[name]:
            raise ValueError(f"two values for {name!r}: {first[name]!r} and {second[name]!r}")
    return {**first, **second}


def _chained(
    transforms: Sequence[BatchTransform], images: Tensor, labels: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    pixels = wide(images)
    for transform in transforms:
        pixels, labels = transform(pixels, labels, generator)
    return pixels.to(images.dtype), labels


def _summed(penalties: Sequence[Callable[[nn.Module], Tensor]], model: nn.Module) -> Tensor:
    return sum((penalty(model) for penalty in penalties), start=torch.zeros(()))
