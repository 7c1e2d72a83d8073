import math

import pytest
import torch

from lib.intervals import t_interval, t_quantile

# Two-sided 95% points of Student's t, from the table in Abramowitz and Stegun 1964 (26.10).
TABLE = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    9: 2.262,
    10: 2.228,
    29: 2.045,
    30: 2.042,
}


@pytest.mark.parametrize(("df", "expected"), TABLE.items())
def test_quantiles_are_those_of_the_printed_table(df, expected):
    assert t_quantile(df) == pytest.approx(expected, abs=5e-4)


def test_one_and_two_degrees_have_closed_forms():
    assert t_quantile(1) == pytest.approx(math.tan(0.95 * math.pi / 2), rel=1e-12)
    assert t_quantile(2) == pytest.approx(0.95 * math.sqrt(2 / (1 - 0.95**2)), rel=1e-12)


def test_many_degrees_approach_the_normal_quantile():
    assert t_quantile(2000) == pytest.approx(1.95996, abs=2e-3)


def test_the_interval_of_one_two_three_is_two_plus_minus_2_484():
    mean, low, high = t_interval([1.0, 2.0, 3.0])
    half = 4.302653 / math.sqrt(3)
    assert (mean, low, high) == pytest.approx((2, 2 - half, 2 + half), abs=1e-6)
    assert half == pytest.approx(2.484, abs=5e-4)


def test_equal_values_have_an_interval_of_no_width():
    assert t_interval([0.5, 0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_the_interval_covers_the_true_mean_95_times_in_100():
    draws = torch.randn(4000, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    intervals = [t_interval(row) for row in draws.tolist()]
    covered = sum(low <= 0 <= high for _, low, high in intervals) / len(intervals)
    assert covered == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("values", [[], [1.0, 2.0], [1.0, 2.0, math.nan], [1.0, 2.0, math.inf]])
def test_too_few_or_infinite_values_are_an_error_that_shows_them(values):
    with pytest.raises(ValueError, match="3 or more finite numbers; got"):
        t_interval(values)
