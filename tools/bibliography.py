"""Turns a chapter's mentions of papers into citations of the book's bibliography.

Notebooks on Colab cannot use Sphinx roles, so a chapter writes "(Graham, 2014)" and lists the paper
under "Sources" in plain text. When pages are staged, both become sphinxcontrib-bibtex roles, which
link to the entry; `sphinx_bibliography.py` adds the links back.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from pybtex.database import parse_file
from pybtex.richtext import Text

from tools.chapters import CourseError

ITEM = re.compile(r"(?m)^- .+(?:\n  .+)*")
PARTS = re.compile(r"- (?P<authors>[^()]+) \((?P<year>\d{4})\)\. (?P<rest>.+)")


@dataclass(frozen=True)
class Reference:
    """What identifies a paper.

    Attributes:
        key: the key of its entry in references.bib.
        surnames: the surnames of all authors, in order.
        year: the year, as four digits.
        title: the title in plain text.
    """

    key: str
    surnames: tuple[str, ...]
    year: str
    title: str

    @property
    def short(self) -> str:
        """The authors in running text, such as "Graham", "Nair and Hinton" or "He et al."."""
        first = self.surnames[0]
        return f"{first} et al." if len(self.surnames) > 2 else " and ".join(self.surnames)

    @property
    def full(self) -> str:
        """All authors as in a list of sources, such as "He, Zhang, Ren, Sun"."""
        return ", ".join(self.surnames)

    @property
    def roles(self) -> dict[str, str]:
        """The suffix of the citation's role, keyed by each way of naming the authors."""
        spoken = " and ".join(self.full.rsplit(", ", 1))
        return {self.full: "s", spoken: "s", self.short: ""}

    def is_meant(self, authors: str, year: str, rest: str) -> bool:
        """Whether an item of a list of sources is this paper; it may omit the subtitle."""
        title = _words(re.split(r":| \(", self.title)[0])
        named = authors in (self.full, self.short)
        return named and year == self.year and f"{_words(rest)} ".startswith(f"{title} ")


def read_references(path: Path) -> list[Reference]:
    """All entries of a BibTeX file."""
    references = []
    for key, entry in parse_file(str(path), "bibtex").entries.items():
        people = [[*person.prelast_names, *person.last_names] for person in entry.persons["author"]]
        title = str(Text.from_latex(entry.fields["title"]))
        surnames = tuple(" ".join(names) for names in people)
        references.append(Reference(key, surnames, entry.fields["year"], title))
    return references


def sources(notebook: nbformat.NotebookNode, references: Sequence[Reference]) -> list[Reference]:
    """The papers in a chapter's list of sources; items without a year are skipped.

    Raises:
        CourseError: an item matches no entry, or several.
    """
    found = []
    for item in _items(notebook):
        if not re.search(r"\d{4}", item):
            continue
        parts = PARTS.match(item)
        fitting = [r for r in references if parts and r.is_meant(**parts.groupdict())]
        if len(fitting) != 1:
            keys = ", ".join(reference.key for reference in fitting) or "none"
            raise CourseError(
                f"Sources has {item!r}: as '- Authors (year). Title. …', it fits one entry of "
                f"references.bib; entries that fit: {keys}"
            )
        found += fitting
    return found


def cite(notebook: nbformat.NotebookNode, references: Sequence[Reference]) -> None:
    """Turn every mention of a paper, in the text and in the list of sources, into a citation.

    Mentions look like "(Graham, 2014)", "Graham (2014)" or "Bahdanau, Cho and Bengio (2015)".

    Raises:
        CourseError: an item in the list of sources matches no entry, or several.
    """
    own = sources(notebook, references)
    # The chapter's own sources come last, so they win if two papers share names and year.
    citations = {
        (names, reference.year): (reference.key, ending)
        for reference in [*references, *own]
        for names, ending in reference.roles.items()
    }
    mention = _mention({names for names, _ in citations})
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = mention.sub(lambda match: _citation(match, citations), cell.source)


def _items(notebook: nbformat.NotebookNode) -> list[str]:
    """The items below the heading "Sources", each on one line."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    _, *below = re.split(r"(?m)^## Sources$", text)
    return [" ".join(item.split()) for part in below for item in ITEM.findall(part)]


def _mention(names: set[str]) -> re.Pattern[str]:
    """A pattern for any of the names with a year; a line may break at any space."""
    spaced = "|".join(r"\s+".join(map(re.escape, name.split())) for name in sorted(names))
    return re.compile(rf"(?<!\w)({spaced})(?:,\s+(\d{{4}})\b|\s+\((\d{{4}})\))")


def _citation(match: re.Match[str], citations: Mapping[tuple[str, str], tuple[str, str]]) -> str:
    """The role for a mention, or the mention itself if no such paper is known."""
    names, inside, behind = match.groups()
    found = citations.get((" ".join(names.split()), inside or behind))
    if found is None:
        return match.group()
    key, ending = found
    return f"{{cite:{'alp' if inside else 't'}{ending}}}`{key}`"


def _words(text: str) -> str:
    """The text in lowercase, with every run of other characters as a single space."""
    return " ".join(re.findall(r"\w+", text.casefold()))
