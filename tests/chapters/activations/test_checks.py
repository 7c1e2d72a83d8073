import math

import numpy as np
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


def s(x):
    return torch.sigmoid(x)


WRONG_SWISHES = {
    "σ(x) alone": (s, swish_derivative),
    "sign in the exponent": (lambda x: x * s(-x), swish_derivative),
    "the two are multiplied": (lambda x: x + s(x), swish_derivative),
    "This is the derivative.": (swish_derivative, swish),
    "This is ReLU": (torch.relu, swish_derivative),
    "swish uses the sigmoid": (lambda x: x * x.tanh(), swish_derivative),
    "factor x, and to the product rule": (swish, lambda x: s(x) * (1 - s(x))),
    "x has a slope, too": (swish, lambda x: x * s(x) * (1 - s(x))),
    "σ(x) has a slope, too": (swish, s),
    "nor their sum": (swish, lambda x: 1 + s(x) * (1 - s(x))),
    "keeps the factor x": (swish, lambda x: s(x) + s(x) * (1 - s(x))),
    "terms of the product rule are added": (swish, lambda x: s(x) - x * s(x) * (1 - s(x))),
    "not 1 − σ(x)": (swish, lambda x: s(x) + x * (1 - s(x))),
    "squared": (swish, lambda x: s(x) + x * s(x) ** 2),
    "This is swish itself": (swish, swish),
    "the input was changed": (lambda x: x.mul_(s(x)), swish_derivative),
    "Nothing came back": (lambda x: None, swish_derivative),
}


@pytest.mark.parametrize(("hint", "wrong"), WRONG_SWISHES.items())
def test_a_wrong_swish_gets_its_hint(hint, wrong):
    report = checks.check_swish(*wrong)
    assert report.attempted
    assert not report.passed
    assert hint in repr(report)


def test_other_ways_to_write_swish_pass():
    def other(x):
        return x.numpy() / (1 + np.exp(-x.numpy()))

    def other_slope(x):
        e = torch.exp(-x)
        return (1 + e + x * e) / (1 + e) ** 2

    assert checks.check_swish(other, other_slope).passed


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


def numpy_gain(f):
    z = torch.linspace(-9, 9, 9_001, dtype=torch.float64)
    density = torch.exp(-(z**2) / 2)
    return np.sqrt(1 / np.average(f(z).numpy() ** 2, weights=density.numpy()))


@pytest.mark.parametrize("gain", [grid_gain, random_gain, numpy_gain])
def test_gains_from_a_grid_and_from_random_numbers_are_accepted(gain):
    assert checks.check_gain(gain).passed


def expected(g):
    """The mean of g(z) for z from N(0, 1)."""
    z = torch.linspace(-10, 10, 20_001)
    density = torch.exp(-(z**2) / 2)
    return ((density * g(z)).sum() / density.sum()).item()


def variance(f):
    return expected(lambda z: f(z) ** 2) - expected(f) ** 2


WRONG_GAINS = {
    "The square root is missing": lambda f: grid_gain(f) ** 2,
    "the root of the mean square; the gain": lambda f: 1 / grid_gain(f),
    "the mean square; the gain": lambda f: grid_gain(f) ** -2,
    "divide by the standard deviation": lambda f: variance(f) ** -0.5,
    "divide by the variance": lambda f: 1 / variance(f),
    "the mean of |f(z)|": lambda f: 1 / expected(lambda z: f(z).abs()),
    "√2 is ReLU's gain": lambda f: math.sqrt(2),
    "1 is the identity's gain": lambda f: 1.0,
    "not about its slopes": lambda f: (
        expected(lambda z: ((f(z + 0.001) - f(z - 0.001)) / 0.002) ** 2) ** -0.5
    ),
    "Are your z uniform?": lambda f: f(torch.linspace(0, 1, 999)).square().mean().rsqrt(),
}


@pytest.mark.parametrize(("hint", "wrong"), WRONG_GAINS.items())
def test_a_wrong_gain_gets_its_hint(hint, wrong):
    report = checks.check_gain(wrong)
    assert not report.passed
    assert hint in repr(report)


PIECES = {"relu": (1, 0, 0, 0), "leaky_relu": (0.1, 0, 1, 0), "abs": (-1, 0, 1, 0)}


def test_maxout_pieces_are_accepted_in_either_order():
    assert checks.check_maxout_pieces(PIECES.get).passed


@pytest.mark.parametrize("name", list(PIECES))
def test_each_wrong_piece_is_found(name):
    answers = PIECES | {name: (1, 1, 0, 0)}
    report = checks.check_maxout_pieces(answers.get)
    assert sum(bool(problem) for _, problem in report.results) == 1


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("abs", (-1, 1, 0, 0), "The order is w1, b1, w2, b2"),
        ("relu", (1, 0, 1, 0), "the same line"),
        ("leaky_relu", (0, 0, 1, 0), "the slope should be SLOPE, here 0.1"),
        ("leaky_relu", (0.2, 0, 1, 0), "the slope should be SLOPE, here 0.1"),
        ("leaky_relu", (10, 0, 1, 0), "it should be 1"),
        ("abs", (0, 0, 1, 0), "Left of zero the smaller slope wins"),
        ("relu", (1, 1, 0, 0), "Which biases does that allow?"),
    ],
)
def test_wrong_pieces_get_their_hint(name, answer, hint):
    assert hint in repr(checks.check_maxout_pieces((PIECES | {name: answer}).get))


@pytest.mark.parametrize("slope", [0.05, 0.1, 0.15, 0.2, 0.25, 0.3])
def test_the_slope_is_the_one_that_was_given(slope):
    answers = PIECES | {"leaky_relu": np.array([1.0, 0.0, slope, 0.0])}
    assert checks.check_maxout_pieces(answers.get, slope).passed
    assert not checks.check_maxout_pieces(answers.get, slope + 0.05).passed


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
