"""Flips, and the pictures that a moved, turned, stretched, sheared or distorted camera would see.

All but the flip work backwards: for each output pixel they compute where in the input it comes
from, and sample the input there, between its pixels, by bilinear interpolation. Coordinates are in
pixels from the center of the image, x to the right and y down; one call processes a whole batch.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from lib.augmentation.base import (
    pair_per_image,
    per_image,
    uniform,
)
from lib.precision import wide, wide_dtype, without_autocast
from lib.validation import check_images

PADDINGS = ("zeros", "border", "reflection")
Pair = Tensor | tuple[float, float]


def horizontal_flip(images: Tensor, flip: Tensor | bool = True) -> Tensor:
    """The images, mirrored left to right where `flip` is true.

    Same as torchvision's `horizontal_flip`.

    Args:
        images: (batch, channels, height, width).
        flip: bool, (batch,), or one value for all.

    Raises:
        ValueError: `flip` is not bool or has the wrong shape.
    """
    check_images(images)
    flip = torch.as_tensor(flip, device=images.device)
    if flip.dtype != torch.bool or flip.shape not in (torch.Size([]), images.shape[:1]):
        raise ValueError(
            f"flip must be bool ({len(images)},); got {flip.dtype} {tuple(flip.shape)}"
        )
    return torch.where(flip.view(-1, 1, 1, 1), images.flip(-1), images)


def random_horizontal_flip(images: Tensor, generator: torch.Generator, *, p: float = 0.5) -> Tensor:
    """The images, each mirrored with probability `p`.

    Raises:
        ValueError: `p` is not a probability.

    Source: Krizhevsky et al., "ImageNet classification with deep convolutional neural networks",
    NeurIPS 2012, section 4.1.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p must be a probability in [0, 1]; got {p}")
    check_images(images)
    return horizontal_flip(images, uniform(images, 0, 1, generator) < p)


def affine(
    images: Tensor,
    *,
    angle: Tensor | float = 0.0,
    translate: Pair = (0.0, 0.0),
    scale: Tensor | float = 1.0,
    stretch: Pair = (1.0, 1.0),
    shear: Pair = (0.0, 0.0),
    padding: str = "zeros",
) -> Tensor:
    """The images stretched, sheared, scaled and turned about their centers, then moved.

    With the default `stretch` this is torchvision's `affine` with bilinear interpolation (there,
    the default is the nearest pixel), up to rounding (2e-5 on images of 64 pixels in [0, 1]).

    Args:
        images: (batch, channels, height, width).
        angle: degrees, clockwise; a number or (batch,), like `scale`.
        translate: pixels to the right and down; (x, y) or (batch, 2), like `stretch` and `shear`.
        scale: a value above 1 enlarges.
        stretch: factors along x and y.
        shear: degrees within ±90; the first slants vertical lines, the second horizontal ones.
        padding: what lies outside the image: "zeros" (black), "border" (its edge, continued) or
            "reflection".

    Raises:
        ValueError: a parameter of the wrong shape, a scale or stretch ≤ 0, a shear outside ±90°, or
            an unknown padding.
    """
    check_images(images)
    forward = affine_matrix(images, angle=angle, scale=scale, stretch=stretch, shear=shear)
    moved = pair_per_image(images, "translate", translate)
    (a, b), (c, d) = forward.permute(1, 2, 0)
    inverse = torch.stack([d, -b, -c, a], -1).unflatten(-1, (2, 2))
    inverse = inverse / (a * d - b * c).view(-1, 1, 1)
    at = _pixels(images) - moved.view(-1, 1, 1, 2)
    with without_autocast():
        at = torch.einsum("nij,nhwj->nhwi", inverse, at)
    return sample(images, at, padding=padding)


def affine_matrix(
    images: Tensor,
    *,
    angle: Tensor | float = 0.0,
    scale: Tensor | float = 1.0,
    stretch: Pair = (1.0, 1.0),
    shear: Pair = (0.0, 0.0),
) -> Tensor:
    """The matrices (batch, 2, 2) that map a point (x, y) of the input to its place in the output.

    Rotation · scale · vertical shear · horizontal shear · stretch. Arguments and errors are those
    of `affine`. The matrices are float64 for float64 images, otherwise float32.
    """
    angle = per_image(images, "angle", angle).deg2rad()
    factors = (
        pair_per_image(images, "stretch", stretch) * per_image(images, "scale", scale)[:, None]
    )
    slants = pair_per_image(images, "shear", shear)
    if not bool((factors > 0).all()):
        raise ValueError(f"scale and stretch must be positive; got {factors.tolist()} together")
    if not bool((slants.abs() < 90).all()):
        raise ValueError(f"shear must lie within ±90 degrees; got {slants.tolist()}")
    slant_x, slant_y = slants.deg2rad().tan().unbind(-1)
    one, none = torch.ones_like(angle), torch.zeros_like(angle)
    turn = _matrix(angle.cos(), -angle.sin(), angle.sin(), angle.cos())
    with without_autocast():
        shears = _matrix(one, none, -slant_y, one) @ _matrix(one, -slant_x, none, one)
        return turn @ shears @ torch.diag_embed(factors)


def rotate(images: Tensor, angle: Tensor | float, *, padding: str = "zeros") -> Tensor:
    """The images turned clockwise by `angle` degrees; torchvision's turns the other way."""
    return affine(images, angle=angle, padding=padding)


def translate(images: Tensor, by: Pair, *, padding: str = "zeros") -> Tensor:
    """The images moved by (x, y) pixels, to the right and down."""
    return affine(images, translate=by, padding=padding)


