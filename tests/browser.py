"""A Chromium without network, and what a visit to a page of the book finds."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError

from tests.programs import find_program
from tools.printing.browser import DRAWN, NAMES, SETTLED, start_chromium
from tools.printing.browser import WIDGETS as WIDGETS
from tools.printing.browser import serve as serve


class Look(NamedTuple):
    """How a reader sees the book."""

    theme: str
    width: int

    def __str__(self) -> str:
        return f"{self.theme}-{self.width}"


PHONE, DESKTOP = 375, 1440
LOOKS = tuple(Look(theme, width) for theme in ("light", "dark") for width in (DESKTOP, PHONE))


@dataclass
class Visit:
    """An open page of the book, and what it did so far.

    Attributes:
        page: the page, once its widgets are drawn and its maths is typeset.
        problems: console errors and warnings, uncaught errors, failed and outside requests,
            widgets that were not drawn.
        requests: every URL it asked for.
    """

    page: Page
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def find_chromium() -> str:
    """The path of a Chromium: $CHROMIUM, one on PATH, or Debian's, installed if this is root.

    Raises:
        RuntimeError: there is none and none can be installed; it says how to get one.
    """
    if not (named := os.environ.get("CHROMIUM")):
        return find_program(NAMES, package="chromium", needed_by="the browser tests")
    if (path := shutil.which(named)) is None:
        raise RuntimeError(f"CHROMIUM names {named!r}, which is no program")
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium that reaches this machine only."""
    with start_chromium(find_chromium()) as browser:
        yield browser


def open_context(browser: Browser, look: Look) -> BrowserContext:
    """A browser context that shows the book in a look."""
    context = browser.new_context(
        viewport={"width": look.width, "height": 900},
        color_scheme=look.theme,
        reduced_motion="reduce",  # else axe measures contrast in the middle of a fade
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(15_000)
    return context


def visit(context: BrowserContext, base: str, path: str) -> Visit:
    """Open a page of the book and wait until it is complete."""
    found = Visit(context.new_page())
    _listen(found, base)
    found.page.goto(base + path, wait_until="load")
    try:
        found.page.wait_for_function(DRAWN)
    except TimeoutError:
        found.problems.append("a widget was not drawn")
    found.page.evaluate(SETTLED)
    return found


def _listen(found: Visit, base: str) -> None:
    def on_request(request):
        found.requests.append(request.url)
        if not request.url.startswith((base, "data:", "blob:")):
            found.problems.append(f"left the book for {request.url}")

    def on_console(message):
        if message.type in ("error", "warning"):
            found.problems.append(f"console {message.type}: {message.text}")

    def on_response(response):
        if response.status >= 400:
            found.problems.append(f"{response.status} for {response.url}")

    def on_failure(request):
        found.problems.append(f"no answer for {request.url}: {request.failure}")

    found.page.on("request", on_request)
    found.page.on("requestfailed", on_failure)
    found.page.on("console", on_console)
    found.page.on("response", on_response)
    found.page.on("pageerror", lambda error: found.problems.append(f"uncaught: {error}"))
