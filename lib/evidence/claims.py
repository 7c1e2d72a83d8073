"""Claims: rules of thumb as measurable statements, and what measurements say about them.

A claim fixes in advance what is measured and which bound the mean has to meet. The verdict comes
from the evidence (`lib.evidence.ledger`); what one machine finds is shown next to it and decides
nothing.
"""

import math
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lib.budgets import BUDGETS
from lib.intervals import FEWEST, t_interval

HOLDS, FAILS, OPEN, NO_EVIDENCE = "holds", "does not hold here", "inconclusive", "no evidence yet"
MANY = 4  # from this many runs on, the interval covers runs, not single values


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim: what is measured, and the bound that the mean has to meet.

    Attributes:
        id: kebab-case name, unique in the book, such as "relu-beats-sigmoid".
        statement: the rule of thumb, one sentence of plain text.
        estimand: what one value is, in words.
        above, below, between: the bound, exactly one; `between` is (lowest, highest).
        unit: unit of the values and the bound, such as "points".
        rows: IDs of the syllabus rows it belongs to.
        expect: the verdict that the chapter's text relies on; a test compares the ledger with it.
        needs: the smallest budget whose values can be compared with the evidence.
        version: raised by hand when what is measured changes; older evidence no longer counts.

    Raises:
        ValueError: an invalid argument.
    """

    id: str
    statement: str
    estimand: str
    above: float | None = None
    below: float | None = None
    between: tuple[float, float] | None = None
    unit: str = ""
    rows: tuple[str, ...] = ()
    expect: str = HOLDS
    needs: str = "standard"
    version: int = 1

    def __post_init__(self) -> None:
        _check_words(self)
        _check_bound(self)

    @property
    def limits(self) -> tuple[float, float]:
        """The two ends of the bound; an open end is infinite."""
        if self.between is not None:
            return self.between
        return (-math.inf, self.below) if self.above is None else (self.above, math.inf)  # type: ignore[return-value]

    @property
    def bound(self) -> str:
        """The bound in words, such as "above 0 points"."""
        low, high = self.limits
        if self.between is not None:
            return minus(f"between {low:g} and {self.with_unit(f'{high:g}')}")
        word, value = ("below", high) if self.above is None else ("above", low)
        return minus(f"{word} {self.with_unit(f'{value:g}')}")

    def is_met_by(self, low: float, high: float) -> bool:
        """Whether the whole interval meets the bound; the ends of `between` are included."""
        less = operator.lt if self.between is None else operator.le
        return less(self.limits[0], low) and less(high, self.limits[1])

    def is_missed_by(self, low: float, high: float) -> bool:
        """Whether the whole interval misses the bound."""
        less = operator.lt if self.between is None else operator.le
        return not (less(self.limits[0], high) and less(low, self.limits[1]))

    def with_unit(self, number: str) -> str:
        """The number followed by its unit."""
        return with_unit(number, self.unit)


@dataclass(frozen=True)
class Estimate:
    """The mean of one or several runs, with its 95% interval if there are enough values.

    Attributes:
        mean: mean of all values.
        low, high: Student's interval; both are NaN with fewer than three values.
        values: the number of values.
        runs: the number of runs they come from.
    """

    mean: float
    low: float
    high: float
    values: int
    runs: int

    @classmethod
    def of(cls, runs: Sequence[Sequence[float]]) -> "Estimate":
        """The estimate from the values of each run.

        Values of one run often share data, so from four runs on the interval covers the means of
        the runs; with fewer, it covers all values.

        Raises:
            ValueError: there is no value.
        """
        values = [value for run in runs for value in run]
        if not values:
            raise ValueError("an estimate needs one value at least; got none")
        units = [math.fsum(run) / len(run) for run in runs] if len(runs) >= MANY else values
        if len(units) < FEWEST or not all(map(math.isfinite, units)):
            return cls(math.fsum(units) / len(units), math.nan, math.nan, len(values), len(runs))
        return cls(*t_interval(units), len(values), len(runs))

    @property
    def has_interval(self) -> bool:
        """Whether there were enough values for an interval."""
        return not math.isnan(self.low)

    def verdict(self, claim: Claim) -> str:
        """What the interval says about the claim: holds, does not hold here, or inconclusive."""
        if not self.has_interval:
            return OPEN
        if claim.is_met_by(self.low, self.high):
            return HOLDS
        return FAILS if claim.is_missed_by(self.low, self.high) else OPEN

    def rounded(self, value: float) -> str:
        """The value, as precise as the interval warrants, with at most three digits."""
        half = (self.high - self.low) / 2
        if not half > 0 or not math.isfinite(value):
            return minus(f"{value:.3g}")
        largest = max(abs(self.mean), abs(self.low), abs(self.high))
        decimals = min(1 - math.floor(math.log10(half)), 2 - math.floor(math.log10(largest)))
        return minus(f"{value:.{max(0, decimals)}f}")

    def words(self, claim: Claim) -> str:
        """Such as "12.3 points (95% interval 10.1 to 14.5; 6 values)"."""
        mean = claim.with_unit(self.rounded(self.mean))
        count = f"{self.values} value{'' if self.values == 1 else 's'}"
        if self.runs > 1:
            count += f" from {self.runs} runs"
        if not self.has_interval:
            return f"{mean} ({count})"
        low, high = self.rounded(self.low), self.rounded(self.high)
        return f"{mean} (95% interval {low} to {high}; {count})"


def agrees(claim: Claim, evidence: Estimate, here: Estimate) -> bool:
    """Whether what was measured here fits what the evidence says.

    If the evidence has a verdict, the mean found here must lie on the same side of the bound. If it
    is inconclusive, the mean found here must lie where 95% of such means would: for m values and an
    interval of half-width h from n values, within h √(1 + n/m) of the interval's center.
    """
    verdict = evidence.verdict(claim)
    if not math.isfinite(here.mean):
        return False
    if verdict == HOLDS:
        return claim.is_met_by(here.mean, here.mean)
    if verdict == FAILS:
        return not claim.is_met_by(here.mean, here.mean)
    if not evidence.has_interval:
        return True
    counted = evidence.runs if evidence.runs >= MANY else evidence.values
    reach = (evidence.high - evidence.low) / 2 * math.sqrt(1 + counted / here.values)
    return abs(here.mean - evidence.mean) <= reach


def with_unit(number: str, unit: str) -> str:
    """Such as "12 points", "1 point" or "12%"."""
    if number.strip("-−+") == "1" and unit == "points":
        unit = "point"
    return f"{number}{'' if unit in ('', '%', '×') else ' '}{unit}"


def minus(number: str) -> str:
    """The number with a minus sign in place of the hyphen."""
    return number.replace("-", "−")


def _check_bound(claim: Claim) -> None:
    given = {name: getattr(claim, name) for name in ("above", "below", "between")}
    given = {name: bound for name, bound in given.items() if bound is not None}
    if len(given) != 1:
        raise ValueError(f"{claim.id}: give exactly one of above, below and between; got {given}")
    if not all(map(math.isfinite, claim.between or given.values())):
        raise ValueError(f"{claim.id}: a bound must be finite; got {given}")
    if claim.between and not claim.between[0] < claim.between[1]:
        raise ValueError(f"{claim.id}: between must be (lowest, highest); got {claim.between}")


def _check_words(claim: Claim) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", claim.id):
        raise ValueError(f"id must be kebab-case, such as 'relu-beats-sigmoid'; got {claim.id!r}")
    if isinstance(claim.rows, str):
        raise ValueError(f"{claim.id}: rows must be several IDs, as ('M06',); got {claim.rows!r}")
    if claim.needs not in BUDGETS:
        expected = ", ".join(BUDGETS)
        raise ValueError(f"{claim.id}: needs must be one of {expected}; got {claim.needs!r}")
    if claim.expect not in (HOLDS, FAILS, OPEN):
        expected = f"{HOLDS!r}, {FAILS!r} or {OPEN!r}"
        raise ValueError(f"{claim.id}: expect must be {expected}; got {claim.expect!r}")
    if claim.version < 1:
        raise ValueError(f"{claim.id}: version must be 1 or more; got {claim.version}")
