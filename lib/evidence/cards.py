"""The card of a claim: what the evidence says, next to what this run found."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from lib.evidence.claims import (
    FAILS,
    FAILS_ON_AVERAGE,
    HOLDS,
    HOLDS_ON_AVERAGE,
    NO_EVIDENCE,
    OPEN,
    Claim,
)
from lib.evidence.estimates import Estimate, agrees
from lib.evidence.ledger import Ledger
from lib.evidence.strip import Mark, draw_strip, marks_of

ICONS = {
    HOLDS: "✓",
    HOLDS_ON_AVERAGE: "✓",
    FAILS: "✗",
    FAILS_ON_AVERAGE: "✗",
    OPEN: "?",
    NO_EVIDENCE: "–",
}
COLORS = {
    HOLDS: "var(--course-good, #009e73)",
    HOLDS_ON_AVERAGE: "var(--course-good, #009e73)",
    FAILS: "var(--course-bad, #d55e00)",
    FAILS_ON_AVERAGE: "var(--course-bad, #d55e00)",
    OPEN: "var(--course-accent, #0072b2)",
    NO_EVIDENCE: "var(--course-muted, #888888)",
}


@dataclass(frozen=True)
class Card:
    """A claim as readers see it.

    Attributes:
        claim: the claim.
        evidence: the estimate from all kept runs; None if there are none.
        here: what this run found; None if it computed too little to be compared.
        marks: the kept runs one by one.
    """

    claim: Claim
    evidence: Estimate | None
    here: Estimate | None
    marks: tuple[Mark, ...] = ()

    @classmethod
    def of(cls, claim: Claim, ledger: Ledger, found: Sequence[float]) -> "Card":
        """The card of a claim.

        Args:
            found: the values of this run; empty if it computed too little to be compared.
        """
        here = Estimate.of([found]) if found else None
        return cls(claim, ledger.estimate(claim), here, marks_of(claim, ledger))

    @property
    def verdict(self) -> str:
        """The verdict of the evidence."""
        return self.evidence.verdict(self.claim) if self.evidence else NO_EVIDENCE

    @property
    def told(self) -> str:
        """The verdict as readers see it; "provisional" with fewer than three base seeds."""
        few = self.evidence is not None and self.evidence.is_provisional
        return f"{self.verdict} (provisional)" if few else self.verdict

    @property
    def differs(self) -> bool:
        """Whether this run contradicts the evidence."""
        if self.evidence is None or self.here is None:
            return False
        return not agrees(self.claim, self.evidence, self.here)

    @property
    def numbers(self) -> str:
        """The evidence and the bound in words."""
        known = self.evidence.words(self.claim) if self.evidence else "none recorded yet"
        return f"Evidence: {known}. Asked for: {self.claim.bound}."

    @property
    def found(self) -> str:
        """What this run found, in words; empty if it cannot be compared."""
        if self.here is None:
            return ""
        words = self.here.words(self.claim)
        return f"Differs on this machine: {words}." if self.differs else f"This run: {words}."

    def __repr__(self) -> str:
        lines = [f"{self.claim.statement} [{self.claim.id}: {self.told}]", self.numbers]
        return "\n  ".join([*lines, *filter(None, [self.found])])

    def strip(self, *, small: bool = False) -> str:
        """The runs and what they say as one line of SVG; empty without any number."""
        return draw_strip(self.claim, self.evidence, self.here, self.marks, small=small)

    def found_html(self) -> str:
        """What this run found, after the sign that stands for it on the strip."""
        if not self.found:
            return ""
        style = "font-weight:600" if self.differs else "color:var(--course-muted,inherit)"
        kind = "course-claim-differs" if self.differs else "course-claim-here"
        return (
            f'<div class="{kind}" style="font-size:.9em;font-variant-numeric:tabular-nums;{style}">'
            '<span aria-hidden="true" style="color:var(--course-accent,#0072b2)">▲</span> '
            f"{html.escape(self.found)}</div>"
        )

    def _repr_html_(self) -> str:
        """HTML for the book, JupyterLab and Colab; the book's colors are optional."""
        color, strip = COLORS[self.verdict], self.strip(small=True)
        if strip:
            strip = f'<div style="margin:.4rem 0">{strip}</div>'
        return (
            f'<div class="course-claim" data-claim="{self.claim.id}" role="group" '
            f'aria-label="Claim: {self.told}" style="color:var(--course-ink,inherit);'
            "background:var(--course-panel,var(--course-paper,transparent));"
            f"border:1px solid var(--course-line,#88888888);border-left:4px solid {color};"
            "border-radius:.5rem;padding:.6rem .9rem;margin:.75rem 0;max-width:44rem;"
            'font-family:system-ui,sans-serif;line-height:1.5">'
            f'<div class="course-claim-verdict" style="font-size:.9em;font-weight:600">'
            f'<span aria-hidden="true" style="color:{color}">{ICONS[self.verdict]}</span> '
            f"Claim: {self.told}</div>"
            f'<div class="course-claim-statement">{html.escape(self.claim.statement)}</div>'
            '<div class="course-claim-numbers" style="font-size:.9em;'
            'color:var(--course-muted,inherit);font-variant-numeric:tabular-nums">'
            f"{html.escape(self.numbers)}</div>{strip}{self.found_html()}</div>"
        )
