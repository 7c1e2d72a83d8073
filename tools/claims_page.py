"""Renders the book's page of claims: the evidence next to the results of this build."""

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.evidence.cards import Card
from lib.evidence.claims import FAILS, HOLDS, NO_EVIDENCE, OPEN
from lib.evidence.estimates import Estimate
from lib.evidence.ledger import Ledger, load_found

INTRO = """\
# Claims

Rules of thumb travel fast: use ReLU, subtract the mean, always stop early. In this book, a rule of
thumb that a chapter relies on becomes a **claim**: one sentence, one number that would look
different if the sentence were wrong, and a bound that the number has to meet.

The number has been measured several times, each time with other random numbers, and every
measurement is kept: this is the **evidence**. From it come a mean, its 95% interval (Student's
*t*), and the verdict:

- **✓ holds**: the whole interval meets the bound.
- **✗ does not hold here**: the whole interval misses the bound.
- **? inconclusive**: the bound lies within the interval; more runs, or longer ones, could tell.

Building this book measured some of the numbers once more, on the machine that built it. Another
processor rounds differently, and after a few hundred updates a network has become another network.
So a single run may differ from the evidence now and then. Where it does, the card says so, with
both numbers.

The interval covers the random numbers: other initial weights, other examples, another order. It
does not cover other data sets, larger networks or longer training, which is why a verdict says
*here*. Claims that fail stay on this page. With a hundred intervals of 95%, a few verdicts will be
luck, and most comparisons of a chapter share one test set.
"""
NOTHING = "No chapter of this build recorded a claim.\n"


def render_claims_page(chapters: Mapping[str, tuple[str, Sequence[Card]]]) -> str:
    """The page in MyST Markdown: an introduction, a count, then each chapter's claims.

    Args:
        chapters: (title, cards) for each chapter, keyed by document name, such as
            "chapters/01_activations"; chapters without claims are left out.
    """
    every = [card for _, cards in chapters.values() for card in cards]
    parts = [INTRO, summary(every) if every else NOTHING]
    for document, (title, cards) in chapters.items():
        if cards:
            parts.append(f"## {title}\n")
            parts += [_entry(card, document) for card in cards]
    return "\n".join(parts)


def summary(cards: Sequence[Card]) -> str:
    """Two sentences such as "3 claims: 2 hold, 1 is inconclusive. …"."""
    counts = Counter(card.verdict for card in cards)
    words = {
        HOLDS: ("holds", "hold"),
        FAILS: ("does not hold here", "do not hold here"),
        OPEN: ("is inconclusive", "are inconclusive"),
        NO_EVIDENCE: ("has no evidence yet", "have no evidence yet"),
    }
    found = [
        f"{counts[verdict]} {one if counts[verdict] == 1 else many}"
        for verdict, (one, many) in words.items()
        if counts[verdict]
    ]
    total = "1 claim" if len(cards) == 1 else f"{len(cards)} claims"
    return f"{total}: {', '.join(found)}. {agreement(cards)}\n"


def agreement(cards: Sequence[Card]) -> str:
    """Such as "37 claims measured here, 36 agree with the evidence; 1 differs: relu-wins."."""
    here = [card for card in cards if card.here and card.evidence]
    differing = [card.claim.id for card in here if card.differs]
    measured = f"{len(here)} claim{'' if len(here) == 1 else 's'} measured here"
    if not differing:
        return f"{measured}, {'it agrees' if len(here) == 1 else 'all agree'} with the evidence."
    verb = "differs" if len(differing) == 1 else "differ"
    agreeing = len(here) - len(differing)
    return (
        f"{measured}, {agreeing} agree{'s' if agreeing == 1 else ''} with the evidence; "
        f"{len(differing)} {verb}: {', '.join(differing)}."
    )


def found_cards(folder: Path, ledger: Ledger) -> dict[str, Card]:
    """A card for each claim recorded by a run in a folder, keyed by ID."""
    cards = {}
    for claim, values in load_found(folder):
        here = Estimate.of([values]) if values else None
        cards[claim.id] = Card(claim, ledger.estimate(claim), here)
    return cards


def _entry(card: Card, document: str) -> str:
    """A claim's card and details as one line of HTML, which Markdown passes through unchanged."""
    claim = card.claim
    details = [f"Each value: {claim.estimand}."]
    if claim.rows:
        details.append(f"Syllabus: {', '.join(claim.rows)}.")
    link = f'<a href="{document}.html#claim-{claim.id}">Where {claim.id} stands</a>'
    return (
        f'<div class="course-claim-entry" id="{claim.id}">{card._repr_html_()}'
        '<p class="course-claim-details" style="font-size:.85em;margin:0 0 2rem 1.15rem;'
        'max-width:43rem;color:var(--course-muted,inherit)">'
        f"{html.escape(' '.join(details))} {link}</p></div>\n"
    )
