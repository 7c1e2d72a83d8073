"""Claims: rules of thumb as measurable statements, and what measurements say about them.

A claim fixes in advance what is measured and which bound the mean has to meet. The verdict comes
from the evidence (`lib.evidence.ledger`); what one machine finds is shown next to it and decides
nothing.
"""

import math
import operator
import re
from dataclasses import dataclass

from lib.budgets import BUDGETS

HOLDS, FAILS = "holds", "does not hold here"
HOLDS_ON_AVERAGE, FAILS_ON_AVERAGE = "holds on average", "does not hold on average"
OPEN, NO_EVIDENCE = "inconclusive", "no evidence yet"
VERDICTS = (HOLDS, HOLDS_ON_AVERAGE, FAILS, FAILS_ON_AVERAGE, OPEN)


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
        independent: whether the values of one run share nothing, neither data nor networks; then
            the unit of the statistics is one value, otherwise it is one run.
        resolution: the smallest difference between two values, such as 0.1 points with 1000
            test pictures; 0 if they are continuous.
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
    independent: bool = False
    resolution: float = 0.0
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


def with_unit(number: str, unit: str) -> str:
    """Such as "12 points", "1 point" or "12%"."""
    if number.strip("-−+") == "1" and unit == "points":
        unit = "point"
    return f"{number}{'' if unit in ('', '%', '×') else ' '}{unit}"


def minus(number: str) -> str:
    """The number with a minus sign in place of the hyphen."""
    return number.replace("-", "−")


def _check_bound(claim: Claim) -> None:
    if not 0 <= claim.resolution < math.inf:
        raise ValueError(f"{claim.id}: resolution must be 0 or more; got {claim.resolution}")
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
    if claim.expect not in VERDICTS:
        expected = ", ".join(map(repr, VERDICTS))
        raise ValueError(f"{claim.id}: expect must be one of {expected}; got {claim.expect!r}")
    if claim.version < 1:
        raise ValueError(f"{claim.id}: version must be 1 or more; got {claim.version}")
