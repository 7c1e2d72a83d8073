"""Hidden tests of chapter 1: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

import math
from collections.abc import Mapping

import torch

from lib.checks import Case, expect_close


def swish(names: Mapping[str, object]) -> list[Case]:
    """Far from zero and on other shapes, where a formula copied for one case breaks."""
    f, derivative = names["swish"], names["swish_derivative"]
    x = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(11))

    def at_minimum() -> None:
        expect_close(derivative(torch.tensor([-1.2784645])), torch.zeros(1), tolerance=1e-5)

    return [
        Case("any shape", lambda: expect_close(f(x.clone()), torch.nn.functional.silu(x))),
        Case(
            "20 is nearly 20", lambda: expect_close(f(torch.tensor([20.0])), torch.tensor([20.0]))
        ),
        Case("-20 is nearly 0", lambda: expect_close(f(torch.tensor([-20.0])), torch.zeros(1))),
        Case("flat at its minimum", at_minimum),
    ]


def gain(names: Mapping[str, object]) -> list[Case]:
    """Functions that the visible check does not name."""
    g = names["gain"]
    cases = {
        "2z": (lambda z: 2 * z, 0.5),
        "|z|": (torch.abs, 1.0),
        "z²": (torch.square, 1 / math.sqrt(3)),
        "ELU": (torch.nn.functional.elu, 1.2452),
        "sigmoid": (torch.sigmoid, 1.8461),
    }
    return [
        Case(name, lambda f=f, value=value: expect_close(g(f), value, tolerance=0.03))
        for name, (f, value) in cases.items()
    ]


def maxout_pieces(names: Mapping[str, object], SLOPE: float = 0.1) -> list[Case]:
    """Points far out and close to the kink."""
    pieces = names["pieces"]
    x = torch.tensor([-1e4, -1e-4, 0.0, 1e-4, 1e4], dtype=torch.float64)
    expected = {"relu": x.clamp(min=0), "leaky_relu": torch.maximum(SLOPE * x, x), "abs": x.abs()}

    def value(name: str) -> torch.Tensor:
        w1, b1, w2, b2 = pieces(name)
        return torch.maximum(w1 * x + b1, w2 * x + b2)

    return [
        Case(name, lambda name=name, y=y: expect_close(value(name), y, tolerance=1e-6))
        for name, y in expected.items()
    ]
