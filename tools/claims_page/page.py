"""Renders the book's page of claims: a forest plot of the evidence, with the results of this build.

Without JavaScript and on paper, the page shows everything; filters come on top.
"""

import html
from collections import Counter
from collections.abc import Mapping, Sequence

from lib.evidence.cards import Card
from lib.evidence.claims import (
    FAILS,
    FAILS_ON_AVERAGE,
    HOLDS,
    HOLDS_ON_AVERAGE,
    NO_EVIDENCE,
    OPEN,
)
from lib.evidence.ledger import Ledger
from lib.evidence.strip import SIGNS
from tools.claims_page.correction import LEVEL, Correction
from tools.claims_page.details import render_details
from tools.claims_page.filters import render_filters
from tools.claims_page.found import agreement
from tools.claims_page.rows import render_row
from tools.claims_page.values import COLUMNS, FILE
from tools.elsewhere import Entry, render_elsewhere

# The strips need the room in which the page's contents would stand; the filters list the chapters.
INTRO = """\
---
html_theme.sidebar_secondary.remove: true
---

# Claims

In this book, a rule of thumb that a chapter relies on becomes a **claim**: one sentence, one number
that would look different if the sentence were wrong, and a bound that the number has to meet. The
number is measured in several runs, each with other random numbers. All runs are kept, and claims
that fail stay here. [All numbers](#all-numbers) are in one file.
"""
VERDICTS = {
    "✓ holds": "the whole 95% interval of the mean meets the bound",
    "✗ does not hold here": "the whole interval misses the bound. We say <em>here</em> because the "
    "interval covers random numbers, not other data, larger networks or longer training",
    "on average": "the mean clears the bound, but a new run would do so with a probability below "
    "95%",
    "? inconclusive": "the bound lies within the interval",
    "provisional": "measured with fewer than three base seeds so far. The interval covers the "
    "values within a run, so it is likely too narrow",
}
FOLDED = """\
<details class="course-claims-chapter"><summary>{counts}</summary>
<ul class="course-claims">"""
UNFOLDED = "</ul></details>\n"
SOURCE = "[Benjamini and Yekutieli, 2001](https://doi.org/10.1214/aos/1013699998)"
NOTHING = "No chapter of this build recorded a claim.\n"
NUMBERS = f"""\
## All numbers

<a href="{FILE}" download>{FILE}</a> has a line for each value of each run, withdrawn ones included.
"""


def render_claims_page(
    chapters: Mapping[str, tuple[str, Sequence[Card]]],
    ledger: Ledger,
    elsewhere: Sequence[Entry] = (),
) -> str:
    """The page in MyST Markdown: an introduction, counts, filters, then each chapter's claims.

    Args:
        chapters: (title, cards) for each chapter, keyed by document name, such as
            "chapters/01_activations"; chapters without claims are left out.
        ledger: the evidence from which the cards were made.
        elsewhere: what papers found; it follows the claims.
    """
    every = [card for _, cards in chapters.values() for card in cards]
    if not every:
        return f"{INTRO}\n{NOTHING}"
    correction = Correction.of(every)
    parts = [INTRO, summary(every), luck(correction), key(ledger)]
    parts.append(render_filters(chapters, correction))
    for document, (title, cards) in chapters.items():
        if cards:
            rows = [
                render_row(
                    card,
                    correction,
                    document,
                    render_details(card, ledger, correction, document, title),
                )
                for card in cards
            ]
            parts += [f"## {title}\n", FOLDED.format(counts=summed(cards)), *rows, UNFOLDED]
    if elsewhere:
        parts.append(render_elsewhere(elsewhere, every))
    return "\n".join([*parts, NUMBERS, columns()])


def summary(cards: Sequence[Card]) -> str:
    """Such as "3 claims. Measured with three base seeds or more: 2 hold. Provisional, …"."""
    without = [card for card in cards if card.verdict == NO_EVIDENCE]
    firm = [card for card in cards if card.told == card.verdict and card not in without]
    few = [card for card in cards if card.told != card.verdict]
    kinds = {
        "Measured with three base seeds or more": firm,
        "Provisional, with fewer": few,
        "Not measured yet": without,
    }
    told = [f"{name}: {_counted(those)}." for name, those in kinds.items() if those]
    return " ".join([f"**{_number(cards)}.**", *told, agreement(cards)]) + "\n"


def summed(cards: Sequence[Card]) -> str:
    """Such as "3 claims: 2 hold, 1 is inconclusive"; what stands for a chapter's folded claims."""
    return f"{_number(cards)}: {_counted(cards)}"


def _number(cards: Sequence[Card]) -> str:
    return "1 claim" if len(cards) == 1 else f"{len(cards)} claims"


def _counted(cards: Sequence[Card]) -> str:
    """Such as "2 hold, 1 is inconclusive"."""
    counts = Counter(card.verdict for card in cards)
    words = {
        HOLDS: ("holds", "hold"),
        HOLDS_ON_AVERAGE: ("holds on average", "hold on average"),
        FAILS: ("does not hold here", "do not hold here"),
        FAILS_ON_AVERAGE: ("does not hold on average", "do not hold on average"),
        OPEN: ("is inconclusive", "are inconclusive"),
        NO_EVIDENCE: ("has no evidence yet", "have no evidence yet"),
    }
    found = [
        f"{counts[verdict]} {one if counts[verdict] == 1 else many}"
        for verdict, (one, many) in words.items()
        if counts[verdict]
    ]
    return ", ".join(found)


def luck(correction: Correction) -> str:
    """How many intervals miss their truth by chance, and how many verdicts survive."""
    family = len(correction.corrected)
    if not family:
        return "No claim has three runs yet. Until then, all verdicts are provisional.\n"
    survive = f"{len(correction.survivors)} of {correction.decided} verdicts survive"
    return (
        "A 95% interval misses the true mean in 5% of the cases, even if all is well: of the "
        f"{family} intervals from three base seeds or more, about {0.05 * family:.1f}. So some "
        "verdicts may be luck. A stricter test looks at all of these together and keeps the "
        f"expected share of false verdicts to {LEVEL:.0%} ({SOURCE}). **{survive}** this "
        "correction; the row of each says whether it does. An inconclusive claim has no verdict to "
        "test.\n"
    )


def key(ledger: Ledger) -> str:
    """What the verdicts and the marks on a strip mean, as one line of HTML."""
    shapes = zip(SIGNS, ledger.processors, strict=False)
    others = " and others" if len(ledger.processors) > len(SIGNS) else ""
    machines = ", ".join(f"{sign} {html.escape(name)}" for sign, name in shapes) + others
    marks = {
        "●": "one run: filled if pinned (confined to instructions that all x86 processors share), "
        f"hollow if free; by machine, {machines}",
        "◆": "the mean of the evidence, on a bar for its 95% interval",
        "▲": "what the build of this page found",
        '<span class="course-claims-bound"></span>': "where the bound is met; a line marks its end",
        "( )": "shown apart, not counted: runs on GPUs, and pilots, which served to design the "
        "experiment",
    }
    return f'<div class="course-claims-key">{_listed(VERDICTS)}{_listed(marks)}</div>\n'


def _listed(meanings: Mapping[str, str]) -> str:
    return (
        f"<dl>{''.join(f'<dt>{sign}</dt><dd>{text}</dd>' for sign, text in meanings.items())}</dl>"
    )


def columns() -> str:
    """The table of the file's columns."""
    lines = ["| Column | Meaning |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {text} |" for name, text in COLUMNS.items())]) + "\n"
