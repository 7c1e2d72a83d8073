"""The links of a built book, read from its files."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit


@dataclass
class Parsed:
    """What a page offers to link to, and what it links to itself."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)


class _Parser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = Parsed()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.found.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        for key in ("href", "src"):
            if values.get(key):
                self.found.links.append(values[key])


def parse(page: Path) -> Parsed:
    """The anchors and links of an HTML file."""
    parser = _Parser()
    parser.feed(page.read_text())
    return parser.found


def crawl(html: Path, start: str = "index.html") -> tuple[set[str], list[str]]:
    """Follow the internal links of a book from its first page.

    Returns:
        The pages reached, and one line for each link that leads nowhere in the book.
    """
    parsed, broken, waiting = {}, [], [start]
    while waiting:
        page = waiting.pop()
        if page in parsed:
            continue
        parsed[page] = parse(html / page)
        for target, link in _targets(page, parsed[page]):
            if not (html / target).is_file():
                broken.append(f"{page}: {link} leads to no file")
            elif target.endswith(".html"):
                waiting.append(target)
    broken += [
        f"{page}: {link} leads to no anchor"
        for page, found in parsed.items()
        for target, link in _targets(page, found)
        if (anchor := unquote(urldefrag(link).fragment)) and target in parsed
        if anchor not in parsed[target].anchors
    ]
    return set(parsed), broken


def _targets(page: str, found: Parsed) -> list[tuple[str, str]]:
    """(file in the book, link as written) for each link that stays in the book."""
    inside = [link for link in found.links if not urlsplit(link).scheme and link[:2] != "//"]
    return [(unquote(urlsplit(urljoin(page, link)).path) or page, link) for link in inside]
