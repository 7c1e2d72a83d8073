import math
import subprocess
import sys

import pytest

from tests.evidence import make_claim


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
        ({"expect": "true"}, "expect must be one of 'holds', 'holds on average', .*; got 'true'"),
        ({"expect": "no evidence yet"}, "expect must be"),
        ({"rows": "M06"}, "rows must be several IDs"),
        ({"resolution": -1}, "resolution must be 0 or more; got -1"),
        ({"version": 0}, "version must be 1 or more; got 0"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make_claim(**options)


def test_the_bound_is_told_with_its_unit():
    assert make_claim().bound == "above −1"
    assert make_claim(below=9, unit="points").bound == "below 9 points"
    assert make_claim(above=-1, unit="points").bound == "above −1 point"
    assert make_claim(between=(-1, 9), unit="%").bound == "between −1 and 9%"


def test_claims_need_no_torch():
    program = "import sys, lib.evidence; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
