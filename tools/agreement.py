"""Whether a measurement that was repeated agrees with the ledger, or differs by more than rounding.

The same code on the same kind of processor gives the same values to the last bit. On another kind,
long trainings differ: rounding decides where they end. How much, the ledger says: some base seeds
were measured on two sets of instructions (`tools/pins.py`).
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from itertools import combinations

from lib.evidence import Claim
from lib.evidence.ledger import Kept, Ledger, counting

SAME, ROUNDED, OTHER = "the same", "differs as rounding does", "differs by more than rounding"
FAR = 3.9  # standard normal deviations that a difference exceeds with p < 0.0001
NOTHING = 1e-5  # of the mean: the largest difference where runs do not differ at all


def agreement(claim: Claim, values: Sequence[float], kept: Sequence[float], ledger: Ledger) -> str:
    """How the values of a repeated run compare with those kept for the same base seed.

    Args:
        values, kept: paired, value by value.
    """
    if list(values) == list(kept):
        return SAME
    if len(values) != len(kept):
        return OTHER
    gap = abs(statistics.fmean(values) - statistics.fmean(kept))
    spread = _spread(ledger.runs_of(claim))
    most = max(FAR * rounding(ledger) * spread, NOTHING * abs(statistics.fmean(kept)))
    return ROUNDED if gap <= most else OTHER


def rounding(ledger: Ledger) -> float:
    """The size of rounding, in standard deviations between base seeds.

    It is the root mean square, over all claims and the base seeds that were measured on several
    sets of instructions, of the difference of two runs' means.
    """
    shares = [share for kept in _by_claim(ledger) for share in _shares(kept)]
    return math.sqrt(statistics.fmean(share**2 for share in shares)) if shares else 0.0


def _by_claim(ledger: Ledger) -> Iterator[list[Kept]]:
    """The newest runs of each claim that count."""
    for id in sorted({id for record in ledger.records for id in record.claims}):
        kept = [(record, record.claims[id]) for record in ledger.records if id in record.claims]
        newest = max(values.version for _, values in kept)
        yield counting([pair for pair in kept if pair[1].version == newest])


def _shares(kept: Sequence[Kept]) -> Iterator[float]:
    spread = _spread(kept)
    for (one, first), (other, second) in combinations(kept, 2):
        if spread and one.run.seed == other.run.seed:
            yield (statistics.fmean(first.values) - statistics.fmean(second.values)) / spread


def _spread(kept: Sequence[Kept]) -> float:
    """The standard deviation of the base seeds' means; 0 if there are fewer than three."""
    means: dict[int, list[float]] = {}
    for record, values in counting(kept):
        means.setdefault(record.run.seed, []).append(statistics.fmean(values.values))
    each = [statistics.fmean(found) for found in means.values()]
    return statistics.stdev(each) if len(each) > 2 else 0.0
