"""Hidden tests of the opening chapter: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

from collections.abc import Mapping

import torch
from torch.nn import functional

from chapters.recap.checks import autograd_step, measure
from lib.checks import Case, expect_close, expect_parts


def convolution_costs(names: Mapping[str, object], PADDING: int = 2) -> list[Case]:
    """A layer of a known network, and windows of one pixel and as large as the picture."""
    f = names["convolution_costs"]

    def matches(*case: object) -> None:
        got, expected = expect_parts(f(*case), 3), measure(*case, PADDING)
        for mine, theirs in zip(got, expected, strict=True):
            expect_close(torch.as_tensor(mine).double(), torch.as_tensor(theirs).double())

    return [
        Case("AlexNet's first layer", lambda: matches((3, 224, 224), 64, 11, 4)),
        Case("a filter of one pixel", lambda: matches((16, 9, 7), 5, 1, 1)),
        Case("a wide picture", lambda: matches((2, 5, 16), 3, 5, 1)),
        Case("a window as large as the picture", lambda: matches((8, 6, 6), 3, 6, 1)),
        Case("a stride larger than the filter", lambda: matches((2, 20, 13), 4, 2, 5)),
    ]


def sgd_step(names: Mapping[str, object]) -> list[Case]:
    """Two classes, large scores and many steps."""
    f = names["sgd_step"]

    def given(classes: int, batch: int, scale: float = 1.0) -> tuple[torch.Tensor, ...]:
        g = torch.Generator().manual_seed(classes * batch)
        sizes = ((classes, 5), (classes,), (batch, 5))
        W, b, X = (scale * torch.randn(size, generator=g) for size in sizes)
        return W, b, X, torch.randint(classes, (batch,), generator=g)

    def matches(case: tuple[torch.Tensor, ...], steps: int = 1) -> None:
        mine, theirs = case[:2], case[:2]
        for _ in range(steps):
            mine = expect_parts(f(*(t.clone() for t in (*mine, *case[2:])), 0.2), 2)
            theirs = autograd_step(*theirs, *case[2:], 0.2)
        for got, expected in zip(mine, theirs, strict=True):
            expect_close(got, expected, tolerance=1e-3)

    return [
        Case("two classes", lambda: matches(given(2, 7))),
        Case("scores in the hundreds", lambda: matches(given(6, 4, scale=20.0))),
        Case("twenty steps", lambda: matches(given(5, 30), steps=20)),
    ]


def convolve(names: Mapping[str, object]) -> list[Case]:
    """One pixel, a filter of the picture's size, large strides; the input is left alone."""
    f = names["convolve"]

    def given(*size: int) -> tuple[torch.Tensor, ...]:
        channels, height, width, filters, side = size
        g = torch.Generator().manual_seed(sum(size))
        sizes = ((channels, height, width), (filters, channels, side, side), (filters,))
        return tuple(torch.randn(size, generator=g) for size in sizes)

    def matches(stride: int, *size: int) -> None:
        x, w, b = given(*size)
        expected = functional.conv2d(x[None], w, b, stride=stride)[0]
        expect_close(f(x, w, b, stride), expected)

    def keeps_input() -> None:
        case = given(2, 6, 6, 2, 3)
        f(*case, 1)
        for mine, theirs in zip(case, given(2, 6, 6, 2, 3), strict=True):
            expect_close(mine, theirs)

    return [
        Case("filters of one pixel", lambda: matches(1, 4, 3, 5, 6, 1)),
        Case("a filter as large as the picture", lambda: matches(1, 3, 4, 4, 2, 4)),
        Case("a stride larger than the filter", lambda: matches(4, 2, 14, 11, 3, 3)),
        Case("thirty-two pixels, six filters", lambda: matches(1, 3, 32, 32, 6, 5)),
        Case("the input is left alone", keeps_input),
    ]
