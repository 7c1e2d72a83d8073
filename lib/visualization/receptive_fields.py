"""Which pixels a unit can see, measured on the network itself instead of derived from its plan.

Pixels are replaced by NaN, which every operation passes on: where NaN arrives, they matter.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lib.visualization.base import forward_with
from lib.visualization.examining import copy_of, examined
from lib.visualization.probing import exact, gray_images, run_until, takes

NARROW = 32  # pixels along the side not measured: enough for nearly any network
STEP = 64  # images grow by multiples of this, so every stride meets the border the same way
GROWTH = (0, 1, 2, 4, 8, 16)  # times the image's size; a larger field counts as the whole image
LOST = (
    "the field of layer {!r} cannot be measured: not-a-number, which shows {}, gets lost on the "
    "way, as in a comparison such as torch.where(x > 0, x, 0)"
)
DRAWS = 2  # of noise, to check what NaN has found
ROUNDING = 1e-3  # of a layer's outputs: more than what rounding changes


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
            differ in size or spacing, as after fractional or adaptive pooling; a model that
            compares numbers before the layer, as far as noise shows it, or one that refuses
            images of other sizes in which the fields could be measured.

    Cost: about 30 forward passes of narrow images and four of whole ones, up to the layer.
    Source: Luo et al., "Understanding the effective receptive field in deep convolutional neural
    networks", NIPS 2016, who show how little of it matters much.
    """
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    if min(height, width) < 1:
        raise ValueError(f"image_size must be at least 1; got {image_size}")
    if any(weight.dtype in (torch.float16, torch.bfloat16) for weight in model.parameters()):
        model = copy_of(model).float()  # fast half precision mixes neighboring pixels
    with examined(model), torch.no_grad(), exact():
        units = _units(model, layer, (height, width))
        if units is None:
            return _whole((height, width), (1, 1))
        rows = _measure(model, layer, (height, width), side=0)
        columns = _measure(model, layer, (height, width), side=1)
        if rows is None or columns is None:
            return _whole((height, width), units)
        size, stride, offset = zip(rows, columns, strict=True)
        field = ReceptiveField(size, stride, offset, (height, width), units)
        _check_with_noise(model, layer, field)
    return field


def _whole(image_size: tuple[int, int], units: tuple[int, int]) -> ReceptiveField:
    return ReceptiveField(image_size, (0, 0), (0, 0), image_size, units)


def _units(model: nn.Module, layer: str, size: tuple[int, int]) -> tuple[int, int] | None:
    """(rows, columns) of the layer's maps; None if it has none."""
    images = gray_images(model, 1, size)
    try:
        _, outputs = forward_with(model, images, [layer])
    except AssertionError as error:
        raise ValueError(f"the model refuses images of {size} pixels: {error}") from error
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
    found, last = None, None
    for factor in GROWTH:
        probed = length + STEP * -(-factor * length // STEP)
        reach = _make_reach(model, layer, probed, across, side)
        if reach is None:
            return _measure_within(layer, last, found)
        last = reach, probed
        if found and _is_confirmed(reach, found, probed):
            return found
        found, unit = None, _uncut_unit(reach, layer, probed)
        if unit is not None:
            found = _bounds(reach, layer, probed, unit)
    return None


def _uncut_unit(reach: Callable, layer: str, length: int) -> int | None:
    """A unit in the middle that, like the next one, sees neither end of the image."""
    top, bottom, none, every = reach(
        [slice(0, 1), slice(length - 1, length), slice(0, 0), slice(0, length)]
    )
    if bool(none.any()):
        raise ValueError(f"layer {layer!r} gives not-a-number for a gray image")
    unit = len(none) // 2 - 1
    if not bool(every[max(0, unit) : unit + 2].all()):
        raise ValueError(LOST.format(layer, "nothing"))
    return None if unit < 0 or bool((top | bottom)[unit : unit + 2].any()) else unit


def _is_confirmed(reach: Callable, found: tuple[int, int, int], length: int) -> bool:
    """Whether a unit of a longer image also sees nothing outside the field that was found.

    A field with holes, as of dilated convolutions, may seem smaller in an image that falls between
    the pixels it sees.
    """
    size, stride, offset = found
    unit = reach([slice(0, 0)]).shape[1] // 2
    first = offset + stride * unit
    inside = first > 0 and first + size < length
    return inside and _sees_no_more(reach, found, length, unit)


def _sees_no_more(reach: Callable, found: tuple[int, int, int], length: int, unit: int) -> bool:
    """Whether no pixel outside the field that was found reaches this unit."""
    size, stride, offset = found
    first = offset + stride * unit
    outside = reach([slice(0, max(0, first)), slice(max(0, first + size), length)])
    return not bool(outside[:, unit].any())


def _measure_within(
    layer: str, last: tuple[Callable, int] | None, found: tuple[int, int, int] | None
) -> tuple[int, int, int] | None:
    """What was found in the longest image that the model takes, if units at its ends agree."""
    if last is not None:
        reach, length = last
        ends = reach([slice(0, 1), slice(length - 1, length)])
        count = ends.shape[1]
        if found is None and bool(ends.all()):
            return None
        if found and all(
            _sees_no_more(reach, found, length, u) for u in (0, count // 2, count - 1)
        ):
            return found
    raise ValueError(
        f"the fields of layer {layer!r} cannot be measured, since the model takes no larger images"
    )


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


def _make_reach(
    model: nn.Module, layer: str, length: int, across: int, side: int
) -> Callable[[list[slice]], Tensor] | None:
    """A function from parts of one side to (parts, units) bool: do these pixels reach the unit?

    None if the model takes no images of this length.
    """

    def oriented(width: int) -> tuple[int, int]:
        return (length, width) if side == 0 else (width, length)

    widths = dict.fromkeys((min(across, NARROW), across))
    narrow = next((width for width in widths if takes(model, layer, oriented(width))), None)
    if narrow is None:
        return None

    def reach(parts: list[slice]) -> Tensor:
        images = gray_images(model, len(parts), oriented(narrow))
        for image, part in zip(images, parts, strict=True):
            image.transpose(1, 1 + side)[:, part] = torch.nan
        output = run_until(model, layer, images)
        return output.isnan().any(dim=1).any(dim=2 - side)

    return reach


def _check_with_noise(model: nn.Module, layer: str, field: ReceptiveField) -> None:
    """Raise if other pixels outside the field of a unit in the middle change its output.

    NaN gets lost in a comparison, such as the one of torch.where(x > 0, x, 0).
    """
    row, column = (count // 2 for count in field.units)
    top, left, bottom, right = field.box(row, column)
    images = gray_images(model, 2 * DRAWS, field.image_size)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0)).to(images)
    noise[DRAWS:, :, top:bottom, left:right] = noise[:DRAWS, :, top:bottom, left:right]
    one, other = run_until(model, layer, noise)[:, :, row, column].split(DRAWS)
    if bool((one - other).abs().max() > ROUNDING * one.abs().max()):
        raise ValueError(LOST.format(layer, f"only {field.size} of it"))
