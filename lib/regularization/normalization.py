"""Batch normalization of images: the batch's statistics in training, averages at test."""

from torch import Tensor

from lib.validation import check_images


def batch_norm(
    x: Tensor, gamma: Tensor, beta: Tensor, *, epsilon: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """γ (x - μ) / √(σ² + ε) + β, and μ and σ² of each channel over the batch and all pixels.

    For training. Each image's output depends on the other images in its batch: this is the
    noise that regularizes.

    Args:
        x: (batch, channels, height, width).
        gamma, beta: (channels,), scale and shift.
        epsilon: keeps the root above zero.

    Returns:
        y, of x's shape; mean (channels,); variance (channels,), divided by n, not n - 1. Gradients
        flow through all three; detach the statistics before you average them.

    Raises:
        TypeError: not floats.
        ValueError: mismatched shapes, or fewer than two values per channel.

    Source: Ioffe and Szegedy, "Batch normalization: Accelerating deep network training by reducing
    internal covariate shift", ICML 2015.
    """
    _check_shapes(x, gamma=gamma, beta=beta)
    if x.numel() // x.shape[1] < 2:
        raise ValueError(
            f"batch_norm needs at least 2 values per channel; got shape {tuple(x.shape)}"
        )
    mean = x.mean(dim=(0, 2, 3))
    # If the mean is large and the variance small, the mean is off by rounding, and matters.
    roughly = x - mean.view(-1, 1, 1)
    rest = roughly.mean(dim=(0, 2, 3))
    centered = roughly - rest.view(-1, 1, 1)
    var = centered.square().mean(dim=(0, 2, 3))
    return _scale_and_shift(centered, gamma, beta, var, epsilon), mean + rest, var


def batch_norm_inference(
    x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, var: Tensor, *, epsilon: float = 1e-5
) -> Tensor:
    """γ (x - μ) / √(σ² + ε) + β with given mean and variance: a fixed affine map.

    Args:
        x: (batch, channels, height, width).
        gamma, beta, mean, var: (channels,).
        epsilon: keeps the root above zero.

    Raises:
        TypeError: not floats.
        ValueError: mismatched shapes.
    """
    _check_shapes(x, gamma=gamma, beta=beta, mean=mean, var=var)
    return _scale_and_shift(x - mean.view(-1, 1, 1), gamma, beta, var, epsilon)


def _scale_and_shift(
    centered: Tensor, gamma: Tensor, beta: Tensor, var: Tensor, epsilon: float
) -> Tensor:
    scale = gamma / (var + epsilon).sqrt()
    return centered * scale.view(-1, 1, 1) + beta.view(-1, 1, 1)


def _check_shapes(x: Tensor, **per_channel: Tensor) -> None:
    check_images(x, name="x")
    for name, values in per_channel.items():
        if values.shape != x.shape[1:2]:
            raise ValueError(f"{name} must be ({x.shape[1]},); got {tuple(values.shape)}")
