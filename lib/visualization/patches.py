"""The parts of many images that activate one channel most."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib.visualization.activations import split_images
from lib.visualization.base import check_input, forward_with
from lib.visualization.examining import examined
from lib.visualization.receptive_fields import ReceptiveField, receptive_field


class Patches(NamedTuple):
    """The patches that activate a channel most, strongest first.

    Attributes:
        images: (count, channels, height, width): what the unit sees, in the size of its
            receptive field or of the image, whichever is smaller.
        values: (count,), the unit's activation.
        indices: (count,), index of the image each comes from.
        places: (count, 2), row and column of the unit in its map.
        boxes: (count, 4), (top, left, bottom, right) of the pixels the unit sees, clipped at the
            border; bottom and right are exclusive.
        field: the receptive field of the layer.
    """

    images: Tensor
    values: Tensor
    indices: Tensor
    places: Tensor
    boxes: Tensor
    field: ReceptiveField


def maximally_activating_patches(
    model: nn.Module,
    images: Tensor,
    layer: str,
    channel: int,
    *,
    count: int = 9,
    per_image: int = 1,
    whole: bool = False,
    padding: float = 0.5,
    batch_size: int = 32,
) -> Patches:
    """The patches of the images on which one channel of a layer is largest.

    Args:
        model: any network; it is left unchanged, and runs in evaluation mode whatever its mode.
        images: (n, channels, height, width), float, on the model's device and in its dtype.
        layer: its name in `model.named_modules()`.
        channel: of the layer's maps, or one of its units.
        count: number of patches; fewer if the images have fewer units.
        per_image: the most that may come from one image; neighbors see nearly the same pixels.
        whole: use only units whose field lies within the image. Zero padding looks like an edge to
            many channels, so otherwise patches at the border are found often.
        padding: the value of a patch where the receptive field extends beyond the image.
        batch_size: images per forward pass; only the best are kept.

    Raises:
        ValueError: a layer that does not exist or is not called exactly once, no such channel, a
            count, per_image or batch size below 1, or no unit whose field is whole.
        TypeError: images of a dtype other than the model's.

    Cost: a forward pass, and that of `receptive_field`. Equal values are in the images' order.
    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014;
    Girshick et al., "Rich feature hierarchies", CVPR 2014, section 3.1.
    """
    return patches_by_channel(
        model, images, layer, [channel], count=count, per_image=per_image, whole=whole,
        padding=padding, batch_size=batch_size,
    )[channel]  # fmt: skip


def patches_by_channel(
    model: nn.Module,
    images: Tensor,
    layer: str,
    channels: Sequence[int],
    *,
    count: int = 9,
    per_image: int = 1,
    whole: bool = False,
    padding: float = 0.5,
    batch_size: int = 32,
) -> dict[int, Patches]:
    """For each of several channels of a layer, its `maximally_activating_patches`.

    Args, Raises: as for `maximally_activating_patches`.

    Cost: one forward pass for all channels together.
    """
    if count < 1 or per_image < 1:
        raise ValueError(f"count and per_image must be at least 1; got {count}, {per_image}")
    check_input(model, images)
    images = images.detach()  # patches are cut out of them in place
    height, width = images.shape[2:]
    field = receptive_field(model, layer, image_size=(height, width))
    allowed = _allowed(field, whole).to(images.device)
    best: dict[int, list[Tensor]] = {channel: [] for channel in channels}
    done = 0
    with examined(model), torch.no_grad():
        for batch in split_images(model, images, batch_size):
            output = forward_with(model, batch, [layer])[1][layer]
            for channel, kept in best.items():
                found = _strongest(_maps(output, layer, channel), allowed, done, per_image)
                best[channel] = _merge(kept, found, count)
            done += len(batch)
    return {c: _cut_patches(images, kept, field, padding) for c, kept in best.items()}


def _merge(kept: list[Tensor], found: list[Tensor], count: int) -> list[Tensor]:
    """The strongest of both; of equal ones, those found first."""
    every = [torch.cat(pair) for pair in zip(kept, found, strict=True)] if kept else found
    order = every[0].argsort(descending=True, stable=True)[:count]
    return [part[order] for part in every]


def _maps(output: Tensor, layer: str, channel: int) -> Tensor:
    """One channel of a layer's output, (batch, rows, columns); units are maps of one pixel."""
    if output.ndim == 2:
        output = output[:, :, None, None]
    if output.ndim != 4:
        raise ValueError(f"layer {layer!r} must give maps or units; got {tuple(output.shape)}")
    if not 0 <= channel < output.shape[1]:
        raise ValueError(f"layer {layer!r} has {output.shape[1]} channels; got {channel}")
    return output[:, channel]


def _allowed(field: ReceptiveField, whole: bool) -> Tensor:
    """The units to consider, as indices into a flattened map."""
    rows, columns = field.units
    every = [(row, column) for row in range(rows) for column in range(columns)]
    kept = [
        index
        for index, unit in enumerate(every)
        if not whole or field.box(*unit) == field.box(*unit, cut=False)
    ]
    if not kept:
        raise ValueError(
            f"every unit's field of {field.size} pixels is cut by the border of {field.image_size}"
        )
    return torch.tensor(kept)


def _strongest(maps: Tensor, allowed: Tensor, start: int, per_image: int) -> list[Tensor]:
    """Values, image indices and positions of the largest activations of each image."""
    flat = maps.flatten(1)[:, allowed]
    order = flat.argsort(dim=1, descending=True, stable=True)[:, :per_image]
    values, at = flat.gather(1, order).flatten(), allowed[order]
    indices = torch.arange(start, start + len(maps), device=maps.device)
    places = torch.stack([at // maps.shape[2], at % maps.shape[2]], dim=-1)
    return [values, indices.repeat_interleave(order.shape[1]), places.flatten(0, 1)]


def _cut_patches(
    images: Tensor, found: list[Tensor], field: ReceptiveField, padding: float
) -> Patches:
    values, indices, places = found
    sides = [min(a, b) for a, b in zip(field.size, field.image_size, strict=True)]
    patches = images.new_full((len(values), images.shape[1], *sides), padding)
    boxes = []
    for patch, index, (row, column) in zip(patches, indices.tolist(), places.tolist(), strict=True):
        box = top, left, bottom, right = field.box(row, column)
        # If the field is larger than the image, the patch is the image.
        y, x = (
            start if size <= side else 0
            for start, size, side in zip(
                field.box(row, column, cut=False)[:2], field.size, field.image_size, strict=True
            )
        )
        patch[:, top - y : bottom - y, left - x : right - x] = images[
            index, :, top:bottom, left:right
        ]
        boxes.append(box)
    return Patches(patches, values, indices, places, torch.tensor(boxes), field)
