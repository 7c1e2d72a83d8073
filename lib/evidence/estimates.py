"""What measurements say about a claim: a mean, its 95% interval, and what a new run would find.

The unit is one run of an experiment, identified by its base seed: values of one run often share
data, an order or a test set, and so lie closer together than those of two runs.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtr

from lib.evidence.claims import (
    FAILS,
    FAILS_ON_AVERAGE,
    HOLDS,
    HOLDS_ON_AVERAGE,
    OPEN,
    Claim,
    minus,
)
from lib.intervals import FEWEST, t_interval, t_quantile

REPLICATES = 0.95  # a verdict stands alone if a new run would agree at least this often


@dataclass(frozen=True)
class Estimate:
    """The mean over one or several runs, with its 95% interval if there are enough.

    Attributes:
        means: the mean of each run, one per base seed.
        units: the numbers that count as independent: the means, or all values.
        values: the number of values.
    """

    means: tuple[float, ...]
    units: tuple[float, ...]
    values: int

    @classmethod
    def of(cls, runs: Sequence[Sequence[float]], *, independent: bool = False) -> "Estimate":
        """The estimate from the values of each run.

        Args:
            runs: the values of each base seed.
            independent: whether the values of a run share nothing.

        With fewer than three runs, the units are the values: a provisional answer.

        Raises:
            ValueError: a run has no value, or there is no run.
        """
        if not runs or not all(map(len, runs)):
            raise ValueError(f"an estimate needs runs with one value at least; got {list(runs)}")
        means = tuple(math.fsum(run) / len(run) for run in runs)
        values = tuple(value for run in runs for value in run)
        return cls(means, values if independent or len(runs) < FEWEST else means, len(values))

    @property
    def runs(self) -> int:
        """The number of runs."""
        return len(self.means)

    @property
    def mean(self) -> float:
        """The mean of the units."""
        return math.fsum(self.units) / len(self.units)

    @property
    def low(self) -> float:
        """The lower end of Student's interval; NaN with fewer than three units."""
        return t_interval(self.units)[1] if self.has_interval else math.nan

    @property
    def high(self) -> float:
        """The upper end of Student's interval; NaN with fewer than three units."""
        return t_interval(self.units)[2] if self.has_interval else math.nan

    @property
    def has_interval(self) -> bool:
        """Whether there are enough units for an interval."""
        return len(self.units) >= FEWEST and all(map(math.isfinite, self.units))

    @property
    def is_provisional(self) -> bool:
        """Whether there are too few runs to say how much runs differ."""
        return self.runs < FEWEST

    def verdict(self, claim: Claim) -> str:
        """What the evidence says about the claim.

        If the interval clears the bound, the claim holds or fails; only "on average" if a new run
        would find the same with less than 95% probability. Otherwise it is inconclusive.
        """
        if not self.has_interval:
            return OPEN
        met = claim.is_met_by(self.low, self.high)
        if not met and not claim.is_missed_by(self.low, self.high):
            return OPEN
        if self.is_provisional or self.replication(claim) >= REPLICATES:
            return HOLDS if met else FAILS
        return HOLDS_ON_AVERAGE if met else FAILS_ON_AVERAGE

    def replication(self, claim: Claim) -> float:
        """The probability that the mean of a new run lies on this mean's side of the bound.

        Raises:
            ValueError: there is no interval.
        """
        scale = self._new_run(claim, len(self.units) / self.runs)
        low, high = (self._below(limit, scale) for limit in claim.limits)
        meets = high - low
        return meets if claim.is_met_by(self.mean, self.mean) else 1 - meets

    def p_value(self, claim: Claim) -> float:
        """The p-value of the side: how surprising so clear a mean is if the truth is on the other.

        One-sided; for a bound with two ends, the larger of both (two one-sided tests).

        Raises:
            ValueError: there is no interval.
        """
        low, high = (self._below(limit, self._standard_error) for limit in claim.limits)
        inside = max(low, 1 - high)
        return inside if claim.is_met_by(self.mean, self.mean) else 1 - inside

    def meeting(self, claim: Claim) -> int:
        """The number of runs whose mean meets the bound."""
        return sum(claim.is_met_by(mean, mean) for mean in self.means)

    def reach(self, claim: Claim, values: int) -> float:
        """How far from this mean 95% of the means of new runs lie.

        Args:
            values: the number of values in the new run.

        Raises:
            ValueError: there is no interval.
        """
        units = values if len(self.units) == self.values else 1
        return t_quantile(len(self.units) - 1) * self._new_run(claim, units)

    def rounded(self, value: float) -> str:
        """The value, as precise as the interval warrants, with at most three digits."""
        half = (self.high - self.low) / 2
        if not half > 0 or not math.isfinite(value):
            return minus(f"{value:.3g}")
        largest = max(abs(self.mean), abs(self.low), abs(self.high))
        decimals = min(1 - math.floor(math.log10(half)), 2 - math.floor(math.log10(largest)))
        return minus(f"{value:.{max(0, decimals)}f}")

    def words(self, claim: Claim) -> str:
        """Such as "12.3 points (95% interval 10.1 to 14.5; 10 runs, 8 of them above 10 points)"."""
        mean = claim.with_unit(self.rounded(self.mean))
        count = f"{self.values} value{'' if self.values == 1 else 's'}"
        if not self.is_provisional:
            count = f"{self.runs} runs"
        elif self.runs > 1:
            count += f" from {self.runs} runs"
        if not self.has_interval:
            return f"{mean} ({count})"
        if self.verdict(claim) in (HOLDS_ON_AVERAGE, FAILS_ON_AVERAGE):
            count += f", {self.meeting(claim)} of them {claim.bound}"
        low, high = self.rounded(self.low), self.rounded(self.high)
        return f"{mean} (95% interval {low} to {high}; {count})"

    @property
    def _spread(self) -> float:
        if not self.has_interval:
            raise ValueError(f"needs {FEWEST} or more finite units; got {list(self.units)}")
        return statistics.stdev(self.units)

    @property
    def _standard_error(self) -> float:
        return self._spread / math.sqrt(len(self.units))

    def _new_run(self, claim: Claim, units: float) -> float:
        """Standard deviation √(S² (1/m + 1/n) + r²/12) of a new run of m units around this mean."""
        variance = self._spread**2 * (1 / units + 1 / len(self.units))
        return math.sqrt(variance + claim.resolution**2 / 12)

    def _below(self, limit: float, scale: float) -> float:
        """The probability that a Student variable around the mean lies below the limit."""
        if scale == 0 or math.isinf(limit):
            return float(self.mean < limit)
        return float(stdtr(len(self.units) - 1, (limit - self.mean) / scale))


def agrees(claim: Claim, evidence: Estimate, here: Estimate) -> bool:
    """Whether what was measured here fits what the evidence says.

    If the evidence has a verdict, the mean found here must lie on the same side of the bound;
    otherwise, within the reach of 95% of new runs.
    """
    verdict = evidence.verdict(claim)
    if not math.isfinite(here.mean):
        return False
    if verdict in (HOLDS, FAILS):
        return claim.is_met_by(here.mean, here.mean) == (verdict == HOLDS)
    if not evidence.has_interval:
        return True
    return abs(here.mean - evidence.mean) <= evidence.reach(claim, here.values)
