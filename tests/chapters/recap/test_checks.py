import numpy as np
import pytest
import torch
from torch.nn import functional

from chapters.recap import checks

PADDING = 2


def unattempted(*_):
    raise NotImplementedError


def costs(shape, filters, size, stride, padding=PADDING):
    channels, *sides = shape
    height, width = ((side + 2 * padding - size) // stride + 1 for side in sides)
    return (
        (filters, height, width),
        filters * (channels * size**2 + 1),
        filters * height * width * channels * size**2,
    )


def with_sides(side):
    """An answer whose shapes come from `side(pixels, filter size, stride)`."""

    def answer(shape, filters, size, stride):
        maps = (filters, *(side(n, size, stride) for n in shape[1:]))
        return maps, *costs(shape, filters, size, stride)[1:]

    return answer


def with_numbers(weights=None, products=None):
    """An answer with other formulas, given (channels, filters, size, rows, columns)."""

    def answer(shape, filters, size, stride):
        maps, *right = costs(shape, filters, size, stride)
        known = (shape[0], filters, size, *maps[1:])
        return maps, *(
            f(*known) if f else number for f, number in zip((weights, products), right, strict=True)
        )

    return answer


WRONG_COSTS = {
    "added on both sides": with_sides(lambda n, f, s: (n + PADDING - f) // s + 1),
    "The padding is missing": with_sides(lambda n, f, s: (n - f) // s + 1),
    "Round down": with_sides(lambda n, f, s: -(-(n + 2 * PADDING - f) // s) + 1),
    "One place is missing": with_sides(lambda n, f, s: (n + 2 * PADDING - f) // s),
    "The stride is not used": with_sides(lambda n, f, s: n + 2 * PADDING - f + 1),
    "sums over the picture's channels": lambda shape, *rest: (
        (shape[0], *costs(shape, *rest)[0][1:]), *costs(shape, *rest)[1:]
    ),
    "The biases are missing": with_numbers(lambda c, k, f, *_: k * c * f**2),
    "through all channels": with_numbers(lambda c, k, f, *_: k * (f**2 + 1)),
    "not one for each channel": with_numbers(lambda c, k, f, *_: k * c * (f**2 + 1)),
    "its own bias": with_numbers(lambda c, k, f, *_: k * c * f**2 + 1),
    "at each place of the map": with_numbers(None, lambda c, k, f, *_: k * c * f**2),
    "in every channel": with_numbers(None, lambda c, k, f, h, w: k * f**2 * h * w),
    "the work of one filter": with_numbers(None, lambda c, k, f, h, w: c * f**2 * h * w),
    "is no multiplication": with_numbers(None, lambda c, k, f, h, w: k * (c * f**2 + 1) * h * w),
    "need not be square": with_numbers(None, lambda c, k, f, h, w: k * c * f**2 * h * h),
    "expected 3 results": lambda *_: 7,
}  # fmt: skip


def probabilities(W, b, X):
    return (X @ W.T + b).softmax(dim=1)


def moved(W, b, X, error, lr):
    return W - lr * error.T @ X / len(X), b - lr * error.mean(dim=0)


def step(W, b, X, y, lr):
    return moved(W, b, X, probabilities(W, b, X) - functional.one_hot(y, len(b)), lr)


def stepping_by(error):
    return lambda W, b, X, y, lr: moved(
        W, b, X, error(X @ W.T + b, functional.one_hot(y, len(b))), lr
    )


def summed(W, b, X, y, lr):
    return step(W, b, X, y, lr * len(X))


def in_place(W, b, X, y, lr):
    new_W, new_b = step(W, b, X, y, lr)
    return W.copy_(new_W), b.copy_(new_b)


def naive(W, b, X, y, lr):
    e = (X @ W.T + b).exp()
    return moved(W, b, X, e / e.sum(dim=1, keepdim=True) - functional.one_hot(y, len(b)), lr)


def gradient_only(W, b, X, y, lr):
    new_W, new_b = step(W, b, X, y, 1.0)
    return W - new_W, b - new_b


WRONG_STEPS = {
    "goes uphill": stepping_by(lambda f, Y: Y - f.softmax(dim=1)),
    "Average over the batch": summed,
    "learning rate is not used": lambda W, b, X, y, lr: step(W, b, X, y, 1.0),
    "labels are not used": stepping_by(lambda f, Y: f.softmax(dim=1)),
    "Where is the softmax?": stepping_by(lambda f, Y: f - Y),
    "runs over the examples": stepping_by(lambda f, Y: f.softmax(dim=0) - Y),
    "missing from the scores": lambda W, b, X, y, lr: moved(
        W, b, X, probabilities(W, 0 * b, X) - functional.one_hot(y, len(b)), lr
    ),
    "Is the update missing?": lambda W, b, X, y, lr: (W, b),
    "This is the gradient": gradient_only,
    "average over the classes as well": lambda W, b, X, y, lr: (
        step(W, b, X, y, lr)[0],
        b - lr * (probabilities(W, b, X) - functional.one_hot(y, len(b))).mean(),
    ),
    "subtract each row's largest score": naive,
    "the arguments were changed": in_place,
    "Nothing came back": lambda W, *_: (None, None),
}


def convolve(x, w, b, stride):
    side = w.shape[-1]
    patches = x.unfold(1, side, stride).unfold(2, side, stride)
    return torch.einsum("chwuv,kcuv->khw", patches, w) + b[:, None, None]


def narrow(x, w, b, stride):
    height, width = convolve(x, w, b, stride).shape[1:]
    return convolve(x, w, b, 1)[:, :height, :width]


WRONG_MAPS = {
    "Do not flip the filter": lambda x, w, b, s: convolve(x, w.flip(-1, -2), b, s),
    "The bias is missing": lambda x, w, b, s: convolve(x, w, 0 * b, s),
    "this is the first one": lambda x, w, b, s: convolve(x[:1], w[:, :1], b, s),
    "not once for each channel": lambda x, w, b, s: convolve(x, w, len(x) * b, s),
    "this is their mean": lambda x, w, b, s: convolve(x, w / w[0].numel(), b, s),
    "The stride is not used": lambda x, w, b, s: convolve(x, w, b, 1),
    "the window moves by one pixel": narrow,
    "rows and columns exchanged": lambda x, w, b, s: convolve(x, w.mT, b, s),
    "turned on its side": lambda x, w, b, s: convolve(x, w, b, s).mT,
    "The maps come first": lambda x, w, b, s: convolve(x, w, b, s).movedim(0, -1),
    "one too early": lambda x, w, b, s: convolve(x, w, b, s)[:, :-1, :-1],
}
ANSWERS = [
    (checks.check_convolution_costs, costs, WRONG_COSTS),
    (checks.check_sgd_step, step, WRONG_STEPS),
    (checks.check_convolve, convolve, WRONG_MAPS),
]


@pytest.mark.parametrize(("check", "right", "_"), ANSWERS)
def test_a_right_answer_passes(check, right, _):
    assert check(right).passed


def with_numpy(*case):
    shape, weights, products = costs(*case)
    return list(shape), np.int64(weights), np.float64(products)


def with_double(x, w, b, stride):
    return convolve(x.double(), w.double(), b.double(), stride)


@pytest.mark.parametrize(
    ("check", "other"),
    [
        (checks.check_convolution_costs, with_numpy),
        (checks.check_convolve, with_double),
        (checks.check_sgd_step, lambda *given: tuple(t.double() for t in step(*given))),
    ],
)
def test_other_ways_to_write_it_pass(check, other):
    assert check(other).passed


@pytest.mark.parametrize(
    ("check", "hint", "wrong"),
    [(check, hint, wrong) for check, _, many in ANSWERS for hint, wrong in many.items()],
)
def test_a_wrong_answer_gets_its_hint(check, hint, wrong):
    report = check(wrong)
    assert report.attempted
    assert not report.passed
    assert hint in repr(report)


@pytest.mark.parametrize("padding", [1, 2, 3, 4, 5])
def test_the_padding_is_the_one_that_was_given(padding):
    def answer(*case):
        return costs(*case, padding=padding)

    assert checks.check_convolution_costs(answer, padding).passed
    assert not checks.check_convolution_costs(answer, padding % 5 + 1).passed


@pytest.mark.parametrize("check", [check for check, _, _ in ANSWERS])
def test_a_stub_counts_as_not_attempted(check):
    assert not check(unattempted).attempted
