import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from lib.evidence.claims import FAILS, FAILS_ON_AVERAGE, HOLDS, HOLDS_ON_AVERAGE, OPEN
from lib.evidence.estimates import Estimate, agrees
from tests.evidence import VALUES, make_claim


def test_mean_and_interval_are_those_worked_out_by_hand():
    found = Estimate.of([VALUES])
    assert (found.mean, found.low, found.high) == pytest.approx((2, -0.484, 4.484), abs=5e-4)
    assert (found.values, found.runs) == (3, 1)


def test_from_three_runs_on_the_unit_is_the_mean_of_a_run():
    runs = [[0, 2], [1, 3], [2, 4], [3, 5]]  # means 1, 2, 3, 4
    found = Estimate.of(runs)
    assert (found.low, found.high) == pytest.approx((0.446, 4.554), abs=1e-3)
    assert (found.mean, found.values, found.runs) == (2.5, 8, 4)
    few = Estimate.of(runs[:2])
    assert (few.low, few.high) == pytest.approx((-0.554, 3.554), abs=1e-3)  # of 0, 2, 1, 3
    assert few.is_provisional and not found.is_provisional


def test_where_all_values_are_independent_each_counts():
    runs = [[0, 2], [1, 3], [2, 4], [3, 5]]
    found = Estimate.of(runs, independent=True)
    assert (found.low, found.high) == pytest.approx((1.159, 3.841), abs=1e-3)
    assert (found.runs, len(found.units)) == (4, 8)


def test_runs_of_different_sizes_weigh_the_same():
    assert Estimate.of([[0, 0, 0, 0], [3], [6]]).mean == 3


def test_replication_is_the_share_of_new_runs_on_this_side():
    found = Estimate.of([[1], [2], [3]])  # mean 2, S = 1, so √V = √(4/3)
    assert found.replication(make_claim(above=2)) == pytest.approx(0.5)
    # t = 2 / 1.1547 = 1.7321 with 2 degrees of freedom: F = (1 + t / √(t² + 2)) / 2 = 0.8873
    assert found.replication(make_claim(above=0)) == pytest.approx(0.8873, abs=1e-4)
    assert found.replication(make_claim(below=4)) == pytest.approx(0.8873, abs=1e-4)
    assert found.replication(make_claim(between=(0, 4))) == pytest.approx(0.7746, abs=1e-4)
    assert found.replication(make_claim(above=4)) == pytest.approx(0.8873, abs=1e-4)  # fails


def test_a_coarse_metric_makes_replication_less_sure():
    found = Estimate.of([[1], [2], [3]])
    sure, coarse = (found.replication(make_claim(above=0, resolution=r)) for r in (0, 4))
    assert coarse == pytest.approx(0.8273, abs=1e-4)  # √V = √(4/3 + 16/12) = 1.633
    assert coarse < sure


def test_replication_is_calibrated_on_simulated_runs():
    """Among many pairs of ten runs and a new one, the predicted share comes out."""
    draw = np.random.default_rng(0)
    rows = draw.normal(0.8, 1, size=(4000, 11))
    estimates = [Estimate.of(row[:10, None].tolist()) for row in rows]
    claim = make_claim(above=0)
    predicted = np.array([e.replication(claim) for e in estimates])
    same = np.array([(e.mean > 0) == (row[10] > 0) for e, row in zip(estimates, rows, strict=True)])
    assert predicted.mean() == pytest.approx(same.mean(), abs=0.03)
    near = np.abs(predicted - 0.8) < 0.05
    assert near.sum() > 500
    assert same[near].mean() == pytest.approx(predicted[near].mean(), abs=0.06)


def test_the_p_value_is_that_of_a_one_sided_t_test():
    runs = [[1.0], [2.5], [3.0], [0.5], [2.0]]
    expected = ttest_1samp([run[0] for run in runs], 1.0, alternative="greater").pvalue
    found = Estimate.of(runs)
    assert found.p_value(make_claim(above=1)) == pytest.approx(expected)
    assert found.p_value(make_claim(below=1)) == pytest.approx(expected)  # that it fails
    assert found.p_value(make_claim(between=(1, 9))) == pytest.approx(expected)  # the nearer end


RUNS = [[m] for m in (0.4, 1.6, 0.9, 1.1, 0.2, 1.8, 1.2, 0.8, 1.5, 0.5)]  # mean 1, S = 0.53


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [
        ({"above": -0.1}, HOLDS),  # a new run lies within 1.96 √V with probability 0.96
        ({"above": 0.2}, HOLDS_ON_AVERAGE),
        ({"above": 0.7}, OPEN),
        ({"above": 1.5}, FAILS_ON_AVERAGE),
        ({"above": 2.5}, FAILS),
        ({"between": (0, 2)}, HOLDS_ON_AVERAGE),
        ({"between": (-1, 3)}, HOLDS),
    ],
)
def test_a_verdict_stands_alone_only_if_a_new_run_would_probably_agree(bound, verdict):
    assert Estimate.of(RUNS).verdict(make_claim(**bound)) == verdict


