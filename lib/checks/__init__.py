"""Checks of the exercises: each takes the learner's function and returns a readable `Report`."""

from lib.checks.activations import check_gain, check_maxout_pieces, check_swish
from lib.checks.report import Case, Report, expect_close, run_cases

__all__ = [
    "Case",
    "Report",
    "check_gain",
    "check_maxout_pieces",
    "check_swish",
    "expect_close",
    "run_cases",
]
