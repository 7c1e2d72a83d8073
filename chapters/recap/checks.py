"""Checks of the exercises of the opening chapter."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.checks import Case, Mistakes, Report, expect_close, expect_parts, run_cases
from lib.training import cross_entropy

Shape = tuple[int, int, int]
Costs = tuple[Shape, int, int]
Layer = tuple[Shape, int, int, int]  # the picture; filters, their size, stride


def check_convolution_costs(
    convolution_costs: Callable[[Shape, int, int, int], Costs], padding: int = 2
) -> Report:
    """Check the shape, the weights and the multiplications of a convolution.

    Args:
        convolution_costs: maps the picture's (channels, height, width), the number of filters,
            their size and stride to (output shape, weights with biases, multiplications).
        padding: pixels that are added on each side of the picture.
    """

    def matches(which: int, slips_of: Callable[[Layer, int], Mistakes], case: Layer) -> Callable:
        def test() -> None:
            parts = expect_parts(convolution_costs(*case), 3)
            got = torch.as_tensor(expect_parts(parts[0], 3) if which == 0 else parts[which])
            right = torch.as_tensor(measure(*case, padding)[which]).double()
            expect_close(got.double(), right, slips_of(case, padding))

        return test

    slides, odd = ((3, 32, 32), 6, 5, 1), ((4, 11, 15), 7, 4, 3)
    uneven = ((1, 8, 8), 2, 3, 2)
    return run_cases(
        "convolution costs",
        [
            Case("the shape of the example", matches(0, _wrong_shapes, slides)),
            Case("with a stride", matches(0, _wrong_shapes, odd)),
            Case("a window that does not fit any more is left out",
                 matches(0, _wrong_shapes, uneven)),
            Case("weights", matches(1, _wrong_weights, odd)),
            Case("multiplications", matches(2, _wrong_multiplications, odd)),
        ],
    )  # fmt: skip


def _wrong_shapes(case: Layer, padding: int) -> Mistakes:
    (channels, height, width), filters, size, stride = case

    def shape(first: int, count: Callable[[int], int]) -> Tensor:
        return torch.tensor([first, count(height), count(width)]).double()

    def right(side: int) -> int:
        return (side + 2 * padding - size) // stride + 1

    return {
        "Padding is added on both sides.":
            shape(filters, lambda side: (side + padding - size) // stride + 1),
        "The padding is missing: the picture is larger by PADDING on each side.":
            shape(filters, lambda side: (side - size) // stride + 1),
        "Round down: a window that sticks out is left out.":
            shape(filters, lambda side: -(-(side + 2 * padding - size) // stride) + 1),
        "One place is missing: count the window's first place as well as its steps.":
            shape(filters, lambda side: right(side) - 1),
        "The stride is not used: a window moves by that many pixels.":
            shape(filters, lambda side: side + 2 * padding - size + 1),
        "Each filter gives one map, which sums over the picture's channels.":
            shape(channels, right),
        "Each filter gives one map, not one for each channel.":
            shape(filters * channels, right),
        "Height comes before width.":
            torch.tensor([filters, right(width), right(height)]).double(),
        "The channels come first.":
            torch.tensor([right(height), right(width), filters]).double(),
    }  # fmt: skip


def _wrong_weights(case: Layer, padding: int) -> Mistakes:
    (channels, *_), filters, size, _ = case
    number = channels * size**2
    return {
        "The biases are missing.": filters * number,
        "A filter reaches through all channels of the picture.": filters * (size**2 + 1),
        "A filter has one bias, not one for each channel.": filters * channels * (size**2 + 1),
        "Each filter has its own bias.": filters * number + 1,
        "This is one filter; the layer has several.": number + 1,
        "A filter is as high as it is wide.": filters * (channels * size + 1),
        "Weights do not depend on the number of places.": measure(*case, padding)[2],
    }


def _wrong_multiplications(case: Layer, padding: int) -> Mistakes:
    (channels, height, width), filters, size, _ = case
    (_, rows, columns), weights, right = measure(*case, padding)
    return {
        "This is the work at one place; a filter is used at each place of the map.":
            right // (rows * columns),
        "A filter multiplies in every channel of the picture.": right // channels,
        "This is the work of one filter; the layer has several.": right // filters,
        "Adding the bias is no multiplication.": weights * rows * columns,
        "Count the places of the output, not the pixels of the picture.":
            filters * channels * size**2 * height * width,
        "The map need not be square: it has H' times W' places.":
            right // columns * rows,
        "A filter is as high as it is wide.": right // size,
    }  # fmt: skip


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

    def given(batch: int, scale: float = 1.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        g = torch.Generator().manual_seed(batch)
        W, b, X = (scale * torch.randn(size, generator=g) for size in ((4, 6), (4,), (batch, 6)))
        return W, b, X, torch.randint(4, (batch,), generator=g)

    def matches(which: int, batch: int, lr: float) -> Callable[[], None]:
        def test() -> None:
            got = expect_parts(sgd_step(*given(batch), lr), 2)[which]
            wrong = _wrong_steps(*given(batch), lr)
            slips = {said: parts[which] for said, parts in wrong.items()}
            expect_close(got, autograd_step(*given(batch), lr)[which], slips)

        return test

    def large_scores() -> None:
        case = given(3, scale=20.0)
        parts = zip(expect_parts(sgd_step(*case, 0.1), 2), autograd_step(*case, 0.1), strict=True)
        for got, right in parts:
            if isinstance(got, Tensor) and not got.isfinite().all():
                raise AssertionError(
                    "the result is not finite. The exponential of a score in the hundreds is "
                    "infinite; subtract each row's largest score first"
                )
            expect_close(got, right, {})

    def keeps_input() -> None:
        before = given(5)
        sgd_step(*before, 0.5)
        for mine, theirs in zip(before, given(5), strict=True):
            if not torch.equal(mine, theirs):
                raise AssertionError("the arguments were changed; return new tensors")

    return run_cases(
        "SGD step",
        [
            Case("weights, one example", matches(0, 1, 1.0)),
            Case("biases, one example", matches(1, 1, 1.0)),
            Case("weights, a batch", matches(0, 9, 0.3)),
            Case("biases, a batch", matches(1, 9, 0.3)),
            Case("scores in the hundreds", large_scores),
            Case("the arguments are left alone", keeps_input),
        ],
    )


def _wrong_steps(W: Tensor, b: Tensor, X: Tensor, y: Tensor, lr: float) -> dict[str, tuple]:
    scores, Y = X @ W.T + b, functional.one_hot(y, len(b))
    p = scores.softmax(dim=1)

    def step(error: Tensor, rate: float = lr) -> tuple[Tensor, Tensor]:
        return W - rate * error.T @ X / len(X), b - rate * error.mean(dim=0)

    return {
        "This step goes uphill. Check two signs: the gradient starts from p − 1_y, and the update "
        "subtracts it.": step(Y - p),
        "Average over the batch; this is the sum over its examples.": step(p - Y, lr * len(X)),
        "The learning rate is not used.": step(p - Y, 1.0),
        "The labels are not used: subtract 1 at the right class.": step(p),
        "These are the scores; (3) needs probabilities. Where is the softmax?": step(scores - Y),
        "The softmax runs over the examples; it should run over the classes of each one.":
            step(scores.softmax(dim=0) - Y),
        "The biases are missing from the scores.": step((X @ W.T).softmax(dim=1) - Y),
        "Nothing has changed here. Is the update missing? Or do you average over the classes as "
        "well, where p − 1_y adds up to zero?": (W, b),
        "This is the gradient; return the weights after the update.":
            ((p - Y).T @ X / len(X), (p - Y).mean(dim=0)),
        "Divide by the number of examples only, not by that of the classes or inputs as well.":
            (W - lr * (p - Y).T @ X / (p.numel()), b - lr * (p - Y).mean(dim=0) / len(b)),
    }  # fmt: skip


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

    def matches(*size: int, stride: int = 1) -> Callable[[], None]:
        def test() -> None:
            channels, height, width, filters, side = size
            g = torch.Generator().manual_seed(sum(size))
            x = torch.randn(channels, height, width, generator=g)
            w = torch.randn(filters, channels, side, side, generator=g)
            b = torch.randn(filters, generator=g)
            got = convolve(x.clone(), w.clone(), b.clone(), stride)
            expect_close(got, _maps(x, w, b, stride), _wrong_maps(x, w, b, stride))

        return test

    return run_cases(
        "convolve",
        [
            Case("one gray picture, one filter", matches(1, 5, 5, 1, 3)),
            Case("three channels", matches(3, 6, 6, 1, 3)),
            Case("several filters", matches(3, 6, 6, 4, 2)),
            Case("a picture that is no square", matches(2, 5, 9, 2, 3)),
            Case("a stride", matches(2, 9, 8, 3, 3, stride=2)),
        ],
    )


def _maps(x: Tensor, w: Tensor, b: Tensor, stride: int) -> Tensor:
    return functional.conv2d(x[None], w, b, stride=stride)[0]


def _wrong_maps(x: Tensor, w: Tensor, b: Tensor, stride: int) -> Mistakes:
    right, none = _maps(x, w, b, stride), torch.zeros_like(b)
    return {
        "Do not flip the filter: (5) lays it over the patch as it is.":
            _maps(x, w.flip(-1, -2), b, stride),
        "The bias is missing.": _maps(x, w, none, stride),
        "Sum over all channels; this is the first one.":
            _maps(x[:1], w[:, :1], b, stride),
        "Each map gets its bias once, not once for each channel.":
            _maps(x, w, len(x) * b, stride),
        "Each filter has its own bias, and its own map.":
            _maps(x, w, b[:1].expand_as(b), stride),
        "Sum the products; this is their mean.":
            _maps(x, w / w[0].numel(), b, stride),
        "The stride is not used: the window moves by that many pixels.": _maps(x, w, b, 1),
        "The stride is used for the number of places, but the window moves by one pixel.":
            _maps(x, w, b, 1)[:, : right.shape[1], : right.shape[2]],
        "Height comes before width; this map is turned on its side.": right.mT,
        "The filter is laid over the patch with rows and columns exchanged.":
            _maps(x, w.mT, b, stride),
        "The maps come first: (K, H', W').": right.movedim(0, -1),
        "The window also fits at the last place; the range ends one too early.":
            right[:, :-1, :-1],
    }  # fmt: skip
