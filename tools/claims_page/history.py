"""The history of a claim, as the ledger recorded it with each run."""

from dataclasses import dataclass

from lib.evidence.claims import Claim, with_unit
from lib.evidence.estimates import Estimate
from lib.evidence.ledger import Kept, Ledger, counting, pool


@dataclass(frozen=True)
class Wording:
    """One way in which a claim stood in the ledger, and what was measured under it.

    Attributes:
        version, statement, estimand, bound, unit: from the claim of that time.
        first, last: dates of the first and the last run.
        evidence: the estimate from its runs; None if all were on GPUs.
    """

    version: int
    statement: str
    estimand: str
    bound: str
    unit: str
    first: str
    last: str
    evidence: Estimate | None

    @property
    def found(self) -> str:
        """The estimate in words."""
        return "no run on a CPU" if self.evidence is None else brief(self.evidence, self.unit)

    def is_of(self, claim: Claim) -> bool:
        """Whether the claim still stands like this."""
        return (self.version, self.statement, self.estimand, self.bound) == (
            claim.version, claim.statement, claim.estimand, claim.bound,
        )  # fmt: skip


def wordings(ledger: Ledger, claim: Claim) -> list[Wording]:
    """Every wording of the claim in the ledger, the oldest first."""
    groups: dict[tuple, list[Kept]] = {}
    for record in ledger.records:
        if values := record.claims.get(claim.id):
            stood = values.version, values.statement, values.estimand, values.bound, values.unit
            groups.setdefault(stood, []).append((record, values))
    return sorted(
        (_wording(runs, independent=claim.independent) for runs in groups.values()),
        key=lambda wording: (wording.version, wording.first),
    )


def _wording(runs: list[Kept], *, independent: bool) -> Wording:
    stood = runs[0][1]
    dates = sorted(record.date for record, _ in runs)
    return Wording(
        stood.version,
        stood.statement,
        stood.estimand,
        stood.bound,
        stood.unit,
        dates[0],
        dates[-1],
        pool(runs, independent=independent),
    )


def withdrawn_runs(ledger: Ledger, claim: Claim) -> list[Kept]:
    """The runs of the claim that were withdrawn, of any version."""
    return [(r, r.claims[claim.id]) for r in ledger.withdrawn if claim.id in r.claims]


def by_torch(ledger: Ledger, claim: Claim) -> dict[str, Estimate]:
    """An estimate for each version of torch with which runs that count were made."""
    groups: dict[str, list[Kept]] = {}
    for record, values in counting(ledger.runs_of(claim)):
        groups.setdefault(torch_of((record, values)), []).append((record, values))
    return {
        name: estimate
        for name, runs in sorted(groups.items())
        if (estimate := pool(runs, independent=claim.independent)) is not None
    }


def torch_of(kept: Kept) -> str:
    """The version of torch that a run used; "unknown" if its record does not say."""
    return kept[0].run.versions.get("torch", "unknown")


def brief(estimate: Estimate, unit: str) -> str:
    """Such as "12.3 points (95% interval 10.1 to 14.5; 10 runs)"."""
    runs = f"{estimate.runs} run{'' if estimate.runs == 1 else 's'}"
    mean = with_unit(estimate.rounded(estimate.mean), unit)
    if not estimate.has_interval:
        return f"{mean} ({runs})"
    low, high = estimate.rounded(estimate.low), estimate.rounded(estimate.high)
    return f"{mean} (95% interval {low} to {high}; {runs})"
