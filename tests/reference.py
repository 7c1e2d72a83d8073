"""The pages of reference, read as data: links, definitions, symbols, cards."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from mdit_py_plugins.anchors.index import slugify

from tools.chapters import ROOT, list_chapters, read_source

PAGES = {
    name: (ROOT / f"{name}.md").read_text(encoding="utf-8")
    for name in ("notation", "glossary", "datasheets", "models")
}
CHAPTERS = {chapter.docname: read_source(chapter) for chapter in list_chapters()}
LINK = re.compile(r"\[([^][]+)\]\((?!http)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADS = {"symbol", "letter", "network", "word", "name"}  # first cells of tables' heads


class Section(NamedTuple):
    """A heading, its level, and all that stands below it, deeper headings included."""

    level: int
    heading: str
    text: str


class Entry(NamedTuple):
    """A definition of the glossary: its names, its text, its links as (text, path, slug)."""

    names: tuple[str, ...]
    text: str
    links: tuple[tuple[str, str, str], ...]


class Symbols(NamedTuple):
    """A row of the notation: its table's title, symbols in LaTeX, the section it links to."""

    table: str
    latex: tuple[str, ...]
    path: str
    slug: str


def split(text: str) -> dict[str, Section]:
    """The sections of a Markdown text by the slugs that MyST gives their headings."""
    marks = list(re.finditer(r"(?m)^(#{1,6}) (.+)$", text))
    found = {}
    for i, mark in enumerate(marks):
        later = (m.start() for m in marks[i + 1 :] if len(m[1]) <= len(mark[1]))
        body = text[mark.end() : next(later, len(text))]
        found[slugify(mark[2])] = Section(len(mark[1]), mark[2], body)
    return found


@cache
def sections(path: str) -> dict[str, Section]:
    """The sections of "chapters/NN_name.ipynb" (code included), or of a page such as "models.md".

    Raises:
        KeyError: a chapter that the book does not list.
        FileNotFoundError: a page that is no file.
    """
    if not path.endswith(".ipynb"):
        return split((ROOT / path).read_text(encoding="utf-8"))
    cells = CHAPTERS[path.removesuffix(".ipynb")].cells
    return split(
        "\n\n".join(
            cell.source if cell.cell_type == "markdown" else re.sub("(?m)^#", " #", cell.source)
            for cell in cells
        )
    )


def section(path: str, slug: str) -> Section:
    """The section a link leads to; without a slug, the whole page."""
    return sections(path)[slug] if slug else next(iter(sections(path).values()))


def prose(docname: str) -> str:
    """The Markdown cells of a chapter."""
    cells = CHAPTERS[docname].cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def rows(text: str, width: int) -> Iterator[list[str]]:
    """The cells of all table rows of so many columns, without heads and rules."""
    for line in re.findall(r"(?m)^\| .*$", text):
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if len(cells) == width and cells[0] not in HEADS:
            yield cells


def glossary() -> list[Entry]:
    """The entries of the glossary, in order."""
    body = re.search(r"(?s)```\{glossary\}\n(.+?)\n```", PAGES["glossary"])[1]
    entries = []
    for block in body.split("\n\n"):
        lines = block.splitlines()
        names = tuple(line for line in lines if not line.startswith(" "))
        text = " ".join(line.strip() for line in lines if line.startswith(" "))
        entries.append(Entry(names, text, tuple(LINK.findall(text))))
    return entries


def notation() -> list[Symbols]:
    """The rows of the notation's tables, but for the last table."""
    found = []
    for part in split(PAGES["notation"]).values():
        for symbols, meaning, _ in rows(part.text, 3) if part.level == 2 else ():
            ((_, path, slug),) = LINK.findall(meaning)
            latex = tuple(re.findall(r"\$([^$]+)\$", symbols))
            found.append(Symbols(part.heading, latex, path, slug))
    return found


def letter(latex: str) -> str:
    r"""The letter that a symbol puts ornaments on: \sigma for \sigma_c, p for \bar p."""
    plain = re.sub(r"\\(bar|tilde) ?", "", latex.replace("varepsilon", "epsilon"))
    return re.match(r"(?:\\mathcal |\\mathrm\{)?(\\[A-Za-z]+|[A-Za-z]+)", plain)[0]


def cards(page: str) -> dict[str, str]:
    """The texts of a page's cards by their titles."""
    found = (s for s in split(PAGES[page]).values() if s.level == 2)
    return {card.heading: card.text for card in found}


def flowing(text: str) -> str:
    """A text with line ends as spaces."""
    return " ".join(text.split())
