"""The activation functions of the course, each with its derivative.

Chapter 1 implements them from their formulas and asserts that they equal these, which are torch's
fused versions if torch has them. All take float tensors of any shape and device and do not modify
them; all are elementwise except `maxout`, which takes the largest of several linear pieces.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def sigmoid(x: Tensor) -> Tensor:
    """σ(x) = 1 / (1 + e⁻ˣ), same shape as `x`, in (0, 1)."""
    return torch.sigmoid(x)


def sigmoid_derivative(x: Tensor) -> Tensor:
    """σ'(x) = σ(x) (1 - σ(x)), at most 1/4."""
    s = sigmoid(x)
    return s * (1 - s)


def tanh(x: Tensor) -> Tensor:
    """tanh(x) = 2 σ(2x) - 1, in (-1, 1)."""
    return torch.tanh(x)


def tanh_derivative(x: Tensor) -> Tensor:
    """tanh'(x) = 1 - tanh²(x), at most 1."""
    return 1 - tanh(x) ** 2


def relu(x: Tensor) -> Tensor:
    """max(0, x).

    Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.
    """
    return torch.relu(x)


def relu_derivative(x: Tensor) -> Tensor:
    """1 where x > 0, else 0; at the kink we take 0, as torch does."""
    return (x > 0).to(x.dtype)


def leaky_relu(x: Tensor, *, slope: float = 0.1) -> Tensor:
    """max(slope · x, x), for a slope in [0, 1).

    Source: Maas et al., "Rectifier nonlinearities improve neural network acoustic models", 2013.
    The slope of 0.1 is the slides'; 0.01 is torch's default and the paper's.
    """
    return functional.leaky_relu(x, negative_slope=slope)


def leaky_relu_derivative(x: Tensor, *, slope: float = 0.1) -> Tensor:
    """1 where x > 0, else the slope."""
    return torch.ones_like(x).where(x > 0, slope)


def elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """x where x ≥ 0, else α (eˣ - 1).

    Source: Clevert et al., "Fast and accurate deep network learning by exponential linear units",
    ICLR 2016.
    """
    return functional.elu(x, alpha=alpha)


def elu_derivative(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """1 where x ≥ 0, else α eˣ."""
    # The clamp keeps the branch that is not taken from overflowing.
    return torch.where(x >= 0, 1.0, alpha * torch.exp(x.clamp(max=0)))


def selu(x: Tensor) -> Tensor:
    """λ · elu(x; α), with the λ ≈ 1.0507 and α ≈ 1.6733 that make mean 0, variance 1 a fixed point.

    Source: Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017.
    """
    return torch.selu(x)


def selu_derivative(x: Tensor) -> Tensor:
    """λ where x ≥ 0, else λ α eˣ."""
    return SELU_SCALE * elu_derivative(x, alpha=SELU_ALPHA)


def maxout(z: Tensor, *, pieces: int = 2) -> Tensor:
    """The largest of `pieces` linear functions per unit: max(w₁ᵀx + b₁, w₂ᵀx + b₂, …).

    Args:
        z: (..., pieces · units), the linear functions' values; piece p of unit u is at
            index p · units + u.

    Returns:
        (..., units).

    Raises:
        ValueError: the last dimension is not a multiple of `pieces`.

    Source: Goodfellow et al., "Maxout networks", ICML 2013.
    """
    if pieces < 1 or z.shape[-1] % pieces:
        raise ValueError(
            f"maxout needs a last dimension that is a multiple of pieces={pieces}; "
            f"got shape {tuple(z.shape)}"
        )
    return z.unflatten(-1, (pieces, -1)).amax(dim=-2)


def maxout_derivative(z: Tensor, *, pieces: int = 2) -> Tensor:
    """The derivative of each unit with respect to its own winning piece: 1 everywhere."""
    return torch.ones_like(maxout(z, pieces=pieces))


@dataclass(frozen=True)
class Activation:
    """An activation function as a network uses it.

    Attributes:
        label: its name in figures and tables.
        function: maps pre-activations (..., pieces · units) to activations (..., units).
        derivative: of `function` at the same pre-activations, (..., units).
        init: the initialization its paper (or, for maxout, the variance argument of chapter 1)
            recommends; a key of `lib.models.INITIALIZATIONS`.
        pieces: linear functions per unit; 1 except for maxout.
    """

    label: str
    function: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]
    init: str
    pieces: int = 1


ACTIVATIONS = {
    "sigmoid": Activation("sigmoid", sigmoid, sigmoid_derivative, "glorot"),
    "tanh": Activation("tanh", tanh, tanh_derivative, "glorot"),
    "relu": Activation("ReLU", relu, relu_derivative, "he"),
    "leaky_relu": Activation("leaky ReLU", leaky_relu, leaky_relu_derivative, "he"),
    "maxout": Activation("maxout", maxout, maxout_derivative, "lecun", pieces=2),
    "elu": Activation("ELU", elu, elu_derivative, "he"),
    "selu": Activation("SELU", selu, selu_derivative, "lecun"),
}


def get_activation(name: str) -> Activation:
    """The activation with this name.

    Raises:
        ValueError: an unknown name; the message lists the valid ones.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {name!r}")
    return ACTIVATIONS[name]


def dead_fraction(pre: Tensor, activation: Activation, *, threshold: float = 1e-3) -> Tensor:
    """The fraction of a layer's units that pass on no gradient for any example.

    Args:
        pre: (..., examples, pieces · units), pre-activations of one layer.
        activation: the layer's activation.
        threshold: a smaller derivative counts as zero; that of a dead ReLU is exactly zero.

    Returns:
        (...): a scalar, or one number per copy of a stack.

    Raises:
        ValueError: no examples.
    """
    if pre.ndim < 2 or pre.shape[-2] == 0:
        raise ValueError(f"expected pre-activations (examples, units); got {tuple(pre.shape)}")
    alive = activation.derivative(pre).abs() >= threshold
    wide = torch.promote_types(pre.dtype, torch.float32)
    return 1 - alive.any(dim=-2).to(wide).mean(dim=-1)
