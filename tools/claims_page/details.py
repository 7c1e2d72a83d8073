"""What the page of claims folds away below each row: all numbers, runs and the history."""

import html
import math
from collections.abc import Iterable, Sequence

from lib.evidence.cards import Card
from lib.evidence.claims import with_unit
from lib.evidence.ledger import Kept, Ledger, counting
from tools.claims_page.correction import Correction, is_confirmed
from tools.claims_page.history import (
    Wording,
    brief,
    by_torch,
    torch_of,
    withdrawn_runs,
    wordings,
)

HEAD = ("Seed", "Mean", "Settings", "Values", "Date", "torch", "Machine", "Counts")


def render_details(
    card: Card, ledger: Ledger, correction: Correction, document: str, title: str
) -> str:
    """The folded part of a row, as one line of HTML.

    Args:
        correction: of all claims of the page.
        document, title: of the claim's chapter, such as "chapters/01_activations".
    """
    claim = card.claim
    link = f'<a href="{document}.html#claim-{claim.id}">{html.escape(title)}</a>'
    rows = (f'<a href="syllabus.html#{html.escape(row)}">{html.escape(row)}</a>'
            for row in claim.rows)  # fmt: skip
    facts = {
        "One value": html.escape(claim.estimand),
        "This build": html.escape(card.here.words(claim)) if card.here else "",
        "In the chapter": link,
        "Syllabus": ", ".join(rows),
        **_statistics(card, correction),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{fact}</dd>" for name, fact in facts.items() if fact)
    return (
        f'<details class="course-claim-more"><summary>Details of {claim.id}</summary>'
        f"<dl>{listed}</dl>{_runs(card, ledger)}{_torch(card, ledger)}{_history(card, ledger)}"
        f"{_withdrawn(card, ledger)}</details>"
    )


def percent(probability: float) -> str:
    """Such as "97%"; never "100%" or "0%", since nothing is certain."""
    if probability > 0.99:
        return "over 99%"
    return "under 1%" if probability < 0.01 else f"{probability:.0%}"


def _statistics(card: Card, correction: Correction) -> dict[str, str]:
    """The replication and the p-value; empty without enough runs."""
    evidence, claim = card.evidence, card.claim
    if evidence is None or not is_confirmed(card):
        return {}
    family = len(correction.corrected)
    claims = f"{family} claim{'' if family == 1 else 's'}"
    corrected = _p_value(correction.corrected[claim.id])
    return {
        "Replication": f"{percent(evidence.replication(claim))}: the probability that the mean of "
        "a new run lies on the same side of the bound",
        "p-value": f"{_p_value(evidence.p_value(claim))}; corrected for {claims}, {corrected}",
    }


def _p_value(p: float) -> str:
    return "under 0.0001" if p < 0.0001 else f"{p:.2g}"


def _runs(card: Card, ledger: Ledger) -> str:
    """The table of the runs; empty if there are none."""
    runs = ledger.runs_of(card.claim)
    counted = counting(runs)
    lines = [_run(kept, kept in counted) for kept in runs]
    return _table(f"Runs of {card.claim.id}", HEAD, lines) if lines else ""


def _run(kept: Kept, counts: bool) -> list[str]:
    record, values = kept
    mean = math.fsum(values.values) / len(values.values)
    return [
        str(record.run.seed),
        with_unit(f"{mean:.4g}".replace("-", "−"), values.unit),
        settings(kept),
        str(len(values.values)),
        record.date,
        torch_of(kept),
        record.run.processor,
        "yes" if counts else "no",
    ]


def settings(kept: Kept) -> str:
    """Such as "CPU, AVX2, pinned"."""
    run = kept[0].run
    pinned = ("pinned" if run.pins else "free") if run.device == "cpu" else ""
    return ", ".join(filter(None, [run.device.upper(), run.instructions, pinned]))


def _torch(card: Card, ledger: Ledger) -> str:
    """The means by version of torch, if there is more than one."""
    found = by_torch(ledger, card.claim)
    if len(found) < 2:
        return ""
    lines = [[name, brief(estimate, card.claim.unit)] for name, estimate in found.items()]
    return _table(f"Versions of torch: {card.claim.id}", ("torch", "Mean"), lines)


def _history(card: Card, ledger: Ledger) -> str:
    """Earlier wordings, bounds and measures, or a sentence that there are none."""
    stood = wordings(ledger, card.claim)
    if not stood:
        return ""
    if len(stood) == 1 and stood[0].is_of(card.claim):
        return f"<p>Measure, wording and bound are as in the first run ({stood[0].first}).</p>"
    lines = [_stood(wording) for wording in stood if not wording.is_of(card.claim)]
    head = ("Version", "Runs from", "to", "Wording", "One value", "Bound", "Mean")
    return _table(f"Earlier forms of {card.claim.id}", head, lines)


def _stood(wording: Wording) -> list[str]:
    return [
        str(wording.version),
        wording.first,
        wording.last,
        wording.statement,
        wording.estimand,
        wording.bound,
        wording.found,
    ]


def _withdrawn(card: Card, ledger: Ledger) -> str:
    """The withdrawn runs with their reasons; empty if there are none."""
    lines = [
        [*_run(kept, counts=False)[:-1], kept[0].withdrawn]
        for kept in withdrawn_runs(ledger, card.claim)
    ]
    head = (*HEAD[:-1], "Withdrawn because")
    return _table(f"Withdrawn runs of {card.claim.id}", head, lines) if lines else ""


def _table(caption: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table that scrolls in its own box; its cells are plain text."""
    label = html.escape(caption)
    heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in line)}</tr>" for line in lines
    )
    return (
        f'<div class="course-claim-table" role="region" tabindex="0" aria-label="{label}">'
        f"<table><caption>{label}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
