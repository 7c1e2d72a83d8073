import pytest
import torch
from torch.nn import functional

from chapters.recap import checks


def unattempted(*_):
    raise NotImplementedError


def costs(shape, filters, size, stride, padding):
    channels, *sides = shape
    height, width = ((side + 2 * padding - size) // stride + 1 for side in sides)
    return (
        (filters, height, width),
        filters * (channels * size**2 + 1),
        filters * height * width * channels * size**2,
    )


def padding_on_one_side(shape, filters, size, stride, padding):
    sides = ((side + padding - size) // stride + 1 for side in shape[1:])
    return (filters, *sides), *costs(shape, filters, size, stride, padding)[1:]


def rounded_up(shape, filters, size, stride, padding):
    sides = (-(-(side + 2 * padding - size) // stride) + 1 for side in shape[1:])
    return (filters, *sides), *costs(shape, filters, size, stride, padding)[1:]


def without_biases(*case):
    shape, weights, products = costs(*case)
    return shape, weights - case[1], products


def one_channel(shape, *rest):
    return costs((1, *shape[1:]), *rest)


def step(W, b, X, y, lr):
    error = (X @ W.T + b).softmax(dim=1) - functional.one_hot(y, len(b))
    return W - lr * error.T @ X / len(X), b - lr * error.mean(dim=0)


def summed(W, b, X, y, lr):
    new_W, new_b = step(W, b, X, y, lr)
    return W + len(X) * (new_W - W), b + len(X) * (new_b - b)


def uphill(W, b, X, y, lr):
    return step(W, b, X, y, -lr)


def in_place(W, b, X, y, lr):
    new_W, new_b = step(W, b, X, y, lr)
    return W.copy_(new_W), b.copy_(new_b)


def convolve(x, w, b, stride):
    side = w.shape[-1]
    patches = x.unfold(1, side, stride).unfold(2, side, stride)
    return torch.einsum("chwuv,kcuv->khw", patches, w) + b[:, None, None]


def flipped(x, w, b, stride):
    return convolve(x, w.flip(-1, -2), b, stride)


def no_bias(x, w, b, stride):
    return convolve(x, w, 0 * b, stride)


def no_stride(x, w, b, stride):
    return convolve(x, w, b, 1)


ANSWERS = [
    (checks.check_convolution_costs, costs,
     [padding_on_one_side, rounded_up, without_biases, one_channel, lambda *_: 7]),
    (checks.check_sgd_step, step, [summed, uphill, in_place, lambda W, *_: W]),
    (checks.check_convolve, convolve,
     [flipped, no_bias, no_stride, lambda x, w, b, s: convolve(x.mT, w, b, s)]),
]  # fmt: skip


@pytest.mark.parametrize(("check", "right", "_"), ANSWERS)
def test_a_right_answer_passes(check, right, _):
    assert check(right).passed


@pytest.mark.parametrize(
    ("check", "wrong"), [(check, wrong) for check, _, many in ANSWERS for wrong in many]
)
def test_a_wrong_answer_does_not_pass(check, wrong):
    report = check(wrong)
    assert report.attempted
    assert not report.passed


@pytest.mark.parametrize("check", [check for check, _, _ in ANSWERS])
def test_a_stub_counts_as_not_attempted(check):
    assert not check(unattempted).attempted
