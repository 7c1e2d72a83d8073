"""The command line: `python -m tools.printing`, or `make print`."""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser

from lib.files import write_atomically
from tools.build import BUILD, reporting
from tools.chapters import ROOT, CourseError
from tools.lock import exclusive
from tools.printing.binding import bind
from tools.printing.browser import find_chromium, serve, start_chromium
from tools.printing.press import Book, Press, read_book

OUT = BUILD / "print" / "making-neural-networks-work.pdf"


def main() -> int:
    """Print the book; return 0, or 1 or 130 with the reason on stderr if that failed."""
    options = parse_arguments()
    with reporting("The book was not printed.") as status, exclusive(BUILD):
        with start_chromium(find_chromium()) as browser:
            content = print_book(browser, options.html, read_book(ROOT))
        write_atomically(options.out, content)
        print(f"The book is printed: {options.out} ({len(content) / 1e6:.1f} MB)")
    return status.code


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.printing", description=__doc__)
    parser.add_argument("--html", type=Path, default=BUILD / "html", help="the built book")
    parser.add_argument("--out", type=Path, default=OUT, help="where the PDF goes")
    return parser.parse_args()


def print_book(browser: Browser, html: Path, book: Book) -> bytes:
    """The built book in the folder `html`, as a PDF.

    Raises:
        CourseError: there is no book, it lacks a page, or a page did not finish loading.
    """
    if not (html / book.root).is_file():
        raise CourseError(f"There is no book in {html}: run 'make book' first.")
    with serve(html) as address:
        press = Press(browser, f"{address}/", book)
        parts, first = [], 1
        for part in book.parts:
            pages = []
            for path in part.paths:
                pages.append(press.print_chapter(path, part=part.name, first=first))
                first = pages[-1].end
            parts.append((part.name, pages))
        chapters = [page for _, pages in parts for page in pages]
        if any(page.answers for page in chapters):
            answers = press.print_answers(chapters)
            parts.append((answers.title, [answers]))
            chapters.append(answers)
        return bind(book, press.print_front(), parts, base=press.base)


if __name__ == "__main__":
    sys.exit(main())
