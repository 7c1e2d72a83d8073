"""A row of the page of claims: what is claimed, what the evidence says, and all runs on a strip."""

import html

from lib.evidence.cards import COLORS, ICONS, Card
from lib.evidence.claims import OPEN
from lib.evidence.estimates import REPLICATES
from tools.claims_page.correction import Correction, is_confirmed
from tools.claims_page.details import percent

# What a reader can filter by: how strong the evidence is.
STRENGTHS = {
    "survives": "survives correction",
    "falls": "does not survive correction",
    "replicates": "a new run agrees in 95% or more",
    "wavers": "a new run agrees in under 95%",
    "provisional": "provisional",
}


def strengths(card: Card, correction: Correction) -> list[str]:
    """The keys of `STRENGTHS` that apply to a claim; none without evidence."""
    evidence, claim = card.evidence, card.claim
    if evidence is None or not is_confirmed(card):
        return [] if evidence is None else ["provisional"]
    found = ["replicates" if evidence.replication(claim) >= REPLICATES else "wavers"]
    if card.verdict != OPEN:
        found.insert(0, "survives" if claim.id in correction.survivors else "falls")
    return found


def render_row(card: Card, correction: Correction, document: str, details: str) -> str:
    """A row as one line of HTML, which Markdown passes through unchanged.

    Args:
        correction: of all claims of the page.
        document: the name of the claim's chapter, such as "chapters/01_activations".
        details: what is folded away below the row.
    """
    claim, strength = card.claim, strengths(card, correction)
    chapter = document.rpartition("/")[2]
    return (
        f'<li class="course-claim-row" id="{claim.id}" data-chapter="{chapter}" '
        f'data-verdict="{card.verdict}" data-strength="{" ".join(strength)}">'
        f'<div class="course-claim-text"><h3 class="course-claim-statement">'
        f"{html.escape(claim.statement)}</h3>{_verdict(card, strength)}{_numbers(card)}"
        f"{card.found_html() if card.differs else ''}</div>"
        f'<div class="course-claim-strip">{card.strip()}</div>{details}</li>'
    )


def _numbers(card: Card) -> str:
    """Such as "1.2 points (0.9 to 1.5) · bound: above 1 point · met in 9 of 10 runs"."""
    evidence, claim = card.evidence, card.claim
    parts = [f"bound: {claim.bound}"]
    if evidence is not None:
        mean = claim.with_unit(evidence.rounded(evidence.mean))
        if evidence.has_interval:
            mean += f" ({evidence.rounded(evidence.low)} to {evidence.rounded(evidence.high)})"
        runs = f"{evidence.runs} run{'' if evidence.runs == 1 else 's'}"
        parts = [mean, *parts, f"met in {evidence.meeting(claim)} of {runs}"]
    return f'<p class="course-claim-numbers">{html.escape(" · ".join(parts))}</p>'


def _verdict(card: Card, strength: list[str]) -> str:
    """Such as "✓ holds · survives correction · a new run would agree: 98%"."""
    icon = f'<span aria-hidden="true" style="color:{COLORS[card.verdict]}">'
    parts = [f"{icon}{ICONS[card.verdict]}</span> <strong>{card.told}</strong>"]
    parts += [STRENGTHS[key] for key in strength if key in ("survives", "falls")]
    if card.evidence is not None and is_confirmed(card):
        parts.append(f"a new run would agree: {percent(card.evidence.replication(card.claim))}")
    return f'<p class="course-claim-verdict">{" · ".join(parts)}</p>'
