import math
import subprocess
import sys

import pytest

from lib.evidence.claims import FAILS, HOLDS, OPEN, Estimate, agrees
from tests.evidence import VALUES, make_claim


def test_mean_and_interval_are_those_worked_out_by_hand():
    found = Estimate.of([VALUES])
    assert (found.mean, found.low, found.high) == pytest.approx((2, -0.484, 4.484), abs=5e-4)
    assert (found.values, found.runs) == (3, 1)


def test_from_four_runs_on_the_interval_covers_the_means_of_the_runs():
    runs = [[0, 2], [1, 3], [2, 4], [3, 5]]  # means 1, 2, 3, 4
    found = Estimate.of(runs)
    assert (found.low, found.high) == pytest.approx((0.446, 4.554), abs=1e-3)
    assert (found.mean, found.values, found.runs) == (2.5, 8, 4)
    pooled = Estimate.of(runs[:3])
    assert (pooled.low, pooled.high) == pytest.approx((0.516, 3.484), abs=1e-3)


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
    with pytest.raises(ValueError, match="needs one value at least"):
        Estimate.of([[], []])


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
    ("options", "message"),
    [
        ({"id": "Two is more"}, "kebab-case, such as 'relu-beats-sigmoid'; got 'Two is more'"),
        ({"id": "two-is-more\n"}, "kebab-case"),
        ({"id": "../two"}, "kebab-case"),
        ({"above": 1, "below": 2}, "exactly one of above, below and between; got {'above': 1, 'be"),
        ({"above": None}, "exactly one of above, below and between; got {}"),
        ({"above": math.nan}, "a bound must be finite; got"),
        ({"between": (0, math.inf)}, "a bound must be finite; got"),
        ({"between": (2, 1)}, r"between must be \(lowest, highest\); got \(2, 1\)"),
        ({"needs": "long"}, "needs must be one of quick, standard, full; got 'long'"),
        ({"expect": "true"}, "expect must be 'holds', 'does not hold here' or 'inconclusive'; got"),
        ({"expect": "no evidence yet"}, "expect must be"),
        ({"rows": "M06"}, "rows must be several IDs"),
        ({"version": 0}, "version must be 1 or more; got 0"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make_claim(**options)


@pytest.mark.parametrize(
    ("options", "values", "bound", "words"),
    [
        ({}, VALUES, "above −1", "2.0 (95% interval −0.5 to 4.5; 3 values)"),
        ({"below": 9, "unit": "points"}, VALUES, "below 9 points", "2.0 points (95% interval −0.5"),
        ({"between": (-1, 9), "unit": "%"}, VALUES, "between −1 and 9%", "2.0% (95% interval"),
        ({}, [88.64, 88.6, 88.68], "above −1", "88.6 (95% interval 88.5 to 88.7"),
        ({}, [1000, 2000, 3000], "above −1", "2000 (95% interval −484 to 4484"),
        ({}, [0.25, 0.25, 0.25], "above −1", "0.25 (95% interval 0.25 to 0.25"),
        ({}, [0.33679, 0.33756, 0.33832], "above −1", "0.338 (95% interval 0.336 to 0.339"),
        ({"unit": "points"}, [3.14159, 3], "above −1 point", "3.07 points (2 values)"),
        ({}, [5], "above −1", "5 (1 value)"),
    ],
)
def test_numbers_show_as_many_digits_as_the_interval_supports(options, values, bound, words):
    claim = make_claim(**options)
    assert claim.bound == bound
    assert Estimate.of([values]).words(claim).startswith(words)


def test_claims_need_no_torch():
    program = "import sys, lib.evidence; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
