"""Known mistakes in the exercises of chapter 2: what each gives, and what to say about it."""

from collections.abc import Callable

import torch
from torch import Tensor

from lib.checks import Mistakes

PER_CHANNEL = (0, 2, 3)


def scaled(images: Tensor, source: Tensor, over: tuple[int, ...] = PER_CHANNEL) -> Tensor:
    """The images standardized by the statistics of the source."""
    mean, std = source.mean(dim=over, keepdim=True), source.std(dim=over, keepdim=True)
    return (images - mean) / std


def wrong_training(train: Tensor, test: Tensor) -> Mistakes:
    """Training images after a wrong standardization."""
    mean, std = (f(train, dim=PER_CHANNEL, keepdim=True) for f in (torch.mean, torch.std))
    return {
        "All channels got the same mean and std; each needs its own.":
            (train - train.mean()) / train.std(),
        "Each pixel got a mean and std of its own. Average over the places of a channel as well.":
            scaled(train, train, (0,)),
        "Each image got its own statistics. Average over the images as well.":
            scaled(train, train, (2, 3)),
        "The statistics of training and test images together were used; take the training images' "
        "only.": scaled(train, torch.cat([train, test])),
        "The images are centered, but not divided by the std.": train - mean,
        "The images are divided by the std, but not centered.": train / std,
        "You divide by the variance; the std is its root.": (train - mean) / std**2,
        "Subtract the mean first, then divide: here only the pixels were divided.":
            train / std - mean,
        "The training images come back unchanged.": train,
        "The training images come first, then the test images.": scaled(test, train),
    }  # fmt: skip


def wrong_tests(train: Tensor, test: Tensor) -> Mistakes:
    """Test images after a wrong standardization."""
    mean, std = (f(train, dim=PER_CHANNEL, keepdim=True) for f in (torch.mean, torch.std))
    own = "Test images get the training images' mean and std, not their own."
    return {
        own: scaled(test, test),
        f"{own} Here both sets were used together.": scaled(test, torch.cat([train, test])),
        f"{own} Here the mean is right, and the std is their own.":
            (test - mean) / test.std(dim=PER_CHANNEL, keepdim=True),
        f"{own} Here the std is right, and the mean is their own.":
            (test - test.mean(dim=PER_CHANNEL, keepdim=True)) / std,
        "The test images come back unchanged. They need the same preprocessing.": test,
        "All channels got the same mean and std; each needs its own.":
            (test - train.mean()) / train.std(),
    }  # fmt: skip


def zca_matrix(
    x: Tensor,
    epsilon: float,
    *,
    center: bool = True,
    over: int | None = None,
    scale: Callable[[Tensor], Tensor] = torch.rsqrt,
) -> Tensor:
    """ZCA's matrix of x (n, D), or a wrong one: not centered, over another number, scaled wrongly.

    Args:
        scale: maps the variances plus epsilon to the factors of the directions.
    """
    x = x - x.mean(dim=0) if center else x
    variances, columns = torch.linalg.eigh(x.T @ x / (over or len(x)))
    return columns @ torch.diag(scale(variances.clamp(min=0) + epsilon)) @ columns.T


def wrong_matrices(x: Tensor, epsilon: float) -> Mistakes:
    """Matrices (D, D) that are not ZCA's of the examples x (n, D)."""
    return {
        "Epsilon is missing.": zca_matrix(x, 0.0),
        "Epsilon is added to the variances, so it stands under the root.":
            zca_matrix(x, 0.0, scale=lambda v: 1 / (v.sqrt() + epsilon)),
        "Epsilon is added to the variances as it is, not squared.": zca_matrix(x, epsilon**2),
        "The root is missing: divide by the std, not by the variance.":
            zca_matrix(x, epsilon, scale=torch.reciprocal),
        "This multiplies by the std along each direction; whitening divides by it.":
            zca_matrix(x, epsilon, scale=torch.sqrt),
        "Is the covariance centered? It needs X minus its mean.":
            zca_matrix(x, epsilon, center=False),
        "Divide by n, not by n − 1.": zca_matrix(x, epsilon, over=len(x) - 1),
        "The covariance is a mean over the examples; divide by n.": zca_matrix(x, epsilon, over=1),
        "This is the covariance itself.": zca_matrix(x, 0.0, scale=lambda v: v),
    }  # fmt: skip


def wrong_moments(images: Tensor, sizes: list[int]) -> tuple[Mistakes, Mistakes]:
    """Mistakes of the mean and of the std."""
    batches = [batch.double() for batch in images.split(sizes)]
    own = [torch.var_mean(batch, dim=PER_CHANNEL, correction=0) for batch in batches]
    variances, means = (torch.stack(parts) for parts in zip(*own, strict=True))
    weights = torch.tensor(sizes).double()[:, None] / sum(sizes)
    variance, mean = torch.var_mean(images.double(), dim=PER_CHANNEL, correction=0)
    square = (images.double() ** 2).mean(dim=PER_CHANNEL)
    within = (weights * variances).sum(dim=0)
    return {
        "Weigh each batch by its size; this is the plain mean of the batches' means.":
            means.mean(dim=0),
        "This is the last batch's mean.": means[-1],
        "This is one mean over all channels; each channel has its own.": images.double().mean(),
        "Average over the rows and columns as well, and keep only the channels.":
            images.double().mean(dim=0),
    }, {
        "The square root is missing: this is the variance.": variance,
        "The batches' means differ, and that is variance, too. This is only what is within them.":
            within.sqrt(),
        "This is the plain mean of the batches' stds. Squared distances add up; stds do not.":
            variances.sqrt().mean(dim=0),
        "This is the last batch's std.": variances[-1].sqrt(),
        "This is the root of E[x²]; the mean is not subtracted.": square.sqrt(),
        "The distance of two means enters squared.": (
            within + (weights * (means - mean).abs()).sum(dim=0)
        ).sqrt(),
        "This is one std over all channels; each channel has its own.":
            images.double().std(correction=0),
    }  # fmt: skip


def wrong_folds(
    weight: Tensor, bias: Tensor, mean: Tensor, std: Tensor
) -> tuple[Mistakes, Mistakes]:
    """Mistakes of the weight and of the bias."""
    shift = weight / std @ mean
    return {
        "The weight has not changed. Inputs that are not divided by their std arrive larger or "
        "smaller.": weight,
        "Each input is divided by its std, and here its weights are multiplied by it.":
            weight * std,
        "The weights are divided by the variances; the inputs are divided by the stds.":
            weight / std**2,
        "The mean changes the bias, not the weights.": (weight - mean) / std,
        "The new weight has the shape of the old one, (units, D).": (weight / std).T,
    }, {
        "The bias has not changed. What does the layer make of μ?": bias,
        "Check the sign: the mean is subtracted from the inputs.": bias + shift,
        "Here μ meets the old weights. It is divided by σ as well.": bias - weight @ mean,
        "Here μ is divided by σ twice.": bias - weight / std**2 @ mean,
        "μ passes through the weights before it reaches the bias.": bias - (mean / std).sum(),
        "This is what the mean adds; the old bias is missing.": -shift,
    }  # fmt: skip
