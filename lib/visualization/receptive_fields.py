"""Which pixels a unit can see, measured on the network itself instead of derived from its plan.

Pixels are replaced by NaN, which every operation passes on: where NaN arrives, they matter.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lib.visualization.base import examined, forward_with

NARROW = 32  # pixels along the side not measured: enough for nearly any network
STEP = 64  # images grow by multiples of this, so every stride meets the border the same way
GROWTH = (0, 1, 2, 4, 8, 16)  # times the image's size; a larger field counts as the whole image


@dataclass(frozen=True)
class ReceptiveField:
    """The pixels that reach the units of a layer; pairs are (rows, columns), in pixels.

    Attributes:
        size: size of the rectangle that a unit sees if no border clips it.
        stride: distance from one unit's rectangle to the next; 0 if all see the whole image.
        offset: first pixel of the rectangle of unit (0, 0), negative if the network pads.
        image_size: (height, width) of the images.
        units: (rows, columns) of the layer's maps for such images.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    offset: tuple[int, int]
    image_size: tuple[int, int]
    units: tuple[int, int]

    def box(self, row: int, column: int, *, cut: bool = True) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) of the pixels a unit sees, bottom and right exclusive.

        Args:
            row, column: position of the unit in its map, from 0.
            cut: whether to clip at the image's border; otherwise the box may extend beyond.

        Raises:
            ValueError: the map has no such unit.
        """
        if not (0 <= row < self.units[0] and 0 <= column < self.units[1]):
            raise ValueError(f"the map has {self.units} units; got ({row}, {column})")
        first = [o + s * i for o, s, i in zip(self.offset, self.stride, (row, column), strict=True)]
        last = [start + size for start, size in zip(first, self.size, strict=True)]
        if cut:
            first = [max(0, start) for start in first]
            last = [min(end, side) for end, side in zip(last, self.image_size, strict=True)]
        (top, left), (bottom, right) = first, last
        return top, left, bottom, right


def receptive_field(
    model: nn.Module, layer: str, *, image_size: int | tuple[int, int]
) -> ReceptiveField:
    """The receptive field of a layer's units.

    Works for any graph of layers: a field is what can matter, whatever the weights. Layers with
    units instead of maps, and maps after a global average, see the whole image.

    Args:
        model: any network that takes (batch, channels, height, width); it is left unchanged.
        layer: its name in `model.named_modules()`.
        image_size: (height, width) in pixels, or one number for both.

    Raises:
        ValueError: no such layer, one that is not called exactly once, or units whose fields
            differ in size or spacing, as after fractional or adaptive pooling.

    Cost: about 25 forward passes of narrow images, up to the layer.
    Source: Luo et al., "Understanding the effective receptive field in deep convolutional neural
    networks", NIPS 2016, who show how little of it matters much.
    """
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    if min(height, width) < 1:
        raise ValueError(f"image_size must be at least 1; got {image_size}")
    if any(weight.dtype in (torch.float16, torch.bfloat16) for weight in model.parameters()):
        model = copy.deepcopy(model).float()  # fast half precision mixes neighboring pixels
    with examined(model), torch.no_grad(), _exact():
        units = _units(model, layer, (height, width))
        if units is None:
            return _whole((height, width), (1, 1))
        rows = _measure(model, layer, (height, width), side=0)
        columns = _measure(model, layer, (height, width), side=1)
    if rows is None or columns is None:
        return _whole((height, width), units)
    size, stride, offset = zip(rows, columns, strict=True)
    return ReceptiveField(size, stride, offset, (height, width), units)


def _whole(image_size: tuple[int, int], units: tuple[int, int]) -> ReceptiveField:
    return ReceptiveField(image_size, (0, 0), (0, 0), image_size, units)


def _units(model: nn.Module, layer: str, size: tuple[int, int]) -> tuple[int, int] | None:
    """(rows, columns) of the layer's maps; None if it has none."""
    _, outputs = forward_with(model, _blank(model, 1, size), [layer])
    shape = tuple(outputs[layer].shape)
    if len(shape) == 2:
        return None
    if len(shape) != 4:
        raise ValueError(f"layer {layer!r} must give maps or units; got {shape}")
    return shape[2:]


