"""Prints the pages of the built book: the chapters, then their answers, then the front."""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Browser, Error, Page
from pypdf import PdfReader

from tools.chapters import CourseError
from tools.printing.browser import DRAWN, SETTLED, call

PREPARE, FRONT = "tools/printing/prepare.js", "tools/printing/front.js"
WIDTH = 642  # CSS pixels between the margins of A4 that print.css sets
ANSWERS = "answers.html"  # a page that exists only in the printed book
NOTE = (
    "The printed book. Each widget is a still of what moves on the book's pages. Answers to "
    "predictions and exercises are gathered at the end. The code of figures is in the notebooks."
)


SCREEN_ONLY = {"record"}  # pages that are not printed


@dataclass(frozen=True)
class Part:
    """A part of the book: its name, and the paths of its pages, such as "claims.html"."""

    name: str
    paths: Sequence[str]


@dataclass(frozen=True)
class Book:
    """The book described by `_toc.yml` and `_config.yml`: its first page and its parts."""

    title: str
    author: str
    root: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Answer:
    """An answer, printed elsewhere: the anchor of its place, the heading above that, its HTML."""

    anchor: str
    heading: str
    html: str


@dataclass(frozen=True)
class Printed:
    """A printed page of the book.

    Attributes:
        path: the path of its HTML in the built book.
        title: its first heading.
        sections: (anchor, heading) of each section below it.
        answers: the answers removed from it.
        first: the number on its first sheet.
        pdf: the sheets.
    """

    path: str
    title: str
    sections: Sequence[tuple[str, str]]
    answers: Sequence[Answer]
    first: int
    pdf: PdfReader

    @property
    def end(self) -> int:
        """The number on the first sheet after it."""
        return self.first + len(self.pdf.pages)

    @cached_property
    def places(self) -> dict[str, tuple[int, float, float]]:
        """Position of each anchor: index of its sheet, points from the sheet's left and bottom."""
        index_of = self.pdf.get_destination_page_number
        destinations: dict[str, Any] = self.pdf.named_destinations
        return {
            name.removeprefix("/"): (sheet, place["/Left"], place["/Top"])
            for name, place in destinations.items()
            if (sheet := index_of(place)) is not None
        }


def read_book(root: Path) -> Book:
    """The book described by the settings in a folder, without what a browser alone can show."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    parts = [
        Part(
            part["caption"],
            [
                f"{entry['file']}.html"
                for entry in part["chapters"]
                if entry["file"] not in SCREEN_ONLY
            ],
        )
        for part in toc["parts"]
    ]
    return Book(config["title"], config["author"], f"{toc['root']}.html", parts)


class Press:
    """Prints pages served at an address `base`, which ends in a slash.

    It remembers where everything was printed, so a link to an earlier page shows its sheet number.
    Hence the front matter, with its table of contents, is printed last.
    """

    def __init__(self, browser: Browser, base: str, book: Book) -> None:
        """Print nothing yet."""
        self.browser, self.base, self.book = browser, base, book
        self.numbers: dict[str, int] = {}  # of sheets, by address

    def print_chapter(self, path: str, *, part: str, first: int) -> Printed:
        """Print a chapter that begins on sheet number `first`.

        Raises:
            CourseError: the book lacks the page, or it cannot be printed.
        """
        with self._open(path) as page:
            return self._print(page, path, first=first, part=part)

    def print_answers(self, chapters: Sequence[Printed]) -> Printed:
        """Print the answers of all chapters, after the last one."""
        sections = "".join(self._answers_of(chapter) for chapter in chapters if chapter.answers)
        with self._open(chapters[0].path) as page:  # for its style
            page.evaluate(
                "html => (document.querySelector('.bd-article').innerHTML = html)",
                f"<h1>Answers</h1>{sections}",
            )
            return self._print(page, ANSWERS, first=chapters[-1].end)

    def print_front(self) -> Printed:
        """Print the book's first page, with a table of contents of everything printed so far."""
        answers = f"{self.base}{ANSWERS}"
        settings = {"note": NOTE, "answers": answers if answers in self.numbers else None}
        with self._open(self.book.root) as page:
            call(page, FRONT, settings)
            return self._print(page, self.book.root, first=1, roman=True)

    @contextmanager
    def _open(self, path: str) -> Iterator[Page]:
        """Open a page of the book and wait until its widgets are drawn and its maths is typeset."""
        page = self.browser.new_page(
            viewport={"width": WIDTH, "height": 900}, color_scheme="light", reduced_motion="reduce"
        )
        try:
            page.emulate_media(media="print")
            response = page.goto(self.base + path, wait_until="load")
            if response is None or response.status != 200:
                raise CourseError(f"The built book lacks {path}: run 'make book' first.")
            page.wait_for_function(DRAWN)
            page.evaluate(SETTLED)
            yield page
        except Error as error:
            raise CourseError(f"{path} cannot be printed: {error.message}") from error
        finally:
            page.close()

    def _print(
        self, page: Page, path: str, *, first: int, part: str = "", roman: bool = False
    ) -> Printed:
        print(f"Printing {path}", file=sys.stderr)
        settings = {
            "running": self.book.title, "before": first - 1, "roman": roman, "part": part,
            "answers": None if path == ANSWERS else f"{self.base}{ANSWERS}",
            "numbers": self.numbers, "name": _name(path),
        }  # fmt: skip
        found = call(page, PREPARE, settings)
        content = page.pdf(prefer_css_page_size=True, print_background=True)
        printed = Printed(
            path,
            found["title"],
            [tuple(section) for section in found["sections"]],
            [Answer(**answer) for answer in found["answers"]],
            first,
            PdfReader(io.BytesIO(content)),
        )
        address = f"{self.base}{path}"
        self.numbers[address] = first
        for anchor, (sheet, *_) in printed.places.items():
            self.numbers[f"{address}#{anchor}"] = first + sheet
        return printed

    def _answers_of(self, chapter: Printed) -> str:
        """The answers of a chapter, each under a heading that links to its place."""
        address = f"{self.base}{chapter.path}"
        entries = (
            f'<div class="course-entry" id="{answer.anchor}">'
            f'<h3><a href="{address}#{answer.anchor}">{escape(answer.heading)}</a></h3>'
            f"{answer.html}</div>"
            for answer in chapter.answers
        )
        heading = f"<h2>{escape(chapter.title)}</h2>"
        return f'<section id="{_name(chapter.path)}">{heading}{"".join(entries)}</section>'


def _name(path: str) -> str:
    """The anchor of a page's section among the answers."""
    return path.removesuffix(".html").replace("/", "-")
