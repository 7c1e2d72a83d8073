"""When a repeated measurement agrees with the ledger."""

import pytest

from lib.evidence.ledger import Ledger
from tests.evidence import make_claim, make_record
from tools.agreement import OTHER, ROUNDED, SAME, agreement, rounding

CLAIM = make_claim()
SEEDS = [make_record({CLAIM: [mean - 1, mean + 1]}, seed=10 + n, pinned=True)
         for n, mean in enumerate((1.0, 2.0, 3.0, 4.0, 5.0))]  # fmt: skip
SPREAD = 2.5**0.5  # between the five means


def ledger(*gaps):
    """The five seeds, the first of them also without pins, that much apart."""
    again = [make_record({CLAIM: [gap, 2 + gap]}, seed=10, pinned=False) for gap in gaps]
    return Ledger([*SEEDS, *again])


def test_rounding_is_measured_in_standard_deviations_between_seeds():
    assert rounding(ledger()) == 0
    found = rounding(ledger(1.0))  # which moves the first seed's mean to 1.5
    spread = ((1.5 - 3.1) ** 2 + 1.1**2 + 0.1**2 + 0.9**2 + 1.9**2) ** 0.5 / 2
    assert found == pytest.approx(1 / spread)
    assert rounding(Ledger([])) == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.0, 2.0], SAME),
        ([0.1, 2.0], ROUNDED),
        ([0.0, 2.0 + 2 * 3.8], ROUNDED),
        ([0.0, 2.0 + 2 * 4.0], OTHER),
        ([0.0, 2.0, 1.0], OTHER),
        ([float("nan"), 2.0], OTHER),
    ],
)
def test_a_difference_counts_only_if_rounding_cannot_explain_it(values, said):
    assert agreement(CLAIM, values, [0.0, 2.0], ledger(1.0)) == said


def test_where_nothing_varies_nothing_may_differ():
    still = Ledger([make_record({CLAIM: [4.0]}, seed=10 + n) for n in range(5)])
    assert agreement(CLAIM, [4.00001], [4.0], still) == ROUNDED
    assert agreement(CLAIM, [4.01], [4.0], still) == OTHER
