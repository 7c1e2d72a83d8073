"""Adversarial examples: changes too small to see that change a network's answer."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.precision import wide
from lib.visualization.base import as_target, check_input, check_scores
from lib.visualization.examining import examined
from lib.visualization.slopes import as_leaf, slope


def fgsm(
    model: nn.Module,
    images: Tensor,
    labels: int | Tensor,
    *,
    epsilon: float,
    targeted: bool = False,
    bounds: tuple[float, float] = (0.0, 1.0),
    batch_size: int = 64,
) -> Tensor:
    """The images after one step of `epsilon` along the sign of the cross-entropy's gradient.

    No pixel changes by more than `epsilon` or leaves the bounds, not even by rounding.

    Args:
        model: gives logits (batch, classes).
        images: within `bounds`.
        labels: the true class of each image; with `targeted`, the class to be mistaken for.
        epsilon: the largest change to a pixel, at least 0.
        targeted: minimize the loss instead of maximizing it.
        bounds: lowest and highest pixel value.
        batch_size: images per forward pass, which bounds the memory.

    Raises:
        ValueError: pixels outside the bounds, a negative epsilon, or an unknown class.
        TypeError: not images, or labels that are not integers.

    Source: Goodfellow, Shlens, Szegedy, "Explaining and harnessing adversarial examples", 2015.
    The gradient comes from `margin_gradient`, since a confident network's would round to zero.
    """
    return pgd(
        model, images, labels, epsilon=epsilon, steps=1, step_size=epsilon, targeted=targeted,
        bounds=bounds, batch_size=batch_size,
    )  # fmt: skip


@torch.inference_mode(False)
def pgd(
    model: nn.Module,
    images: Tensor,
    labels: int | Tensor,
    *,
    epsilon: float,
    steps: int,
    step_size: float,
    generator: torch.Generator | None = None,
    targeted: bool = False,
    bounds: tuple[float, float] = (0.0, 1.0),
    batch_size: int = 64,
) -> Tensor:
    """The images after `steps` steps of `step_size`, each projected onto the ball of `epsilon`.

    Args:
        steps: gradient steps, at least 1.
        step_size: change to a pixel in one step.
        generator: start from a uniform draw from the ball, on the CPU; None starts from the images.
        model, images, labels, epsilon, targeted, bounds, batch_size: as in `fgsm`.

    Raises:
        ValueError, TypeError: as for `fgsm`; or no steps, or a negative step.

    Source: Madry et al., "Towards deep learning models resistant to adversarial attacks", 2018.
    """
    check_input(model, images)
    classes = _check(images, labels, epsilon, steps, step_size, bounds, batch_size)
    start = images.detach().clone()
    if generator is not None:
        draws = 2 * torch.rand(images.shape, generator=generator) - 1
        start = project(start + epsilon * draws.to(start), images, epsilon=epsilon, bounds=bounds)
    sign = -1.0 if targeted else 1.0
    with examined(model):
        for rows in torch.arange(len(images)).split(batch_size):
            x, original = start[rows], images[rows].detach()
            for _ in range(steps):
                ahead = x + sign * step_size * margin_gradient(model, x, classes[rows]).sign()
                x = project(ahead, original, epsilon=epsilon, bounds=bounds)
            start[rows] = x
    return start


def margin_gradient(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """The gradient of each image's cross-entropy with respect to its pixels, over 1 - p.

    p is the class's probability. Dividing by 1 - p changes no sign, and gives the gradient
    of log Σ exp(other scores) - (the class's score). It never underflows, however confident the
    model.

    Call this inside `examined`.

    Raises:
        TypeError: the model's output is not a tensor of floats.
        ValueError: the model does not give logits (batch, two classes or more), lacks a class, or
            its logits do not depend on the pixels.
    """
    x = as_leaf(model, images)
    logits = check_scores(model(x.clone()), classes)  # a copy: the first layer may work in place
    if logits.shape[1] < 2:
        raise ValueError(f"an attack needs two classes or more; got {tuple(logits.shape)}")
    logits = logits if logits.dtype == torch.float64 else logits.float()
    chosen = functional.one_hot(classes, logits.shape[1]).bool()
    others = logits.masked_fill(chosen, -torch.inf).logsumexp(dim=1)
    return slope(others - logits[chosen], x)


def project(
    images: Tensor, originals: Tensor, *, epsilon: float, bounds: tuple[float, float] = (0.0, 1.0)
) -> Tensor:
    """The nearest images within the bounds and, in every pixel, within `epsilon` of the originals.

    The distance `(result - originals).abs()` is at most epsilon as computed, rounding included.

    Args:
        images, originals: (batch, channels, height, width); the originals lie within the bounds.
    """
    low, high = originals - epsilon, originals + epsilon
    near = torch.minimum(torch.maximum(images, low), high).clamp(*bounds)
    for _ in range(8):
        beyond = _exceeds((near - originals).abs(), epsilon)
        if not bool(beyond.any()):
            return near
        near = torch.where(beyond, _towards(near, originals), near)
    return torch.where(_exceeds((near - originals).abs(), epsilon), originals, near)


def _exceeds(values: Tensor, limit: float) -> Tensor:
    """Whether values are above the limit, which is not rounded up to their dtype."""
    values = wide(values)
    nearest = torch.tensor(limit, dtype=values.dtype)
    if float(nearest) > limit:
        nearest = torch.nextafter(nearest, torch.tensor(-torch.inf, dtype=values.dtype))
    return values > float(nearest)


def _towards(values: Tensor, others: Tensor) -> Tensor:
    """The next representable number from each value towards the other."""
    if values.dtype in (torch.float32, torch.float64):
        return torch.nextafter(values, others)
    tiny = torch.finfo(values.dtype)
    step = values.abs().clamp(min=tiny.tiny) * tiny.eps
    return torch.where(others > values, values + step, values - step)


def _check(images, labels, epsilon, steps, step_size, bounds, batch_size) -> Tensor:
    """The labels as one class for each image."""
    if not epsilon >= 0 or not step_size >= 0:
        raise ValueError(f"epsilon and step_size must be at least 0; got {epsilon}, {step_size}")
    if steps < 1 or batch_size < 1:
        raise ValueError(f"steps and batch_size must be at least 1; got {steps}, {batch_size}")
    low, high = bounds
    if not low < high or not bool(((images >= low) & (images <= high)).all()):
        seen = f"{float(images.min()):.3g} to {float(images.max()):.3g}"
        raise ValueError(f"pixels must lie within bounds {bounds}, low < high; got {seen}")
    classes = as_target(labels, images)
    if not isinstance(classes, Tensor):
        raise TypeError("an attack changes a class; got a Neuron")
    return classes
