"""Renders the book's page of claims from what the chapters recorded."""

import html
from collections import Counter
from collections.abc import Mapping, Sequence

from lib.claims import FAILS, HOLDS, NOT_ASSESSED, OPEN, Claim

INTRO = """\
# Claims

Rules of thumb travel fast: use ReLU, subtract the mean, always stop early. In this book a rule of
thumb that a chapter relies on becomes a **claim**: one sentence, one number that would look
different if the sentence were wrong, and a bound that the number has to meet.

Each number is measured at least three times, from seeds of its own, by a cell you can run. From
these measurements comes a mean and its 95% interval (Student's *t*), and from the interval the
verdict:

- **✓ holds**: the whole interval meets the bound.
- **✗ does not hold here**: the whole interval misses the bound.
- **? inconclusive**: the bound lies within the interval; more seeds, or a longer run, could tell.
- **– not assessed**: this build computed less than the evidence needs, so it says nothing.

The interval covers the seeds: other initial weights, another order of the same data. It does not
cover other data sets, larger networks or longer training, which is why a verdict says *here*.
Claims that fail stay on this page, and their chapters say so: when a run finds another verdict than
the one its text relies on, the book does not build.
"""
NOTHING = "No chapter of this build recorded a claim.\n"


def render_claims_page(chapters: Mapping[str, tuple[str, Sequence[Claim]]]) -> str:
    """The page in MyST Markdown: an introduction, a count, then each chapter's claims.

    Args:
        chapters: (title, claims) of each chapter by its document name, such as
            "chapters/01_activations"; a chapter without claims is left out.
    """
    every = [claim for _, claims in chapters.values() for claim in claims]
    parts = [INTRO, _summary(every) if every else NOTHING]
    for document, (title, claims) in chapters.items():
        if claims:
            parts.append(f"## {title}\n")
            parts += [_entry(claim, document) for claim in claims]
    return "\n".join(parts)


def _summary(claims: Sequence[Claim]) -> str:
    """A sentence such as "This build: 3 claims; 2 hold, 1 is not assessed."."""
    counts = Counter(claim.verdict for claim in claims)
    words = {
        HOLDS: ("holds", "hold"),
        FAILS: ("does not hold here", "do not hold here"),
        OPEN: ("is inconclusive", "are inconclusive"),
        NOT_ASSESSED: ("is not assessed", "are not assessed"),
    }
    found = [
        f"{counts[verdict]} {one if counts[verdict] == 1 else many}"
        for verdict, (one, many) in words.items()
        if counts[verdict]
    ]
    total = "1 claim" if len(claims) == 1 else f"{len(claims)} claims"
    return f"This build: {total}; {', '.join(found)}.\n"


def _entry(claim: Claim, document: str) -> str:
    """A claim's card and details as one line of HTML, which Markdown passes through whole."""
    details = [f"Measured with {claim.provenance}."]
    if claim.verdict != NOT_ASSESSED:
        seeds = ", ".join(f"{value:.4g}" for value in claim.values).replace("-", "−")
        details.insert(0, f"Each seed: {seeds}.")
    if claim.rows:
        details.append(f"Syllabus: {', '.join(claim.rows)}.")
    link = f'<a href="{document}.html#claim-{claim.id}">The cell behind {claim.id}</a>'
    return (
        f'<div class="course-claim-entry" id="{claim.id}">{claim._repr_html_()}'
        '<p class="course-claim-details" style="font-size:.85em;margin:0 0 2rem 1.15rem;'
        'max-width:43rem;color:var(--course-muted,inherit)">'
        f"{html.escape(' '.join(details))} {link}</p></div>\n"
    )