def test_a_verdict_on_average_says_in_how_many_runs():
    found, claim = Estimate.of(RUNS), make_claim(above=0.3, unit="points")
    assert found.meeting(claim) == 9
    assert found.words(claim) == (
        "1.00 points (95% interval 0.62 to 1.38; 10 runs, 9 of them above 0.3 points)"
    )


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [
        ({"above": -0.5}, HOLDS),
        ({"above": 0}, OPEN),
        ({"above": 4.5}, FAILS),
        ({"below": 4.5}, HOLDS),
        ({"below": 4}, OPEN),
        ({"below": -0.5}, FAILS),
        ({"between": (-0.5, 4.5)}, HOLDS),
        ({"between": (0, 5)}, OPEN),
        ({"between": (1, 3)}, OPEN),
        ({"between": (5, 6)}, FAILS),
        ({"between": (-6, -5)}, FAILS),
    ],
)
def test_the_verdict_says_where_the_whole_interval_lies(bound, verdict):
    assert Estimate.of([VALUES]).verdict(make_claim(**bound)) == verdict


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [
        ({"above": 1}, FAILS),
        ({"above": 0.9}, HOLDS),
        ({"below": 1}, FAILS),
        ({"below": 1.1}, HOLDS),
        ({"between": (0, 1)}, HOLDS),
    ],
)
def test_values_that_are_all_the_same_get_a_verdict_even_on_the_bound(bound, verdict):
    assert Estimate.of([[1, 1, 1]]).verdict(make_claim(**bound)) == verdict


@pytest.mark.parametrize("runs", [[[5]], [[5, 6]], [[5], [6]], [[1, 2, math.nan]]])
def test_too_few_values_or_none_that_count_leave_it_open(runs):
    found = Estimate.of(runs)
    assert not found.has_interval
    assert found.verdict(make_claim(above=0)) == OPEN


def test_no_value_at_all_is_refused():
    with pytest.raises(ValueError, match="needs runs with one value at least"):
        Estimate.of([[1], []])
    with pytest.raises(ValueError, match="needs runs with one value at least"):
        Estimate.of([])


@pytest.mark.parametrize(
    ("bound", "evidence", "here", "same"),
    [
        ({"above": 1}, [5, 6, 7], [1.5], True),  # holds: the mean here is on the same side
        ({"above": 1}, [5, 6, 7], [0.5], False),
        ({"above": 1}, [5, 6, 7], [-9, 9, 9], True),
        ({"above": 9}, [5, 6, 7], [8], True),  # fails
        ({"above": 9}, [5, 6, 7], [9.5], False),
        ({"between": (3, 9)}, [5, 6, 7], [2.5], False),
        ({"above": 2}, VALUES, [6.9], True),  # inconclusive: 2.48 √(1 + 3/1) = 4.97 around 2
        ({"above": 2}, VALUES, [7.0], False),
        ({"above": 2}, VALUES, [-2.9], True),
        ({"above": 2}, VALUES, [5.0, 5.2, 5.6], True),  # 2.48 √(1 + 3/3) = 3.51
        ({"above": 2}, VALUES, [5.4, 5.5, 5.8], False),
        ({"above": 2}, [3], [99], True),  # the evidence is one value: nothing contradicts it
        ({"above": 1}, [5, 6, 7], [math.nan], False),
    ],
)
def test_a_run_agrees_where_it_does_not_contradict_the_evidence(bound, evidence, here, same):
    found = Estimate.of([evidence]), Estimate.of([here])
    assert agrees(make_claim(**bound), *found) is same


@pytest.mark.parametrize(
    ("options", "values", "words"),
    [
        ({}, VALUES, "2.0 (95% interval −0.5 to 4.5; 3 values)"),
        ({"below": 9, "unit": "points"}, VALUES, "2.0 points (95% interval −0.5"),
        ({"between": (-1, 9), "unit": "%"}, VALUES, "2.0% (95% interval"),
        ({}, [88.64, 88.6, 88.68], "88.6 (95% interval 88.5 to 88.7"),
        ({}, [1000, 2000, 3000], "2000 (95% interval −484 to 4484"),
        ({}, [0.25, 0.25, 0.25], "0.25 (95% interval 0.25 to 0.25"),
        ({}, [0.33679, 0.33756, 0.33832], "0.338 (95% interval 0.336 to 0.339"),
        ({"unit": "points"}, [3.14159, 3], "3.07 points (2 values)"),
        ({}, [5], "5 (1 value)"),
    ],
)
def test_numbers_show_as_many_digits_as_the_interval_supports(options, values, words):
    claim = make_claim(**options)
    assert Estimate.of([values]).words(claim).startswith(words)
