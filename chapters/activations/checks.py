"""Checks of the exercises of chapter 1, activation functions."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lib import activations
from lib.checks import Case, Mistakes, Report, agrees, expect_close, run_cases

Function = Callable[[Tensor], Tensor]  # elementwise, shape in = shape out


def check_swish(swish: Function, derivative: Function) -> Report:
    """Check x · σ(x) and its derivative, written by hand.

    Args:
        swish, derivative: each maps a float tensor to one of the same shape.
    """

    def points() -> Tensor:  # new for each case, since an answer might change them
        return torch.linspace(-6, 6, 25, dtype=torch.float64)

    def has_values() -> None:
        expect_close(swish(points()), torch.nn.functional.silu(points()), _wrong_swishes(points()))

    def follows_autograd() -> None:
        x = points().requires_grad_()
        (slope,) = torch.autograd.grad((x * torch.sigmoid(x)).sum(), x)
        expect_close(derivative(points()), slope, _wrong_slopes(points()))

    def keeps_input() -> None:
        for function in (swish, derivative):
            function(x := points())
            if not torch.equal(x, points()):
                raise AssertionError("the input was changed; return a new tensor")

    zero = torch.zeros(1)
    return run_cases(
        "swish",
        [
            Case("swish(0) is 0",
                 lambda: expect_close(swish(zero.clone()), zero, _wrong_swishes(zero))),
            Case("swish is x · σ(x)", has_values),
            Case("its derivative at 0 is 1/2",
                 lambda: expect_close(derivative(zero.clone()), torch.full((1,), 0.5),
                                 _wrong_slopes(zero))),
            Case("its derivative agrees with autograd", follows_autograd),
            Case("the input is left alone", keeps_input),
        ],
    )  # fmt: skip


def _wrong_swishes(x: Tensor) -> Mistakes:
    s = torch.sigmoid(x)
    return {
        "This is σ(x) alone; swish multiplies it by x.": s,
        "This is x · σ(−x). Check the sign in the exponent.": x * torch.sigmoid(-x),
        "This is x + σ(x); the two are multiplied.": x + s,
        "This is the derivative. Do the two functions stand in the right order?":
            s + x * s * (1 - s),
        "This is ReLU, which swish only resembles far from zero.": x.clamp(min=0),
        "This is x · tanh(x); swish uses the sigmoid.": x * x.tanh(),
    }  # fmt: skip


def _wrong_slopes(x: Tensor) -> Mistakes:
    s = torch.sigmoid(x)
    slope = s * (1 - s)
    return {
        "This is the slope of σ alone. What happened to the factor x, and to the product rule?":
            slope,
        "One term of the product rule is missing: x has a slope, too.": x * slope,
        "One term of the product rule is missing: σ(x) has a slope, too.": s,
        "The derivative of a product is not the product of the derivatives, nor their sum.":
            1 + slope,
        "The second term of the product rule keeps the factor x.": s + slope,
        "The two terms of the product rule are added.": s - x * slope,
        "σ'(x) is σ(x) (1 − σ(x)), not 1 − σ(x).": s + x * (1 - s),
        "σ'(x) is σ(x) (1 − σ(x)), not σ(x) squared.": s + x * s**2,
        "This is swish itself. Do the two functions stand in the right order?": x * s,
    }  # fmt: skip


def check_gain(gain: Callable[[Function], float]) -> Report:
    """Check the gain g for which weights of std g/√n keep the mean square of the activations.

    Args:
        gain: maps an elementwise function f to 1/√E[f(z)²] for z from N(0, 1).
    """
    leaky = math.sqrt(2 / (1 + 0.1**2))

    def close(f: Function, expected: float) -> Callable:
        # Monte Carlo estimates are allowed: a tolerance of 2% suits about 10,000 draws.
        return lambda: expect_close(gain(f), expected, _wrong_gains(f), tolerance=0.02)

    return run_cases(
        "gain",
        [
            Case("identity: 1", close(lambda z: z, 1.0)),
            Case("ReLU: √2", close(torch.relu, math.sqrt(2))),
            Case("leaky ReLU: √(2 / 1.01)", close(activations.leaky_relu, leaky)),
            Case("tanh: 1.59", close(torch.tanh, 1.5925)),
            Case("SELU: 1", close(torch.selu, 1.0)),
        ],
    )


def _wrong_gains(f: Function) -> Mistakes:
    z = torch.linspace(-8, 8, 16_001, dtype=torch.float64)
    density = torch.exp(-(z**2) / 2)
    density /= density.sum()
    mean, size, square = ((density * part).sum().item() for part in (f(z), f(z).abs(), f(z) ** 2))
    slopes = (f(z + 1e-4) - f(z - 1e-4)) / 2e-4
    return {
        "The square root is missing: this is one over the mean square.": 1 / square,
        "This is the root of the mean square; the gain is one over it.": math.sqrt(square),
        "This is the mean square; the gain is one over its root.": square,
        "You divide by the standard deviation, which subtracts the mean first. The mean square "
        "does not: a mean that is not zero is a part of the signal.":
            1 / math.sqrt(square - mean**2),
        "You divide by the variance of f(z). Take its mean square, and then the root.":
            1 / (square - mean**2),
        "You divide by the mean of |f(z)|. Square first, take the mean, and then the root.":
            1 / size,
        "√2 is ReLU's gain; other functions have others. Use f.": math.sqrt(2),
        "1 is the identity's gain; other functions have others. Use f.": 1.0,
        "5/3 is what PyTorch's calculate_gain gives for tanh; E[f(z)²] gives less.": 5 / 3,
        "The gain is about the values of f, not about its slopes.":
            1 / math.sqrt((density * slopes**2).sum().item()),
        "Are your z uniform? Draw them from N(0, 1), or weigh a grid by the normal density.":
            1 / f(torch.linspace(0, 1, 1001)).square().mean().sqrt().item(),
    }  # fmt: skip


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
            got = torch.maximum(w1 * x + b1, w2 * x + b2)
            if not agrees(got, f(x)):
                raise AssertionError(_about_pieces(tuple(answer), x, f(x), slope))

        return test

    return run_cases(
        "maxout pieces",
        [
            Case("ReLU", same("relu", activations.relu)),
            Case("leaky ReLU", same("leaky_relu", lambda x: torch.maximum(slope * x, x))),
            Case("absolute value", same("abs", torch.abs)),
        ],
    )


def _about_pieces(answer: tuple, x: Tensor, right: Tensor, slope: float) -> str:
    """Where the two pieces differ from the function, and why they may."""
    w1, b1, w2, b2 = answer
    got = torch.maximum(w1 * x + b1, w2 * x + b2)
    at = int((got - right).abs().argmax())
    problem = f"at x = {x[at]:g}, expected {right[at]:.4g}; got {got[at]:.4g}"
    if agrees(torch.maximum(w1 * x + w2, b1 * x + b2), right):
        return f"{problem}. The order is w1, b1, w2, b2: each weight has its bias beside it."
    if agrees(torch.minimum(w1 * x + b1, w2 * x + b2), right):
        return f"{problem}. These pieces are right for a minimum; maxout keeps the larger one."
    if b1 or b2:
        return f"{problem}. All three functions are 0 at x = 0. Which biases does that allow?"
    if w1 == w2:
        return f"{problem}. Both pieces are the same line, so there is no kink."
    if agrees(right, torch.maximum(slope * x, x)) and max(w1, w2) == 1:
        return f"{problem}. Left of zero the slope should be SLOPE, here {slope:g}."
    if max(w1, w2) != 1:
        return f"{problem}. Right of zero the larger slope wins, and it should be 1."
    return f"{problem}. Left of zero the smaller slope wins. Which slope has the function there?"
