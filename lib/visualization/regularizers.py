"""Operations applied to a picture after each step of gradient ascent: x ← r(x + lr · gradient).

Each function here returns a regularizer, which maps (images, gradient of the objective, steps
done) to new images. What is zero in the paper, the mean picture, is `center` here.

Source: Yosinski, Clune, Nguyen, Fuchs, Lipson, "Understanding neural networks through deep
visualization", ICML workshop on deep learning, 2015, section 3.
"""

from collections.abc import Callable
from functools import partial

from torch import Tensor

from lib.visualization.transforms import gaussian_blur

Regularizer = Callable[[Tensor, Tensor, int], Tensor]


def decay(rate: float, *, center: float = 0.5) -> Regularizer:
    """L2 decay: pixels move towards `center` by the fraction `rate` of their distance.

    Raises:
        ValueError: a rate outside [0, 1].
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must be in [0, 1]; got {rate}")
    return partial(_decay, rate, center)


def blur_every(steps: int, *, sigma: float) -> Regularizer:
    """A Gaussian blur of `sigma` pixels after every `steps`-th step.

    Raises:
        ValueError: steps below 1, or sigma is not positive.
    """
    if steps < 1 or not sigma > 0:
        raise ValueError(f"expected steps of at least 1 and sigma above 0; got {steps}, {sigma}")
    return partial(_blur_every, steps, sigma)


def clip_small_norm(percent: float, *, center: float = 0.5) -> Regularizer:
    """Pixels whose distance from `center` (over channels) is among the smallest become `center`.

    Args:
        percent: percentage of each image's pixels that are clipped.

    Raises:
        ValueError: a percentage outside [0, 100).
    """
    _check_percent(percent)
    return partial(_clip_small_norm, percent, center)


def clip_small_contribution(percent: float, *, center: float = 0.5) -> Regularizer:
    """Pixels that contribute least to the objective become `center`.

    A pixel's contribution is |Σ over channels of (pixel - center) · gradient|: to first order, what
    the objective would lose without it.

    Args:
        percent: percentage of each image's pixels that are clipped.

    Raises:
        ValueError: a percentage outside [0, 100).
    """
    _check_percent(percent)
    return partial(_clip_small_contribution, percent, center)


def _check_percent(percent: float) -> None:
    if not 0 <= percent < 100:
        raise ValueError(f"percent must be in [0, 100); got {percent}")


def _decay(rate: float, center: float, images: Tensor, gradient: Tensor, step: int) -> Tensor:
    return center + (1 - rate) * (images - center)


def _blur_every(steps: int, sigma: float, images: Tensor, gradient: Tensor, step: int) -> Tensor:
    return images if step % steps else gaussian_blur(images, sigma)


def _clip_small_norm(
    percent: float, center: float, images: Tensor, gradient: Tensor, step: int
) -> Tensor:
    return _clip(images, (images - center).norm(dim=1, keepdim=True), percent, center)


def _clip_small_contribution(
    percent: float, center: float, images: Tensor, gradient: Tensor, step: int
) -> Tensor:
    contribution = ((images - center) * gradient).sum(dim=1, keepdim=True).abs()
    return _clip(images, contribution, percent, center)


def _clip(images: Tensor, importance: Tensor, percent: float, center: float) -> Tensor:
    """`center` where the importance (batch, 1, height, width) is below its percentile."""
    # On the CPU, since torch computes quantiles in float64, which not all devices support.
    threshold = importance.flatten(1).cpu().quantile(percent / 100, dim=1).to(importance.device)
    return images.where(importance >= threshold.view(-1, 1, 1, 1), center)
