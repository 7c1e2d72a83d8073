"""Whitening: principal components, and the layers that decorrelate and rescale along them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lib.pca import principal_directions
from lib.precision import wide_dtype, without_autocast
from lib.preprocessing.base import Preprocessing, average, check_training


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """The directions in which images vary, from most to least variance; on the CPU.

    Attributes:
        mean: (D,), float64, with D = channels · height · width.
        directions: (K, D), float64, orthonormal rows; each one's largest entry is positive.
        variances: (K,), float64, decreasing: the covariance's eigenvalues.
        image_shape: (channels, height, width).
        value_range: the lowest and the highest value a pixel can have.
        dtype: of the layers' statistics, float32 or float64: that of the images, if it is wide.
        device: that of the images, on which layers made from these components are.
    """

    mean: Tensor
    directions: Tensor
    variances: Tensor
    image_shape: tuple[int, int, int]
    value_range: tuple[float, float]
    dtype: torch.dtype
    device: torch.device


def fit_principal_components(
    images: Tensor, *, value_range: tuple[float, float] = (0, 1)
) -> PrincipalComponents:
    """The principal components of training images, without those of variance zero.

    Arguments and errors as for `fit_mean_image`.

    Cost: O(n D²) for the covariance and O(D³) for its eigenvectors; with fewer images than
        dimensions, n and D are swapped. About ten seconds for 10,000 images of 3 × 32 × 32 on one
        core, one second for 1,000.
    """
    check_training(images, value_range)
    mean = average(images, (0,)).flatten()
    variances, directions = principal_directions(images.flatten(1), mean)
    channels, height, width = images.shape[1:]
    shape, dtype = (channels, height, width), wide_dtype(images)
    return PrincipalComponents(
        mean, directions, variances, shape, value_range, dtype, images.device
    )


class Whitening(Preprocessing):
    """y = scale · V (x - mean): rotate to the principal directions V, rescale; ZCA rotates back.

    Args:
        mean: (D,), float32 or float64; None makes an empty layer, for a saved state.
        directions: (K, D), orthonormal rows.
        scale: (K,), the factor of each direction.
        rotate_back: whether the result is an image again; otherwise it is (batch, K).
        image_shape, value_range: of the images it was fitted on; as in `Preprocessing`.
    """

    mean: Tensor
    directions: Tensor
    scale: Tensor
    rotate_back: Tensor

    def __init__(
        self,
        mean: Tensor | None = None,
        directions: Tensor | None = None,
        scale: Tensor | None = None,
        *,
        rotate_back: bool = False,
        image_shape: Sequence[int] | None = None,
        value_range: tuple[float, float] = (0, 1),
    ):
        super().__init__(image_shape, value_range)
        self.register_buffer("rotate_back", torch.tensor(rotate_back))
        self._rotates_back = rotate_back
        values = {"mean": mean, "directions": directions, "scale": scale}
        for name, value in values.items():
            self.register_buffer(name, torch.empty(0) if value is None else value)
        self.to(self.mean.device)

    @property
    def matrix(self) -> Tensor:
        """The whole map from centered images, flattened, to outputs: (K, D), or (D, D) for ZCA."""
        scaled = self.scale[:, None] * self.directions
        return self.directions.T @ scaled if self._rotates_back else scaled

    def _read_settings(self) -> None:
        super()._read_settings()
        self._rotates_back = bool(self.rotate_back)

    def _transform(self, images: Tensor) -> Tensor:
        mean, directions, scale = self._statistics(images.dtype)
        with without_autocast():
            y = (images.flatten(1) - mean) @ directions.T * scale
            return (y @ directions).view_as(images) if self._rotates_back else y

    def inverse(self, transformed: Tensor) -> Tensor:
        """The images that `transformed` was made from, up to the directions that were dropped.

        They have its dtype.
        """
        y = transformed.flatten(1).to(wide_dtype(transformed))
        mean, directions, scale = self._statistics(y.dtype)
        with without_autocast():
            if self._rotates_back:
                y = y @ directions.T
            images = y / scale @ directions + mean
        return images.unflatten(1, self._shape).to(transformed.dtype)

    def _statistics(self, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        return self.mean.to(dtype), self.directions.to(dtype), self.scale.to(dtype)


def decorrelation(components: PrincipalComponents, *, keep: int | None = None) -> Whitening:
    """The layer that rotates images to their principal directions: V (x - mean), (batch, keep).

    Args:
        components: components of the training images.
        keep: number of directions kept, those of most variance; None keeps all.

    Raises:
        ValueError: an invalid number of directions.
    """
    directions, variances = _first(components, keep)
    return _whitening(components, directions, torch.ones_like(variances), rotate_back=False)


def pca_whitening(
    components: PrincipalComponents, *, epsilon: float = 0.0, keep: int | None = None
) -> Whitening:
    """The layer that rotates and then gives all directions variance 1: (batch, keep).

    Args:
        components: components of the training images.
        epsilon: added to each variance before dividing by its root, so that directions of little
            variance, mostly noise, are not amplified; in squared pixel units.
        keep: number of directions kept, those of most variance; None keeps all.

    Raises:
        ValueError: a negative epsilon or an invalid number of directions.
    """
    directions, variances = _first(components, keep)
    scale = _shrink(variances, epsilon)
    return _whitening(components, directions, scale, rotate_back=False)


def zca_whitening(
    components: PrincipalComponents, *, epsilon: float = 0.0, keep: int | None = None
) -> Whitening:
    """The layer that whitens and rotates back: images again, as close to the original as possible.

    Arguments and errors as for `pca_whitening`.

    Sources: Bell and Sejnowski, Vision Research 1997; Krizhevsky 2009 (on CIFAR-10); Kessy,
    Lewin and Strimmer, The American Statistician 2018 (closest to the original).
    """
    directions, variances = _first(components, keep)
    return _whitening(components, directions, _shrink(variances, epsilon), rotate_back=True)


def _whitening(
    of: PrincipalComponents, directions: Tensor, scale: Tensor, *, rotate_back: bool
) -> Whitening:
    images = {"image_shape": of.image_shape, "value_range": of.value_range}
    statistics = (values.to(of.dtype).to(of.device) for values in (of.mean, directions, scale))
    return Whitening(*statistics, rotate_back=rotate_back, **images)


def _first(components: PrincipalComponents, keep: int | None) -> tuple[Tensor, Tensor]:
    """The directions and variances of the `keep` first components."""
    there = len(components.variances)
    keep = there if keep is None else keep
    if not 1 <= keep <= there:
        raise ValueError(f"keep must be from 1 to the {there} directions there are; got {keep}")
    return components.directions[:keep], components.variances[:keep]


def _shrink(variances: Tensor, epsilon: float) -> Tensor:
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be at least 0; got {epsilon}")
    return (variances + epsilon).rsqrt()
