"""Occlusion that computes anew only what a window can reach, up to a layer of maps.

Around each place of the window a part of the image is cut out that holds all that the changed units
of the layer see. The network is run on this part; at the layer, a hook puts the changed units into
the maps of the whole image, and the layers behind see these.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib.visualization.base import Neuron, scores_and_outputs, target_scores
from lib.visualization.receptive_fields import ReceptiveField, receptive_field

SAME = 1e-3  # of the largest unit: what rounding may change


class Span(NamedTuple):
    """One place of the window along one side.

    Attributes:
        window: the pixels that are covered.
        part: the pixels that are shown to the network.
        units: of the layer's maps that see the window.
        shown: the same units, counted in the maps of the part.
    """

    window: slice
    part: slice
    units: slice
    shown: slice


class LocalArea:
    """What has to be computed for each place of a window.

    Args:
        model: maps images to logits.
        layer: its name in `model.named_modules()`.
        size: height and width of the images, in pixels.
        tops, lefts: where the window starts.
        window: its height and width.

    Raises:
        ValueError: no such layer, one whose units see the whole image, or images whose size is no
            multiple of the layer's stride, so that no part meets the border as the image does.

    Source: Nakandala, Kumar, Papakonstantinou, "Incremental and approximate inference for faster
    occlusion-based deep CNN explanations", SIGMOD 2019; here without their approximations.
    """

    def __init__(
        self,
        model: nn.Module,
        layer: str,
        size: tuple[int, int],
        tops: Sequence[int],
        lefts: Sequence[int],
        window: tuple[int, int],
    ) -> None:
        field = receptive_field(model, layer, image_size=size)
        if 0 in field.stride or any(side % s for side, s in zip(size, field.stride, strict=True)):
            raise ValueError(
                f"layer {layer!r} must see parts of the image, and the image's size be a multiple "
                f"of its stride; got a stride of {field.stride} and an image of {size}"
            )
        rows = _spans(tops, window[0], field, side=0)
        columns = _spans(lefts, window[1], field, side=1)
        self.layer = layer
        self.places = [(row, column) for row in rows for column in columns]

    def scores(
        self,
        model: nn.Module,
        images: Tensor,
        cover: Tensor,
        target: Tensor | Neuron,
        batch_size: int,
    ) -> Tensor:
        """(batch, 1 + places): scores with nothing covered, then with each place covered.

        Raises:
            ValueError: a target that is no class, or a layer whose maps of a part of the image are
                others than those of the whole.
        """
        if isinstance(target, Neuron):
            raise ValueError("with `local`, the target must be a class; got a Neuron")
        scores = []
        for image, over, label in zip(images, cover, target, strict=True):
            score, outputs = scores_and_outputs(
                model, image[None].clone(), label[None], [self.layer]
            )
            maps = outputs[self.layer]
            self._check(model, image, maps)
            scores.append(score)
            for start in range(0, len(self.places), batch_size):
                places = self.places[start : start + batch_size]
                parts = torch.stack([_covered(image, over, place) for place in places])
                with _Patched(model, self.layer, maps, places):
                    scores.append(target_scores(model, parts, label.expand(len(parts))))
        return torch.cat(scores).view(len(images), -1)

    def _check(self, model: nn.Module, image: Tensor, maps: Tensor) -> None:
        """Make sure that at the first, middle and last place the part gives the whole's units."""
        places = [self.places[i] for i in (0, len(self.places) // 2, -1)]
        parts = torch.stack([_covered(image, image, place) for place in places])
        with _Patched(model, self.layer, maps, places) as patched:
            model(parts)
        if not (patched.maps - maps).abs().max() <= SAME * maps.abs().max():
            raise ValueError(
                f"layer {self.layer!r} is not local: a part of the image gives it other maps there"
            )


class _Patched:
    """A block in which a layer that sees parts gives the whole's maps with new units in them."""

    def __init__(
        self, model: nn.Module, layer: str, maps: Tensor, places: Sequence[tuple[Span, Span]]
    ) -> None:
        self.module, self.places = model.get_submodule(layer), places
        self.maps = maps.repeat(len(places), 1, 1, 1)

    def __enter__(self) -> "_Patched":
        self.handle = self.module.register_forward_hook(self._put)
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.remove()

    def _put(self, module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        for whole, part, (row, column) in zip(self.maps, output, self.places, strict=True):
            whole[:, row.units, column.units] = part[:, row.shown, column.shown]
        return self.maps.clone()  # the layers behind may work in place


def _covered(image: Tensor, cover: Tensor, place: tuple[Span, Span]) -> Tensor:
    """The part of the image that is shown, with the window covered."""
    row, column = place
    whole = image.clone()
    whole[:, row.window, column.window] = cover[:, row.window, column.window]
    return whole[:, row.part, column.part].clone()


def _spans(starts: Sequence[int], window: int, field: ReceptiveField, *, side: int) -> list[Span]:
    """Along one side; all parts have one length, and start at multiples of the stride."""
    length, units = field.image_size[side], field.units[side]
    stride, offset, size = field.stride[side], field.offset[side], field.size[side]
    seen = []
    for start in starts:
        first = max(0, -((offset + size - 1 - start) // stride))
        last = min(units - 1, (start + window - 1 - offset) // stride)
        begin = max(0, offset + stride * first) // stride * stride
        end = min(length, offset + stride * last + size)
        seen.append((first, last + 1, begin, end))
    longest = max(end - begin for *_, begin, end in seen)
    longest = min(length, -(-longest // stride) * stride)
    spans = []
    for start, (first, last, begin, _) in zip(starts, seen, strict=True):
        begin = min(begin, length - longest)
        skipped = begin // stride
        spans.append(
            Span(
                slice(start, start + window),
                slice(begin, begin + longest),
                slice(first, last),
                slice(first - skipped, last - skipped),
            )
        )
    return spans
