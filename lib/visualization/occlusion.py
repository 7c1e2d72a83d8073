"""Occlusion: cover a part of the image and measure how far the score falls."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.precision import wide, without_autocast
from lib.visualization.base import (
    Neuron,
    Target,
    as_target,
    check_independence,
    check_input,
    target_scores,
)
from lib.visualization.examining import examined
from lib.visualization.gradients import as_baseline

MOST_IMAGES, MOST_PIXELS = 32, 2**18  # per batch


class Occlusion(NamedTuple):
    """The scores of images with a window covered, for each position of the window.

    Attributes:
        score: (batch,), scores of the images with nothing covered.
        scores: (batch, rows, columns), one for each position of the window.
        tops, lefts: the window's upper edge for each row, its left edge for each column, in pixels.
        window: its height and width, in pixels.
        size: height and width of the images, in pixels.
    """

    score: Tensor
    scores: Tensor
    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    window: tuple[int, int]
    size: tuple[int, int]


def occlusion_saliency(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    window: int | tuple[int, int],
    stride: int | tuple[int, int],
    baseline: float | Tensor = 0.0,
    batch_size: int | None = None,
) -> Tensor:
    """How far the score falls when a pixel is covered: (batch, height, width), signed.

    Each pixel has the mean over all windows that cover it. The arguments, errors and cost are those
    of `slide_window`.
    """
    options = {"window": window, "stride": stride, "baseline": baseline}
    return occlusion_map(slide_window(model, images, target, **options, batch_size=batch_size))


def slide_window(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    window: int | tuple[int, int],
    stride: int | tuple[int, int],
    baseline: float | Tensor = 0.0,
    batch_size: int | None = None,
) -> Occlusion:
    """The scores of the images with a window covered, for each position of the window.

    The window moves in steps of `stride` from the upper left; the last one of each row and column
    is flush with the border, so that every window is complete and every pixel is covered.

    Args:
        model: maps images to logits (batch, classes); it is left unchanged.
        images: (batch, channels, height, width).
        target: one class, one class for each image, or a `Neuron`.
        window, stride: in pixels; a pair is (vertical, horizontal).
        baseline: value of covered pixels: a number, or a tensor that broadcasts to the images.
        batch_size: covered images at a time; bounds the memory. None takes 32, or fewer if images
            are large (5 of 224 × 224), since more at a time would take longer for each.

    Raises:
        TypeError, ValueError: images or a target that the model cannot take, a window larger than
            the image, a stride of 0 or larger than the window, which would skip pixels, or a model
            whose scores depend on the other images of a batch or on chance.

    Cost: a forward pass for each position, about (height · width) / stride² of them for each image.
    Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
    section 4.2.
    """
    check_input(model, images)
    goal, cover = as_target(target, images), as_baseline(baseline, images)
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    window, stride = _pair(window, "window"), _pair(stride, "stride")
    size = (images.shape[2], images.shape[3])
    tops, lefts = (_places(*numbers) for numbers in zip(size, window, stride, strict=True))
    batch_size = batch_size or max(1, min(MOST_IMAGES, MOST_PIXELS // (size[0] * size[1])))
    with examined(model), torch.no_grad():
        check_independence(model, images, goal)
        scores = _scores(model, images, cover, goal, tops, lefts, window, batch_size)
    grid = scores[:, 1:].view(len(images), len(tops), len(lefts))
    return Occlusion(scores[:, 0], grid, tops, lefts, window, size)


@without_autocast()
def occlusion_map(occlusion: Occlusion, *, places: int | None = None) -> Tensor:
    """The mean fall of the score over the windows that cover each pixel: (batch, h, w).

    It is computed in the scores' precision, float32 at least, and returned in theirs.

    Args:
        occlusion: the result of `slide_window`.
        places: use only the first `places` positions, row by row; pixels that none of them covers
            are NaN. None uses all.

    Raises:
        ValueError: a number of positions that is negative or too large.
    """
    count = len(occlusion.tops) * len(occlusion.lefts)
    if places is not None and not 0 <= places <= count:
        raise ValueError(f"places must be between 0 and {count}; got {places}")
    falls = wide(occlusion.score)[:, None, None] - wide(occlusion.scores)
    seen = torch.arange(count, device=falls.device).view(falls.shape[1:]) < (
        count if places is None else places
    )
    rows, columns = (
        _covers(starts, length, side, falls.device).to(falls)
        for starts, length, side in zip(
            (occlusion.tops, occlusion.lefts), occlusion.window, occlusion.size, strict=True
        )
    )
    total = rows.T @ (falls * seen) @ columns
    return (total / (rows.T @ seen.to(falls) @ columns)).to(occlusion.scores.dtype)


def _scores(
    model: nn.Module,
    images: Tensor,
    cover: Tensor,
    target: Tensor | Neuron,
    tops: tuple[int, ...],
    lefts: tuple[int, ...],
    window: tuple[int, int],
    batch_size: int,
) -> Tensor:
    """(batch, 1 + places): scores with nothing covered, then for each position of the window."""
    rows, columns = (
        _covers(starts, length, side, images.device)
        for starts, length, side in zip((tops, lefts), window, images.shape[2:], strict=True)
    )
    # The first entry covers nothing.
    rows = functional.pad(rows.repeat_interleave(len(lefts), dim=0), (0, 0, 1, 0))
    columns = functional.pad(columns.repeat(len(tops), 1), (0, 0, 1, 0))
    count, scores = len(rows), []
    for jobs in torch.arange(len(images) * count, device=images.device).split(batch_size):
        image, place = jobs // count, jobs % count
        covered = rows[place][:, None, :, None] & columns[place][:, None, None, :]
        shown = torch.where(covered, cover[image], images[image])
        classes = target if isinstance(target, Neuron) else target[image]
        scores.append(target_scores(model, shown, classes))
    return torch.cat(scores).view(len(images), count)


def _covers(starts: tuple[int, ...], length: int, side: int, device: torch.device) -> Tensor:
    """(places, side) bool, whether a window along one side covers a pixel."""
    pixels = torch.arange(side, device=device)
    begin = torch.tensor(starts, device=device)[:, None]
    return (pixels >= begin) & (pixels < begin + length)


def _places(side: int, window: int, stride: int) -> tuple[int, ...]:
    """Where windows start along one side; the last one is flush with the border."""
    if not 1 <= window <= side:
        raise ValueError(f"the window must have between 1 and {side} pixels; got {window}")
    if not 1 <= stride <= window:
        raise ValueError(
            f"the stride must lie between 1 and the window, {window} pixels, or pixels would stay "
            f"uncovered; got {stride}"
        )
    last = side - window
    return tuple(dict.fromkeys([*range(0, last + 1, stride), last]))


def _pair(value: int | tuple[int, int], name: str) -> tuple[int, int]:
    pair = value if isinstance(value, tuple | list) else (value, value)
    if len(pair) != 2 or not all(isinstance(part, int) for part in pair):
        raise ValueError(f"{name} must be a whole number or two of them; got {value!r}")
    first, second = pair
    return first, second
