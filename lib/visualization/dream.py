"""Deep dream: change a photograph so that a layer sees more of whatever it sees in it."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.precision import wide
from lib.progress import progress_bar
from lib.visualization.base import check_input
from lib.visualization.examining import examined
from lib.visualization.objectives import Objective, evaluate
from lib.visualization.slopes import as_leaf, slope
from lib.visualization.synthesis import NO_SLOPE
from lib.visualization.transforms import jitter as random_shift

SMALLEST = 16  # pixels on the short side of the smallest octave


def deep_dream(
    model: nn.Module,
    images: Tensor,
    objective: Objective,
    *,
    octaves: int = 3,
    octave_scale: float = 1.4,
    steps: int = 10,
    step_size: float = 0.01,
    jitter: int = 16,
    generator: torch.Generator,
    bounds: tuple[float, float] = (0.0, 1.0),
    progress: str | None = None,
) -> list[Tensor]:
    """The images after each octave, smallest first; the last has the size of the images.

    An octave is the photograph at one size. The detail that the gradient has drawn there is
    enlarged and added at the next size.

    Args:
        model: takes images of any size.
        images: (batch, channels, height, width) within `bounds`.
        objective: what is maximized, such as `layer_energy`.
        octaves: number of sizes.
        octave_scale: ratio of each size to the one before.
        steps: gradient steps at each size.
        step_size: each step adds this times the gradient over its mean absolute value.
        jitter: the images are shifted by up to this many pixels at each step.
        generator: source of the shifts, on the CPU.
        bounds: pixels are clipped to these after each step.
        progress: the label of a progress bar on stderr; None shows none.

    Raises:
        ValueError: a number out of range, octaves smaller than `SMALLEST` pixels, or an
            objective that does not depend on the pixels.

    Source: Mordvintsev, Olah, Tyka, "Inceptionism", Google research blog, 2015.
    """
    check_input(model, images)
    sizes = _sizes(images, octaves, octave_scale, steps)
    detail, results = torch.zeros_like(images[..., :1, :1]), []
    shift = random_shift(jitter)
    with examined(model):
        for size in progress_bar(sizes, desc=progress, shown=progress is not None):
            base = _resize(images.detach(), size)
            x = base + _resize(detail, size)
            for _ in range(steps):
                gradient = wide(_shifted_gradient(model, x, objective, shift, generator))
                mean = gradient.abs().flatten(1).mean(1)
                move = gradient / mean.clamp(min=torch.finfo(mean.dtype).tiny).view(-1, 1, 1, 1)
                x = (x + step_size * move.to(x)).clamp(*bounds)
            detail = x - base
            results.append(x)
    return results


def _shifted_gradient(model, x, objective, shift, generator) -> Tensor:
    x = as_leaf(model, x)
    scores = evaluate(model, shift(x, generator), objective)
    return slope(scores, x, missing=NO_SLOPE)


def _sizes(images: Tensor, octaves: int, octave_scale: float, steps: int) -> list[tuple[int, int]]:
    if octaves < 1 or steps < 1 or not octave_scale > 1:
        raise ValueError(
            f"expected octaves and steps of at least 1 and a scale above 1; got {octaves}, "
            f"{steps}, {octave_scale}"
        )
    factors = [octave_scale ** (k - octaves + 1) for k in range(octaves)]
    height, width = images.shape[-2:]
    sizes = [(round(height * factor), round(width * factor)) for factor in factors]
    if min(sizes[0]) < SMALLEST:
        raise ValueError(f"the smallest octave has {sizes[0]} pixels; use fewer octaves")
    return sizes


def _resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(images.shape[-2:]) == size:
        return images
    smaller = images.shape[-1] > size[1]
    resized = functional.interpolate(wide(images), size, mode="bilinear", antialias=smaller)
    return resized.to(images.dtype)