def stretch(images: Tensor, factors: Pair, *, padding: str = "zeros") -> Tensor:
    """The images made wider and taller by the factors (x, y), about their centers."""
    return affine(images, stretch=factors, padding=padding)


def shear(images: Tensor, degrees: Pair, *, padding: str = "zeros") -> Tensor:
    """The images slanted by (x, y) degrees; x leans vertical lines, y tilts horizontal ones."""
    return affine(images, shear=degrees, padding=padding)


def random_affine(
    images: Tensor,
    generator: torch.Generator,
    *,
    degrees: float = 0.0,
    translate: float = 0.0,
    scale: tuple[float, float] = (1.0, 1.0),
    stretch: float = 0.0,
    shear: float = 0.0,
    padding: str = "zeros",
) -> Tensor:
    """The images, each turned, moved, scaled, stretched and sheared by its own random amounts.

    Unlike torchvision's `RandomAffine` this does not round translations to whole pixels, and it
    shears along both axes.

    Args:
        degrees: angles are uniform in ±degrees.
        translate: movements are uniform in ±translate, as a fraction of the width and height.
        scale: factors are uniform in this range.
        stretch: each axis grows by a factor in [1 / (1 + stretch), 1 + stretch], uniform in its
            logarithm.
        shear: angles along each axis are uniform in ±shear degrees.
        padding: as in `affine`.

    Raises:
        ValueError: a negative amount, a range of scales that reaches 0, or a shear of 90° or more.
    """
    check_images(images)
    amounts = {"degrees": degrees, "translate": translate, "stretch": stretch, "shear": shear}
    if min(amounts.values()) < 0:
        raise ValueError(f"amounts must be at least 0; got {amounts}")
    # Otherwise `affine` would reject some draws and take others.
    if not (scale[0] > 0 and shear < 90):
        raise ValueError(f"scales must be positive, shear below 90; got {scale}, shear {shear}")

    def pairs(amount: float) -> Tensor:
        draws = [uniform(images, -amount, amount, generator) for _ in range(2)]
        return torch.stack(draws, -1)

    size = torch.tensor([images.shape[-1], images.shape[-2]]).to(images.device, wide_dtype(images))
    return affine(
        images,
        angle=uniform(images, -degrees, degrees, generator),
        translate=pairs(translate) * size,
        scale=uniform(images, *scale, generator),
        stretch=pairs(math.log1p(stretch)).exp(),
        shear=pairs(shear),
        padding=padding,
    )


def lens_distortion(images: Tensor, k: Tensor | float, *, padding: str = "zeros") -> Tensor:
    """The images as seen through a lens that magnifies its center and its rim differently.

    A pixel of the output at distance r from the center shows what the input has at r (1 + k r²),
    in the same direction; r is 1 at the corners. k > 0 gives barrel distortion (the rim shrinks),
    k < 0 pincushion. torchvision's `elastic`, given the same displacements, differs only by
    rounding (2e-5).

    Args:
        images: (batch, channels, height, width).
        k: a number or (batch,), above -1/3: otherwise the rim would fold over.
        padding: as in `affine`.

    Raises:
        ValueError: k is too small or has the wrong shape, or an unknown padding.

    Source: the first radial term of Brown, "Close-range camera calibration", 1971; here it maps
    output to input, which is how Fitzgibbon (CVPR 2001) uses such models, too.
    """
    check_images(images)
    k = per_image(images, "k", k)
    if not bool((k > -1 / 3).all()):
        raise ValueError(f"k must be above -1/3, or the image folds over; got {k.tolist()}")
    at = _pixels(images)
    corner = math.hypot(*images.shape[-2:]) / 2
    square = (at / corner).square().sum(-1, keepdim=True)
    return sample(images, at * (1 + k.view(-1, 1, 1, 1) * square), padding=padding)


def sample(images: Tensor, at: Tensor, *, padding: str = "zeros") -> Tensor:
    """The images sampled between their pixels by bilinear interpolation.

    Args:
        images: (batch, channels, height, width).
        at: (batch or 1, rows, columns, 2): for each output pixel, the input position (x, y) that
            it shows, in pixels from the center.
        padding: as in `affine`.

    Returns:
        (batch, channels, rows, columns).

    Raises:
        ValueError: an unknown padding, or `at` of the wrong shape.
    """
    if padding not in PADDINGS:
        raise ValueError(f"padding must be one of {', '.join(PADDINGS)}; got {padding!r}")
    if at.ndim != 4 or at.shape[-1] != 2 or at.shape[0] not in (1, len(images)):
        raise ValueError(f"at must be ({len(images)}, rows, columns, 2); got {tuple(at.shape)}")
    pixels = wide(images)
    half = torch.tensor([images.shape[-1] / 2, images.shape[-2] / 2]).to(pixels)
    grid = (at.to(pixels) / half).expand(len(images), -1, -1, -1)
    shown = functional.grid_sample(
        pixels, grid, mode="bilinear", padding_mode=padding, align_corners=False
    )
    return shown.to(images.dtype)


def _pixels(images: Tensor) -> Tensor:
    """(1, height, width, 2): x and y of every pixel's center, from the center of the image."""
    y, x = (
        torch.arange(n, dtype=wide_dtype(images), device=images.device) - (n - 1) / 2
        for n in images.shape[-2:]
    )
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]


def _matrix(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    """Matrices (batch, 2, 2) with rows (a, b) and (c, d)."""
    return torch.stack([a, b, c, d], -1).unflatten(-1, (2, 2))
