"""Renders what published papers found next to what this course measured, for the page of claims.

`chapters/elsewhere.yml` lists rules of thumb. A number stands there only with the address at which
it was read.
"""

import html
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lib.evidence.cards import ICONS, Card
from tools.chapters import CourseError

INTRO = """\
## Elsewhere

What published papers found on these rules of thumb, next to what this course measured. Their
networks and data sets are mostly larger, and they train longer. So a difference does not mean that
one side is wrong, and where there is one, a sentence says why it may be. Which of these rules would
you have trusted? Open a rule to compare.
"""
IN_WORDS = "in words"  # no number was read anywhere
ADDRESS = re.compile(r"https?://[^\s,;()]+")
LISTS, TEXTS = ("claims", "cite"), ("rule", "found", "located")


@dataclass(frozen=True)
class Entry:
    """One rule of thumb.

    Attributes:
        rule: the rule, as it is commonly said.
        claims: IDs of the course's claims that it stands beside.
        found: what papers found, on what, and how large the effect was.
        cite: the papers' keys in references.bib.
        located: where the numbers in `found` were read, or "in words".
        differs: why the course's result may differ; empty where it agrees.
        alone: whether these claims are about the rule itself; False if they are about something
            of which it is only a part.
    """

    rule: str
    claims: tuple[str, ...]
    found: str
    cite: tuple[str, ...]
    located: str
    differs: str = ""
    alone: bool = True


def read_elsewhere(path: Path, citations: Collection[str]) -> tuple[Entry, ...]:
    """The entries in a YAML file, in order.

    Args:
        citations: the keys of references.bib.

    Raises:
        CourseError: an entry has unexpected, missing or empty fields, cites an unknown paper, or
            has a number without the address at which it was read.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, list):
        raise CourseError(f"{path.name} must be a list of rules; got {type(content).__name__}")
    return tuple(_entry(fields, citations) for fields in content)


def check_claims(entries: Sequence[Entry], known: Collection[str]) -> None:
    """Refuse entries that name unknown claims.

    Args:
        known: the IDs of all claims.

    Raises:
        CourseError: the message names the rule and the IDs.
    """
    for entry in entries:
        if unknown := [id for id in entry.claims if id not in known]:
            raise CourseError(
                f"elsewhere.yml: {entry.rule!r} names claims that no chapter has: "
                f"{', '.join(unknown)}"
            )


def render_elsewhere(entries: Sequence[Entry], cards: Sequence[Card]) -> str:
    """The section in MyST Markdown: the rules, with what was found folded below each.

    Args:
        cards: the cards of all claims; a claim without one is said to be missing from this book.
    """
    by_id = {card.claim.id: card for card in cards}
    return "\n".join([INTRO, *(_found(entry, by_id) for entry in entries)])


def _entry(fields: Any, citations: Collection[str]) -> Entry:
    _check_fields(fields)
    rule = fields["rule"]
    if unknown := [key for key in fields["cite"] if key not in citations]:
        raise CourseError(
            f"elsewhere.yml: {rule!r} cites papers that references.bib lacks: {', '.join(unknown)}"
        )
    located = fields["located"]
    says_number = re.search(r"\d", fields["found"]) is not None
    if not ADDRESS.search(located) and (says_number or located != IN_WORDS):
        raise CourseError(
            f"elsewhere.yml: {rule!r} must say in `located` the address (https://…) at which its "
            f"numbers were read, or {IN_WORDS!r} if `found` has no digit; got {located!r}"
        )
    return Entry(**(fields | {name: tuple(fields[name]) for name in LISTS}))


def _check_fields(fields: Any) -> None:
    needed = {*LISTS, *TEXTS}
    if not isinstance(fields, dict) or set(fields) - {"differs", "alone"} != needed:
        raise CourseError(
            f"an entry of elsewhere.yml has {', '.join(sorted(needed))} and perhaps differs; "
            f"got {fields}"
        )
    if not isinstance(fields.get("alone", True), bool):
        raise CourseError(
            f"an entry of elsewhere.yml has yes or no as alone; got {fields['alone']!r}"
        )
    for name, value in ((name, fields[name]) for name in fields if name != "alone"):
        parts = value if name in LISTS and isinstance(value, list) else [value]
        listed = isinstance(value, list) == (name in LISTS)
        if not (listed and parts and all(isinstance(part, str) and part for part in parts)):
            kind = "a list of words" if name in LISTS else "text"
            raise CourseError(f"an entry of elsewhere.yml has {kind} as {name}; got {value!r}")


def _found(entry: Entry, cards: Mapping[str, Card]) -> str:
    """A rule, and below it what was found elsewhere and here, and why they may differ."""
    lines = [f"Elsewhere: {entry.found} ({{cite:alp}}`{','.join(entry.cite)}`)"]
    if entry.located != IN_WORDS:
        lines[0] += f" Numbers from: {ADDRESS.sub(_link, entry.located)}."
    here = [_here(id, cards.get(id), entry.alone) for id in entry.claims]
    lines += [f"Here: {line}" for line in here]
    if entry.differs:
        lines.append(f"Why they may differ: {entry.differs}")
    rule = f'<details class="course-elsewhere"><summary>{html.escape(entry.rule)}</summary>'
    return "\n\n".join([rule, *lines, "</details>\n"])


def _link(address: re.Match[str]) -> str:
    """A link whose text is the site alone, since a long address would not fit a phone."""
    site = address[0].split("/")[2].removeprefix("www.")
    return f"[{site}]({address[0]})"


def _here(id: str, card: Card | None, alone: bool) -> str:
    """A claim's verdict, statement and mean, with a link to its card."""
    if card is None:
        return f"{id} is not in this book."
    claim, estimate = card.claim, card.evidence
    mean = f", {claim.with_unit(estimate.rounded(estimate.mean))}" if estimate else ""
    link = f'<a href="#{claim.id}">{_plain(claim.statement)}</a>'
    if not alone:
        return f"not measured alone. It is a part of {link}."
    return f"{link}: {ICONS[card.verdict]} {card.told}{_plain(mean)}."


def _plain(text: str) -> str:
    """The text so that neither HTML nor Markdown in it is read as such."""
    return re.sub(r"([\\`*_{}\[\]$~])", r"\\\1", html.escape(text))
