"""Batch normalization of images: with the batch's statistics in training, with averages at test."""

from torch import Tensor

from lib.validation import check_images


def batch_norm(
    x: Tensor, gamma: Tensor, beta: Tensor, *, epsilon: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """γ (x - μ) / √(σ² + ε) + β, and μ and σ² of each channel over the batch and all pixels.

    For training. Each image's output depends on the others it shares the batch with: that is the
    noise which regularizes.

    Args:
        x: (batch, channels, height, width).
        gamma, beta: (channels,), scale and shift.
        epsilon: keeps the root away from zero.

    Returns:
        y, of x's shape; mean (channels,); variance (channels,), divided by n, not n - 1. Gradients
        flow through all three; detach the statistics before you average them.

    Raises:
        TypeError: no floats.
        ValueError: shapes that do not fit, or fewer than two values per channel.

    Source: Ioffe and Szegedy, "Batch normalization: Accelerating deep network training by reducing
    internal covariate shift", ICML 2015.
    """
    _check_shapes(x, gamma=gamma, beta=beta)
    if x.numel() // x.shape[1] < 2:
        raise ValueError(
            f"batch_norm needs at least 2 values per channel; got shape {tuple(x.shape)}"
        )
    mean, var = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), correction=0)
    return batch_norm_inference(x, gamma, beta, mean, var, epsilon=epsilon), mean, var


def batch_norm_inference(
    x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor, *, epsilon: float = 1e-5
) -> Tensor:
    """γ (x - μ) / √(σ² + ε) + β with a mean and variance that are given: a fixed linear map.

    Args:
        x: (batch, channels, height, width).
        gamma, beta, mean, var: (channels,).
        epsilon: keeps the root away from zero.

    Raises:
        TypeError: no floats.
        ValueError: shapes that do not fit.
    """
    _check_shapes(x, gamma=gamma, beta=beta, mean=mean, var=var)
    scale = gamma / (var + epsilon).sqrt()
    shift = beta - mean * scale
    return x * scale.view(-1, 1, 1) + shift.view(-1, 1, 1)


def update_running(running: Tensor, batch: Tensor, momentum: float = 0.1) -> Tensor:
    """(1 - momentum) running + momentum batch: the moving average, one batch later.

    Args:
        running: (channels,), so far; torch starts means at 0 and variances at 1.
        batch: (channels,), the batch's mean, or its `unbiased_variance`.
        momentum: how much the batch counts, in [0, 1]; torch's meaning of the word.

    Raises:
        ValueError: a momentum outside, or shapes that differ.
    """
    if not 0 <= momentum <= 1:
        raise ValueError(f"momentum must be in [0, 1]; got {momentum}")
    if running.shape != batch.shape:
        raise ValueError(
            "running and batch must have one shape; "
            f"got {tuple(running.shape)} and {tuple(batch.shape)}"
        )
    return (1 - momentum) * running + momentum * batch


def unbiased_variance(var: Tensor, *, count: int) -> Tensor:
    """var · n / (n - 1): the variance divided by n - 1 instead of n, as running averages keep it.

    Args:
        var: (channels,), divided by n, as `batch_norm` returns it.
        count: n, the values per channel: batch · height · width.

    Raises:
        ValueError: a count below 2.
    """
    if count < 2:
        raise ValueError(f"count must be at least 2 values; got {count}")
    return var * (count / (count - 1))


def _check_shapes(x: Tensor, **per_channel: Tensor) -> None:
    check_images(x, name="x")
    for name, values in per_channel.items():
        if values.shape != x.shape[1:2]:
            raise ValueError(f"{name} must be ({x.shape[1]},); got {tuple(values.shape)}")
