"""Renders the book's syllabus page: what the course promises, and where it delivers it.

`chapters/syllabus.yml` lists this in rows. The headings that rows link to and the rows named in
chapter headers are checked against it, so that they cannot get out of step.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docutils.nodes import make_id

from lib.evidence.cards import ICONS, Card
from tools.chapters import CourseError

INTRO = """\
# Syllabus

What this course covers, row by row. Each row leads to the sections that explain it, run it, show
what came out, and let you try it. Where a row rests on claims, their verdicts stand below it.
"""
LATER = """\
## Not in the course yet

Topics that would come next; no chapter has them so far.
"""
MUTED = "font-size:.9em;color:var(--course-muted,inherit)"


@dataclass(frozen=True)
class Row:
    """A row of the syllabus; `sections` look like "page#heading"; none if not yet written."""

    id: str
    text: str
    sections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Syllabus:
    """The rows by the title of their part, and the rows that are not covered yet."""

    parts: dict[str, tuple[Row, ...]]
    later: tuple[Row, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, in order."""
        return tuple(row for rows in (*self.parts.values(), self.later) for row in rows)


@dataclass(frozen=True)
class Page:
    """The parts of a page that the syllabus refers to.

    Attributes:
        headings: the texts of the headings, including the page's title.
        rows: rows named in a chapter's header; None for a page that is not a chapter.
    """

    headings: tuple[str, ...]
    rows: tuple[str, ...] | None = None

    @staticmethod
    def read(text: str, rows: Sequence[str] | None = None) -> "Page":
        """The page whose Markdown is `text`."""
        prose = re.sub(r"(?ms)^```.*?^```", "", text)
        headings = tuple(re.findall(r"(?m)^#+ (.+?)\s*$", prose))
        return Page(headings, None if rows is None else tuple(rows))


def read_syllabus(path: Path) -> Syllabus:
    """The syllabus in a YAML file: `parts`, titles with rows, and `later`, rows.

    Raises:
        CourseError: a row has unexpected or missing keys, or two rows have the same id.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    parts = {title: _rows(rows, "sections") for title, rows in content["parts"].items()}
    syllabus = Syllabus(parts, _rows(content["later"]))
    ids = [row.id for row in syllabus.rows]
    if twice := {id for id in ids if ids.count(id) > 1}:
        raise CourseError(f"{path.name} has two rows of the same id: {_listed(twice)}")
    return syllabus


def render_syllabus_page(
    syllabus: Syllabus, pages: Mapping[str, Page], cards: Iterable[Card]
) -> str:
    """The page in MyST Markdown: a list of rows for each part, each with its sections and claims.

    Args:
        pages: the pages that rows may link to, keyed by document name, such as
            "chapters/01_activations".
        cards: the cards of all claims.

    Raises:
        CourseError: a section is missing or occurs twice on its page; a chapter's header does not
            name the rows that link to it; a claim names an unknown row.
    """
    cards = list(cards)
    links = {row.id: [_link(row, section, pages) for section in row.sections]
             for row in syllabus.rows}  # fmt: skip
    _check_headers(links, pages)
    if unknown := {id for card in cards for id in card.claim.rows} - set(links):
        raise CourseError(f"claims name rows that syllabus.yml lacks: {_listed(unknown)}")
    lines = [INTRO]
    for title, rows in syllabus.parts.items():
        lines += [f"## {title}\n", *(_entry(row, links[row.id], cards) for row in rows)]
    if syllabus.later:
        lines += [LATER, *(_entry(row, [], []) for row in syllabus.later)]
    return "\n".join(lines)


def _rows(content: Sequence[Mapping[str, Any]], *more: str) -> tuple[Row, ...]:
    """The rows, each with an id, a text and the keys in `more`."""
    keys = {"id", "text", *more}
    for row in content:
        if set(row) != keys or not all(row.values()):
            raise CourseError(f"a row of the syllabus has {_listed(keys)}, none empty; got {row}")
    return tuple(Row(r["id"], r["text"], tuple(r.get("sections", ()))) for r in content)


def _link(row: Row, section: str, pages: Mapping[str, Page]) -> tuple[str, str]:
    """(document, link in HTML) for a section such as "01_activations#Summary"."""
    name, _, heading = section.partition("#")
    document = name if name in pages else f"chapters/{name}"
    count = pages[document].headings.count(heading) if document in pages else 0
    if count != 1:
        found = "is there twice" if count else "is not there"
        raise CourseError(f"syllabus.yml: {row.id} leads to {section!r}, which {found}")
    target = f"{document}.html#{make_id(heading)}"  # the id that Sphinx gives to the section
    return document, f'<a href="{target}">{html.escape(heading)}</a>'


def _check_headers(
    links: Mapping[str, Sequence[tuple[str, str]]], pages: Mapping[str, Page]
) -> None:
    """Refuse a chapter whose header does not name the rows that link to it."""
    for document, page in pages.items():
        if page.rows is None:
            continue
        led = {id for id, targets in links.items() if document in dict(targets)}
        for ids, fault in (
            (set(page.rows) - led, "its header names {}, but syllabus.yml does not lead there"),
            (led - set(page.rows), "syllabus.yml leads there for {}, but its header lacks that"),
        ):
            if ids:
                raise CourseError(f"{document}: {fault.format(_listed(ids))}")


def _entry(row: Row, links: Sequence[tuple[str, str]], cards: Sequence[Card]) -> str:
    """A row as a list item, with lines for its sections and the verdicts of its claims."""
    lines = [f'- <span id="{row.id}"></span>**{row.id}** {row.text}']
    if links:
        lines.append(f"→ {', '.join(link for _, link in links)}")
    for verdict, icon in ICONS.items():
        named = [c.claim.id for c in cards if row.id in c.claim.rows and c.verdict == verdict]
        if named:
            found = ", ".join(f'<a href="claims.html#{id}">{id}</a>' for id in named)
            lines.append(f'<span style="{MUTED}">{icon} {verdict}: {found}</span>')
    return "\\\n  ".join(lines) + "\n"


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids))
