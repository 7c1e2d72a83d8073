"""Checks of the exercises of the opening chapter."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.checks import Case, Report, expect_close, expect_parts, run_cases
from lib.training import cross_entropy

Shape = tuple[int, int, int]
Costs = tuple[Shape, int, int]
Convolution = tuple[Shape, int, int, int, int]  # the picture; filters, their size, stride, padding


def check_convolution_costs(
    convolution_costs: Callable[[Shape, int, int, int, int], Costs],
) -> Report:
    """Check the shape, the weights and the multiplications of a convolution.

    Args:
        convolution_costs: maps the picture's (channels, height, width), the number of filters,
            their size, stride and padding to (output shape, weights with biases,
            multiplications).
    """

    def answer(case: Convolution) -> tuple:
        shape, weights, products = expect_parts(convolution_costs(*case), 3)
        return expect_parts(shape, 3), weights, products

    def matches(which: int, hint: str, case: Convolution) -> Callable[[], None]:
        return lambda: expect_close(
            torch.as_tensor(answer(case)[which]).double(),
            torch.as_tensor(measure(*case)[which]).double(),
            hint=hint,
        )

    slides, odd = ((3, 32, 32), 6, 5, 1, 0), ((4, 11, 15), 7, 3, 2, 1)
    uneven = ((1, 8, 8), 2, 3, 2, 0)
    return run_cases(
        "convolution costs",
        [
            Case("the shape of the example", matches(0, "One map for each filter.", slides)),
            Case("with stride and padding", matches(0, "Padding counts on both sides.", odd)),
            Case("a window that does not fit any more is left out",
                 matches(0, "Round down.", uneven)),
            Case("weights", matches(1, "A filter reaches through all channels; biases count.",
                 odd)),
            Case("multiplications", matches(2, "Each output number is a sum of C F F products.",
                 odd)),
        ],
    )  # fmt: skip


def measure(shape: Shape, filters: int, size: int, stride: int, padding: int) -> Costs:
    """The costs of torch's layer: output shape, parameters and multiplications."""
    layer = nn.Conv2d(shape[0], filters, size, stride=stride, padding=padding)
    out = layer(torch.zeros(1, *shape))[0]
    return (
        tuple(out.shape),
        sum(p.numel() for p in layer.parameters()),
        out.numel() * layer.weight[0].numel(),
    )


def check_sgd_step(
    sgd_step: Callable[[Tensor, Tensor, Tensor, Tensor, float], tuple[Tensor, Tensor]],
) -> Report:
    """Check one update of a linear softmax classifier, without autograd.

    Args:
        sgd_step: maps W (classes, inputs), b (classes,), X (batch, inputs), y (batch,) and a
            learning rate to the next (W, b).
    """

    def given(batch: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        g = torch.Generator().manual_seed(batch)
        W, b, X = (torch.randn(size, generator=g) for size in ((4, 6), (4,), (batch, 6)))
        return W, b, X, torch.randint(4, (batch,), generator=g)

    def matches(which: int, batch: int, lr: float, hint: str = "") -> Callable[[], None]:
        def test() -> None:
            got = expect_parts(sgd_step(*given(batch), lr), 2)[which]
            expect_close(got, autograd_step(*given(batch), lr)[which], hint=hint)

        return test

    def keeps_input() -> None:
        before = given(5)
        sgd_step(*before, 0.5)
        for mine, theirs in zip(before, given(5), strict=True):
            if not torch.equal(mine, theirs):
                raise AssertionError("the arguments were changed; return new tensors")

    return run_cases(
        "SGD step",
        [
            Case("weights, one example", matches(0, 1, 1.0, "Equation (4): p − y, times x.")),
            Case("biases, one example", matches(1, 1, 1.0, "Their gradient is p − y.")),
            Case("weights, a batch", matches(0, 9, 0.3, "Average over the batch.")),
            Case("biases, a batch", matches(1, 9, 0.3, "Average over the batch.")),
            Case("the arguments are left alone", keeps_input),
        ],
    )


def autograd_step(W: Tensor, b: Tensor, X: Tensor, y: Tensor, lr: float) -> tuple[Tensor, Tensor]:
    """The next (W, b), with torch's gradients."""
    W, b = W.clone().requires_grad_(), b.clone().requires_grad_()
    dW, db = torch.autograd.grad(cross_entropy(X @ W.T + b, y), (W, b))
    return (W - lr * dW).detach(), (b - lr * db).detach()


def check_convolve(convolve: Callable[[Tensor, Tensor, Tensor, int], Tensor]) -> Report:
    """Check a convolution written without torch's own.

    Args:
        convolve: maps a picture (C, H, W), filters (K, C, F, F), biases (K,) and a stride to
            maps (K, H', W').
    """

    def matches(hint: str, *size: int, stride: int = 1) -> Callable[[], None]:
        def test() -> None:
            channels, height, width, filters, side = size
            g = torch.Generator().manual_seed(sum(size))
            x = torch.randn(channels, height, width, generator=g)
            w = torch.randn(filters, channels, side, side, generator=g)
            b = torch.randn(filters, generator=g)
            expected = functional.conv2d(x[None], w, b, stride=stride)[0]
            expect_close(convolve(x, w, b, stride), expected, hint=hint)

        return test

    return run_cases(
        "convolve",
        [
            Case("one gray picture, one filter", matches("Do not turn the filter.", 1, 5, 5, 1, 3)),
            Case("three channels", matches("Sum over the channels as well.", 3, 6, 6, 1, 3)),
            Case("several filters", matches("One map and one bias for each.", 3, 6, 6, 4, 2)),
            Case("a picture that is no square", matches("Height comes first.", 2, 5, 9, 2, 3)),
            Case("a stride", matches("Step by the stride.", 2, 9, 8, 3, 3, stride=2)),
        ],
    )
