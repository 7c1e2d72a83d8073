"""Centering and standardizing: the mean image, a mean per channel, a mean and std per channel."""

import torch
from torch import Tensor

from lib.precision import wide
from lib.preprocessing.base import ANY, Preprocessing, average, check_training, statistic


class Standardization(Preprocessing):
    """y = (x - mean) / std, with separate statistics for each channel or each pixel.

    Args:
        mean, std: float32 or float64, (channels, height, width), or (channels, 1, 1) for images of
            any size; None makes an empty layer.
        value_range: the lowest and the highest value a pixel can have.

    Raises:
        ValueError: shapes that differ or a std that is not positive.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: Tensor | None = None,
        std: Tensor | None = None,
        *,
        value_range: tuple[float, float] = (0, 1),
    ):
        if mean is None or std is None:
            super().__init__()
            mean, std = torch.empty(0), torch.empty(0)
        else:
            super().__init__(_image_shape(mean, std), value_range)
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.to(mean.device)

    def _transform(self, images: Tensor) -> Tensor:
        return (images - self.mean.to(images.dtype)) / self.std.to(images.dtype)

    def inverse(self, transformed: Tensor) -> Tensor:
        """The images that `transformed` was made from, in its dtype."""
        y = wide(transformed)
        images = y * self.std.to(y.dtype) + self.mean.to(y.dtype)
        return images.to(transformed.dtype)


def _image_shape(mean: Tensor, std: Tensor) -> tuple[int, ...]:
    if mean.ndim != 3 or mean.shape != std.shape or not bool((std > 0).all()):
        raise ValueError(
            "expected mean and std of one shape (channels, height, width), std positive; "
            f"got shapes {tuple(mean.shape)} and {tuple(std.shape)}, "
            f"std from {std.min().item():g}"
        )
    return (len(mean), ANY, ANY) if mean.shape[1:] == (1, 1) else tuple(mean.shape)


def fit_mean_image(images: Tensor, *, value_range: tuple[float, float] = (0, 1)) -> Standardization:
    """The layer that subtracts the mean image, one number for each channel and pixel.

    Args:
        images: (n, channels, height, width), training images.
        value_range: the lowest and the highest value a pixel can have.

    Raises:
        TypeError, ValueError: not float images, or values out of range.

    Source: Krizhevsky, Sutskever and Hinton, NeurIPS 2012 (AlexNet).
    """
    check_training(images, value_range)
    mean = statistic(average(images, (0,))[0], images)
    return Standardization(mean, torch.ones_like(mean), value_range=value_range)


def fit_channel_mean(
    images: Tensor, *, value_range: tuple[float, float] = (0, 1)
) -> Standardization:
    """The layer that subtracts each channel's mean; arguments and errors as for `fit_mean_image`.

    Source: Simonyan and Zisserman, ICLR 2015 (VGG).
    """
    check_training(images, value_range)
    mean = statistic(average(images, (0, 2, 3))[0], images)
    return Standardization(mean, torch.ones_like(mean), value_range=value_range)


def fit_standardization(
    images: Tensor, *, value_range: tuple[float, float] = (0, 1)
) -> Standardization:
    """The layer that subtracts each channel's mean and divides by its standard deviation.

    Arguments and errors as for `fit_mean_image`; a constant channel is a ValueError, too.

    Source: the common recipe for residual networks (He et al., CVPR 2016, themselves only
    subtracted the mean image on CIFAR-10).
    """
    check_training(images, value_range)
    mean = average(images, (0, 2, 3))
    std = average(images, (0, 2, 3), minus=mean).sqrt()[0]
    if not bool((std > 0).all()):
        constant = (std <= 0).nonzero()[:, 0].tolist()
        raise ValueError(f"cannot divide by a std of 0: channels {constant} never vary")
    mean, std = statistic(mean[0], images), statistic(std, images)
    return Standardization(mean, std, value_range=value_range)
