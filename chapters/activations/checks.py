"""Checks of the exercises of chapter 1, activation functions."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lib import activations
from lib.checks import Case, Report, expect_close, run_cases

Function = Callable[[Tensor], Tensor]  # elementwise, shape in = shape out


def check_swish(swish: Function, derivative: Function) -> Report:
    """Check x · σ(x) and its derivative, written by hand.

    Args:
        swish, derivative: each maps a float tensor to one of the same shape.
    """

    def points() -> Tensor:  # new for each case, since an answer might change them
        return torch.linspace(-6, 6, 25, dtype=torch.float64)

    def follows_autograd() -> None:
        x = points().requires_grad_()
        (slope,) = torch.autograd.grad((x * torch.sigmoid(x)).sum(), x)
        expect_close(derivative(points()), slope, hint="Use the product rule on x · σ(x).")

    def keeps_input() -> None:
        for function in (swish, derivative):
            function(x := points())
            if not torch.equal(x, points()):
                raise AssertionError("the input was changed; return a new tensor")

    return run_cases(
        "swish",
        [
            Case("swish(0) is 0", lambda: expect_close(swish(torch.zeros(1)), torch.zeros(1))),
            Case("swish is x · σ(x)",
                 lambda: expect_close(swish(points()), torch.nn.functional.silu(points()))),
            Case("its derivative at 0 is 1/2",
                 lambda: expect_close(derivative(torch.zeros(1)), torch.full((1,), 0.5))),
            Case("its derivative agrees with autograd", follows_autograd),
            Case("the input is left alone", keeps_input),
        ],
    )  # fmt: skip


def check_gain(gain: Callable[[Function], float]) -> Report:
    """Check the gain g for which weights of std g/√n keep the mean square of the activations.

    Args:
        gain: maps an elementwise function f to 1/√E[f(z)²] for z from N(0, 1).
    """
    leaky = math.sqrt(2 / (1 + 0.1**2))

    def close(f: Function, expected: float, hint: str = "") -> Callable:
        # Monte Carlo estimates are allowed: a tolerance of 2% suits about 10,000 draws.
        return lambda: expect_close(gain(f), expected, hint=hint, tolerance=0.02)

    return run_cases(
        "gain",
        [
            Case("identity: 1", close(lambda z: z, 1.0, "For f(z) = z, E[z²] is 1.")),
            Case("ReLU: √2", close(torch.relu, math.sqrt(2), "ReLU zeroes half of E[z²].")),
            Case("leaky ReLU: √(2 / 1.01)", close(activations.leaky_relu, leaky)),
            Case("tanh: 1.59", close(torch.tanh, 1.5925)),
            Case("SELU: 1", close(torch.selu, 1.0, "SELU was made for this.")),
        ],
    )


def check_maxout_pieces(
    pieces: Callable[[str], tuple[float, float, float, float]], slope: float = 0.1
) -> Report:
    """Check that two linear pieces reproduce ReLU, leaky ReLU and |x|.

    Args:
        pieces: maps "relu", "leaky_relu" or "abs" to (w1, b1, w2, b2) of max(w1 x + b1, w2 x + b2).
        slope: of leaky ReLU.
    """
    x = torch.linspace(-3, 3, 13, dtype=torch.float64)

    def same(name: str, f: Function) -> Callable[[], None]:
        def test() -> None:
            answer = pieces(name)
            if not hasattr(answer, "__len__") or len(answer) != 4:
                raise AssertionError(f"expected four numbers (w1, b1, w2, b2); got {answer!r}")
            w1, b1, w2, b2 = answer
            expect_close(torch.maximum(w1 * x + b1, w2 * x + b2), f(x))

        return test

    return run_cases(
        "maxout pieces",
        [
            Case("ReLU", same("relu", activations.relu)),
            Case("leaky ReLU", same("leaky_relu", lambda x: torch.maximum(slope * x, x))),
            Case("absolute value", same("abs", torch.abs)),
        ],
    )
