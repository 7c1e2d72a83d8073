"""What is optimized instead of the pixels, and how it becomes pixels.

Gradient steps in other coordinates lead elsewhere: Fourier coefficients scaled by their frequency
give smooth pictures, where pixels give grain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from lib.precision import wide, without_autocast

# From Lucid: the square root of the covariance of ImageNet's colors, columns in decreasing order.
_COLORS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
EDGE = 1e-3  # pixels nearer to 0 or 1 than this are moved here, since their logit is infinite


@dataclass(frozen=True)
class Parametrization:
    """Numbers to optimize and how they become images; every use starts from the same numbers.

    Attributes:
        start: the first values of the numbers, float32 or wider.
        render: maps them to images (batch, channels, height, width), differentiable.
        direct: whether the numbers are the pixels.
    """

    start: Tensor
    render: Callable[[Tensor], Tensor]
    direct: bool = False

    def images(self) -> Tensor:
        """The images it starts from."""
        with torch.no_grad():
            return self.render(self.start.clone())


def pixels(images: Tensor) -> Parametrization:
    """The pixels themselves, without bounds, from these images.

    Raises:
        ValueError: not (batch, channels, height, width).
    """
    _check(images)
    return Parametrization(wide(images.detach()).clone(), _same, direct=True)


def bounded_pixels(images: Tensor) -> Parametrization:
    """Pixels that stay in (0, 1): the sigmoid of the numbers, from these images in [0, 1].

    Raises:
        ValueError: not (batch, channels, height, width), or values outside [0, 1].
    """
    _check(images)
    return Parametrization(_logit(images), torch.sigmoid)


def noise(
    *shape: int, std: float = 0.01, center: float = 0.5, generator: torch.Generator
) -> Tensor:
    """Normal numbers around `center`, (batch, channels, height, width), on the CPU: a start."""
    return center + std * torch.randn(shape, generator=generator)


@without_autocast()
@torch.inference_mode(False)
def fourier(
    images: Tensor, *, decay: float = 1.0, decorrelate: bool | None = None
) -> Parametrization:
    """Scaled Fourier coefficients of decorrelated colors, followed by a sigmoid; from these images.

    Args:
        images: (batch, channels, height, width) in [0, 1]; `noise` around 0.5, or a photograph.
        decay: coefficients at frequency f are divided by f ** decay: 0 treats all alike, 1 suits
            photographs, whose amplitudes fall like this.
        decorrelate: rotate colors so that those of photographs vary independently; None does so if
            there are three channels.

    Raises:
        ValueError: a wrong shape, values outside [0, 1], or `decorrelate` without three channels.

    Source: Olah, Mordvintsev, Schubert, "Feature visualization", Distill 2017 (preconditioning),
    and their library Lucid, whose color matrix we use.
    """
    _check(images)
    colors = images.shape[1] == 3 if decorrelate is None else decorrelate
    if colors and images.shape[1] != 3:
        raise ValueError(f"decorrelated colors need 3 channels; got {images.shape[1]}")
    height, width = images.shape[-2:]
    values = _logit(images)
    scale = _scales(height, width, decay, values)
    if colors:
        values = _mix(values, torch.linalg.inv(_color_matrix(values)))
    spectrum = torch.fft.rfft2(values, norm="ortho") / scale
    return Parametrization(
        torch.view_as_real(spectrum).contiguous(),
        partial(_render_fourier, scale=scale, size=(height, width), colors=colors),
    )


def fourier_noise(
    *shape: int, std: float = 0.01, decay: float = 1.0, generator: torch.Generator
) -> Parametrization:
    """As `fourier`, from normal coefficients of this standard deviation: smooth noise, nearly gray.

    Args:
        shape: batch, channels, height, width; on the CPU (see `moved`).

    Raises:
        ValueError: not four sizes.
    """
    if len(shape) != 4:
        raise ValueError(f"expected batch, channels, height, width; got {shape}")
    gray = fourier(torch.full(shape, 0.5), decay=decay)
    start = std * torch.randn(gray.start.shape, generator=generator)
    return Parametrization(start, gray.render)


def moved(parametrization: Parametrization, device: torch.device | str) -> Parametrization:
    """The same parametrization on another device."""
    render = parametrization.render
    if isinstance(render, partial):
        options = {
            name: value.to(device) if isinstance(value, Tensor) else value
            for name, value in render.keywords.items()
        }
        render = partial(render.func, **options)
    start = parametrization.start.to(device)
    return Parametrization(start, render, parametrization.direct)


def _check(images: Tensor) -> None:
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            f"images must be (batch, channels, height, width); got {tuple(images.shape)}"
        )


def _logit(images: Tensor) -> Tensor:
    images = wide(images.detach())
    if not bool(((images >= 0) & (images <= 1)).all()):
        raise ValueError(
            f"images must be in [0, 1]; got {float(images.min()):.3g} to {float(images.max()):.3g}"
        )
    return images.clamp(EDGE, 1 - EDGE).logit()


def _same(values: Tensor) -> Tensor:
    return values


def _scales(height: int, width: int, decay: float, like: Tensor) -> Tensor:
    """The factor of each coefficient, (height, width // 2 + 1); largest at the lowest frequency."""
    down = torch.fft.fftfreq(height, dtype=like.dtype, device=like.device)[:, None]
    across = torch.fft.rfftfreq(width, dtype=like.dtype, device=like.device)[None]
    lowest = 1 / max(height, width)
    return (lowest / (down**2 + across**2).sqrt().clamp(min=lowest)) ** decay * height / 4


def _color_matrix(values: Tensor) -> Tensor:
    matrix = values.new_tensor(_COLORS)
    return matrix / matrix.norm(dim=0).max()


def _mix(values: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("oc,bchw->bohw", matrix, values)


@without_autocast()
def _render_fourier(
    values: Tensor, *, scale: Tensor, size: tuple[int, int], colors: bool
) -> Tensor:
    image = torch.fft.irfft2(torch.view_as_complex(values) * scale, s=size, norm="ortho")
    return torch.sigmoid(_mix(image, _color_matrix(image)) if colors else image)
