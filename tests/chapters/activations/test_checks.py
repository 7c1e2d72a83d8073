import math

import pytest
import torch

from chapters.activations import checks


def unattempted(*_):
    raise NotImplementedError


def swish(x):
    return x * torch.sigmoid(x)


def swish_derivative(x):
    s = torch.sigmoid(x)
    return s + x * s * (1 - s)


def test_swish_is_accepted():
    assert checks.check_swish(swish, swish_derivative).passed


@pytest.mark.parametrize(
    "wrong",
    [
        (torch.sigmoid, swish_derivative),
        (swish, torch.sigmoid),
        (swish, lambda x: torch.sigmoid(x) * (1 - torch.sigmoid(x))),
        (lambda x: x.mul_(torch.sigmoid(x)), swish_derivative),
        (lambda x: None, swish_derivative),
    ],
)
def test_wrong_swishes_are_refused(wrong):
    report = checks.check_swish(*wrong)
    assert report.attempted
    assert not report.passed


def test_a_swish_that_changes_its_input_is_told_so():
    def greedy(x):
        y = x * torch.sigmoid(x)
        x.zero_()
        return y

    assert "the input was changed" in repr(checks.check_swish(greedy, swish_derivative))


def grid_gain(f):
    z = torch.linspace(-10, 10, 20_001)
    density = torch.exp(-(z**2) / 2)
    return ((density * f(z) ** 2).sum() / density.sum()).rsqrt().item()


def random_gain(f):
    z = torch.randn(100_000, generator=torch.Generator().manual_seed(1))
    return f(z).square().mean().rsqrt()


@pytest.mark.parametrize("gain", [grid_gain, random_gain])
def test_gains_from_a_grid_and_from_random_numbers_are_accepted(gain):
    assert checks.check_gain(gain).passed


@pytest.mark.parametrize(
    "gain", [lambda f: 1.0, lambda f: math.sqrt(2), lambda f: grid_gain(f) ** 2]
)
def test_wrong_gains_are_refused(gain):
    assert not checks.check_gain(gain).passed


PIECES = {"relu": (1, 0, 0, 0), "leaky_relu": (0.1, 0, 1, 0), "abs": (-1, 0, 1, 0)}


def test_maxout_pieces_are_accepted_in_either_order():
    assert checks.check_maxout_pieces(PIECES.get).passed


@pytest.mark.parametrize("name", list(PIECES))
def test_each_wrong_piece_is_found(name):
    answers = PIECES | {name: (1, 1, 0, 0)}
    report = checks.check_maxout_pieces(answers.get)
    assert sum(bool(problem) for _, problem in report.results) == 1


def test_pieces_of_another_form_are_told_what_is_expected():
    report = checks.check_maxout_pieces(lambda name: 1)
    assert "expected four numbers (w1, b1, w2, b2); got 1" in repr(report)


@pytest.mark.parametrize(
    "report",
    [
        checks.check_swish(unattempted, unattempted),
        checks.check_gain(unattempted),
        checks.check_maxout_pieces(unattempted),
    ],
)
def test_stubs_are_not_attempted(report):
    assert not report.attempted