def _measure(
    model: nn.Module, layer: str, image_size: tuple[int, int], side: int
) -> tuple[int, int, int] | None:
    """(size, stride, offset) along one side; None if a unit sees all of it, however long it is."""
    length, across = image_size[side], image_size[1 - side]
    found = None
    for factor in GROWTH:
        probed = length + STEP * -(-factor * length // STEP)
        reach = _make_reach(model, layer, probed, across, side)
        if found and _is_confirmed(reach, found, probed):
            return found
        found, unit = None, _uncut_unit(reach, layer, probed)
        if unit is not None:
            found = _bounds(reach, layer, probed, unit)
    return None


def _uncut_unit(reach: Callable, layer: str, length: int) -> int | None:
    """A unit in the middle that, like the next one, sees neither end of the image."""
    ends = reach([slice(0, 1), slice(length - 1, length), slice(0, 0)])
    if bool(ends[2].any()):
        raise ValueError(f"layer {layer!r} gives not-a-number for a gray image")
    unit = ends.shape[1] // 2 - 1
    return None if unit < 0 or bool(ends[:, unit : unit + 2].any()) else unit


def _is_confirmed(reach: Callable, found: tuple[int, int, int], length: int) -> bool:
    """Whether a unit of a longer image also sees nothing outside the field that was found.

    A field with holes, as of dilated convolutions, may seem smaller in an image that falls between
    the pixels it sees.
    """
    size, stride, offset = found
    unit = reach([slice(0, 0)]).shape[1] // 2
    first = offset + stride * unit
    inside = first > 0 and first + size < length
    outside = reach([slice(0, max(0, first)), slice(first + size, length)])
    return inside and not bool(outside[:, unit].any())


def _bounds(reach: Callable, layer: str, length: int, unit: int) -> tuple[int, int, int]:
    """(size, stride, offset) from where the fields of two units begin and end."""
    first = _search(length, lambda ends: reach([slice(0, y + 1) for y in ends]), unit)
    last = _search(
        length, lambda ends: reach([slice(length - 1 - y, length) for y in ends]), unit, down=True
    )
    stride, sizes = first[1] - first[0], [e - s + 1 for s, e in zip(first, last, strict=True)]
    if sizes[0] != sizes[1] or stride < 1:
        raise ValueError(f"the units of layer {layer!r} see fields of different sizes: {sizes}")
    return sizes[0], stride, first[0] - stride * unit


def _search(length: int, reach: Callable, unit: int, *, down: bool = False) -> tuple[int, int]:
    """For this unit and the next, the first pixel that reaches them, counted from one end."""
    low, high = [0, 0], [length - 1, length - 1]
    while low != high:
        middle = [(a + b) // 2 for a, b in zip(low, high, strict=True)]
        reached = reach(middle)
        for which in (0, 1):
            if bool(reached[which, unit + which]):
                high[which] = middle[which]
            else:
                low[which] = min(middle[which] + 1, high[which])
    first, second = [length - 1 - y for y in low] if down else low
    return first, second


def _make_reach(model: nn.Module, layer: str, length: int, across: int, side: int) -> Callable:
    """A function from parts of one side to (parts, units) bool: do these pixels reach the unit?"""

    def run(parts: list[slice], narrow: int) -> Tensor:
        size = (length, narrow) if side == 0 else (narrow, length)
        images = _blank(model, len(parts), size)
        for image, part in zip(images, parts, strict=True):
            image.transpose(1, 1 + side)[:, part] = torch.nan
        output = _run_until(model, layer, images)
        return output.isnan().any(dim=1).any(dim=2 - side)

    def reach(parts: list[slice]) -> Tensor:
        if across <= NARROW:
            return run(parts, across)
        try:
            return run(parts, NARROW)
        except (RuntimeError, ValueError):  # a network without padding leaves nothing of it
            return run(parts, across)

    return reach


class _ReachedError(Exception):
    """The layer's output is known; the rest of the network need not run."""


def _run_until(model: nn.Module, layer: str, images: Tensor) -> Tensor:
    """The layer's output."""
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


def _show(model: nn.Module, images: Tensor) -> None:
    """Run the model; if it rejects NaN, put NaN in before its first convolution instead."""
    try:
        model(images)
        return
    except (ValueError, AssertionError):
        blank, lost = torch.full_like(images, 0.5), images.isnan().any(dim=1, keepdim=True)
    first = next(module for module in model.modules() if isinstance(module, nn.Conv2d))

    def put(module: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        if inputs[0].shape[2:] != lost.shape[2:]:
            raise ValueError("the model refuses not-a-number, and its first convolution sees maps "
                             f"of {tuple(inputs[0].shape[2:])}, not the image")  # fmt: skip
        return inputs[0].masked_fill(lost, torch.nan)

    handle = first.register_forward_pre_hook(put)
    try:
        model(blank)
    finally:
        handle.remove()


def _blank(model: nn.Module, count: int, size: tuple[int, int]) -> Tensor:
    """Gray images for the model's first convolution."""
    first = next((module for module in model.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None:
        raise ValueError(f"the model has no nn.Conv2d; got a {type(model).__name__}")
    return torch.full((count, first.in_channels, *size), 0.5).to(first.weight)


@contextmanager
def _exact() -> Iterator[None]:
    """A context without fast convolutions on tiles, which mix neighboring pixels."""
    with torch.backends.cudnn.flags(enabled=False), torch.backends.nnpack.flags(enabled=False):
        yield
