"""The filters above the claims, hidden until `tools/theme/claims.js` brings them to life."""

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from lib.evidence.cards import Card
from lib.evidence.claims import NO_EVIDENCE, VERDICTS
from tools.claims_page.correction import Correction
from tools.claims_page.rows import STRENGTHS, strengths


def render_filters(
    chapters: Mapping[str, tuple[str, Sequence[Card]]], correction: Correction
) -> str:
    """The form as one line of HTML; it offers only what some claim has.

    Args:
        chapters: (title, cards) for each chapter, keyed by document name.
    """
    cards = [card for _, found in chapters.values() for card in found]
    names = {
        document.rpartition("/")[2]: (title, len(found))
        for document, (title, found) in chapters.items()
    }
    verdicts = Counter(card.verdict for card in cards)
    strength = Counter(key for card in cards for key in strengths(card, correction))
    lists = [
        _list("chapter", "Chapter", names),
        _list("verdict", "Verdict", {v: (v, verdicts[v]) for v in (*VERDICTS, NO_EVIDENCE)}),
        _list("strength", "Strength", {key: (STRENGTHS[key], strength[key]) for key in STRENGTHS}),
    ]
    return (
        '<form class="course-claims-filter" aria-label="Filter the claims" hidden>'
        f"{''.join(lists)}"
        '<label>Words<input type="search" name="words" autocomplete="off"></label>'
        '<button type="button">Show all</button><p role="status"></p></form>\n'
    )


def _list(name: str, label: str, options: Mapping[str, tuple[str, int]]) -> str:
    """A list of choices with the number of claims of each; those of none are left out."""
    return (
        f'<label>{label}<select name="{name}"><option value="">all</option>'
        f"{''.join(_options(options))}</select></label>"
    )


def _options(options: Mapping[str, tuple[str, int]]) -> Iterable[str]:
    for value, (text, count) in options.items():
        if count:
            yield f'<option value="{html.escape(value)}">{html.escape(text)} ({count})</option>'
