"""Maps from gradients: how the score would change if a pixel changed a little."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lib.precision import wide, wide_dtype
from lib.visualization.base import (
    Neuron,
    Target,
    as_target,
    check_independence,
    check_input,
    images_at_once,
)
from lib.visualization.examining import examined
from lib.visualization.slopes import image_gradients

# Eight of the 8 × 8 positions on the grid of a network with a stride of 8, well spread.
SHIFTS = ((0, 0), (3, 5), (5, 2), (6, 7), (1, 4), (2, 1), (4, 6), (7, 3))


def channel_maximum(attributions: Tensor) -> Tensor:
    """The largest absolute value over channels: (batch, height, width).

    Args:
        attributions: one number for each value of images, (batch, channels, height, width).

    Raises:
        ValueError: a wrong shape.
    """
    if attributions.ndim != 4:
        raise ValueError(
            f"expected (batch, channels, height, width); got {tuple(attributions.shape)}"
        )
    return attributions.abs().amax(dim=1)


def saliency(model: nn.Module, images: Tensor, target: Target, *, batch_size: int = 32) -> Tensor:
    """How strongly each pixel affects the score: (batch, height, width), max over channels of |g|.

    g is the gradient of the unnormalized score with respect to the image.

    Args:
        model: maps images to logits (batch, classes); it is left unchanged.
        images: (batch, channels, height, width).
        target: one class, one class for each image, or a `Neuron`.
        batch_size: images at a time; bounds the memory.

    Raises:
        TypeError, ValueError: images or a target that the model cannot take.

    Cost: a forward and a backward pass.
    Source: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional networks", ICLR workshop 2014,
    section 3.
    """
    return channel_maximum(input_gradient(model, images, target, batch_size=batch_size))


def input_gradient(
    model: nn.Module, images: Tensor, target: Target, *, batch_size: int = 32
) -> Tensor:
    """The gradient of the score with respect to the image, signed, in the shape of the images.

    The arguments, errors and cost are those of `saliency`.
    """
    check_input(model, images)
    goal = as_target(target, images)
    with examined(model):
        return image_gradients(model, images, goal, batch_size=batch_size)


def input_gradient_times_input(
    model: nn.Module, images: Tensor, target: Target, *, batch_size: int = 32
) -> Tensor:
    """Gradient times pixel, signed, in the shape of the images.

    For a network without biases whose only nonlinearities are ReLU and pooling, these sum to the
    score. The arguments, errors and cost are those of `saliency`.

    Source: Shrikumar, Greenside, Kundaje, "Learning important features through propagating
    activation differences", ICML 2017.
    """
    return input_gradient(model, images, target, batch_size=batch_size) * images.detach()


def smoothgrad(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    samples: int = 25,
    noise: float = 0.15,
    generator: torch.Generator,
    batch_size: int | None = None,
) -> Tensor:
    """Saliency of the mean gradient over noisy copies of each image: (batch, height, width).

    Args:
        model, images, target: as in `saliency`.
        samples: noisy copies of each image.
        noise: standard deviation, as a fraction of the image's range (its maximum minus minimum).
        generator: a CPU generator; the result does not depend on `batch_size`.
        batch_size: noisy copies at a time; None chooses by their size.

    Raises:
        TypeError, ValueError: as for `saliency`; or no samples, or negative noise.

    Cost: `samples` forward and backward passes.
    Source: Smilkov et al., "SmoothGrad: removing noise by adding noise", 2017.
    """
    if not noise >= 0:
        raise ValueError(f"noise must be at least 0; got {noise}")
    check_input(model, images)
    images = images.detach()
    flat = images.flatten(1)
    spread = noise * (flat.amax(1) - flat.amin(1))

    def noisy(rows: slice, samples: Tensor) -> Tensor:
        some, shape = images[rows], images.shape[1:]
        draws = [torch.randn(shape, generator=generator) for _ in range(len(samples) * len(some))]
        normal = torch.stack(draws).to(images).unflatten(0, (len(samples), len(some)))
        return some + spread[rows].view(-1, 1, 1, 1) * normal

    mean = _mean_gradients(model, images, target, noisy, count=samples, batch_size=batch_size)
    return channel_maximum(mean)


def integrated_gradients(
    model: nn.Module,
    images: Tensor,
    target: Target,
    *,
    baseline: float | Tensor = 0.0,
    steps: int = 32,
    batch_size: int | None = None,
) -> Tensor:
    """Mean gradient on the line from a baseline to the image, times (image − baseline); same shape.

    With enough steps, the values sum to the score of the image minus that of the baseline.

    Args:
        model, images, target: as in `saliency`.
        baseline: a number, or a tensor that broadcasts to the images.
        steps: points on the line, at the midpoints of equal parts.
        batch_size: points at a time; None chooses by the images' size.

    Raises:
        TypeError, ValueError: as for `saliency`; or no steps, or a baseline of a wrong shape.

    Cost: `steps` forward and backward passes.
    Source: Sundararajan, Taly, Yan, "Axiomatic attribution for deep networks", ICML 2017.
    """
    check_input(model, images)
    images = images.detach()
    start = as_baseline(baseline, images)
    way = images - start

    def between(rows: slice, points: Tensor) -> Tensor:
        part = ((points.to(wide_dtype(images)) + 0.5) / steps).to(images).view(-1, 1, 1, 1, 1)
        return start[rows] + part * way[rows]

    mean = _mean_gradients(model, images, target, between, count=steps, batch_size=batch_size)
    return way * mean


def mean_over_shifts(
    method: Callable[[Tensor], Tensor],
    images: Tensor,
    *,
    shifts: Sequence[tuple[int, int]] = SHIFTS,
) -> Tensor:
    """The mean of a method's maps over shifted copies of the images, each map shifted back.

    This removes the pattern that a network with strides imposes on a gradient: which pixels get
    more of it depends on their position on the network's grid. Pixels that leave on one side come
    in on the other.

    Args:
        method: maps images to maps (batch, ..., height, width).
        images: (batch, channels, height, width).
        shifts: (down, right) in pixels; the default has eight, spread over 8 × 8 positions.

    Raises:
        ValueError: no shifts.

    Cost: that of the method, once for each shift.
    """
    if not shifts:
        raise ValueError("expected at least one shift; got none")
    total = torch.zeros(())
    for down, right in shifts:
        maps = method(images.roll((down, right), (2, 3)))
        total = total + maps.roll((-down, -right), (-2, -1))
    return total / len(shifts)


def as_baseline(baseline: float | Tensor, images: Tensor) -> Tensor:
    """The baseline in the shape, dtype and device of the images.

    Raises:
        ValueError: it does not broadcast to the images.
    """
    try:
        cover = torch.as_tensor(baseline, dtype=images.dtype, device=images.device)
        return cover.detach().expand_as(images)
    except RuntimeError as error:
        raise ValueError(
            f"baseline must be a number or broadcast to {tuple(images.shape)}; got shape "
            f"{tuple(torch.as_tensor(baseline).shape)}"
        ) from error


@torch.inference_mode(False)
def _mean_gradients(
    model: nn.Module,
    images: Tensor,
    target: Target,
    variants: Callable[[slice, Tensor], Tensor],
    *,
    count: int,
    batch_size: int | None,
) -> Tensor:
    """The mean gradient over variants: variants(rows, numbers) gives (numbers, rows, ...).

    They are requested in the same order for every batch size, first ones of all images first.
    """
    batch_size = images_at_once(images) if batch_size is None else batch_size
    if count < 1 or batch_size < 1:
        raise ValueError(f"expected at least 1 sample and a batch of 1; got {count}, {batch_size}")
    goal = as_target(target, images)
    total = torch.zeros_like(wide(images))
    every = torch.arange(count, device=images.device)
    with examined(model):
        check_independence(model, images, goal)
        for numbers in every.split(max(1, batch_size // len(images))):
            for start in range(0, len(images), batch_size):
                rows = slice(start, start + batch_size)
                x = variants(rows, numbers)
                part = goal if isinstance(goal, Neuron) else goal[rows].repeat(len(numbers))
                gradients = image_gradients(model, x.flatten(0, 1), part, batch_size=batch_size)
                total[rows] += gradients.view_as(x).sum(dim=0, dtype=total.dtype)
    return (total / count).to(images.dtype)
