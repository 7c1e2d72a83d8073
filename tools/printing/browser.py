"""A Chromium without network, a server for it, and what runs on its pages."""

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, Route, sync_playwright

from tools.chapters import ROOT, CourseError

MAC = "/Applications/{0}.app/Contents/MacOS/{0}"  # where macOS keeps programs, off PATH
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    MAC.format("Chromium"),
    MAC.format("Google Chrome"),
)
OFFLINE = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
MODULES = "course-modules/"  # next to a page: where it finds the course's JavaScript
WIDGETS = ".course-widget"
DRAWN = f"""() => {{
    window.drawWidgets?.();
    return [...document.querySelectorAll('{WIDGETS}')].every(
        place => place.querySelector('.course-card, .course-record'));
}}"""
# Resolves once maths is typeset, fonts are loaded and the last change is laid out.
SETTLED = """async () => {
    await window.MathJax?.startup?.promise;
    await document.fonts.ready;
    await new Promise(requestAnimationFrame);
}"""


def find_chromium() -> str:
    """The path of a Chromium: $CHROMIUM, or else one on PATH or in /Applications.

    Raises:
        CourseError: no Chromium was found; the message says how to get one.
    """
    named = os.environ.get("CHROMIUM")
    names = [named] if named else NAMES
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise CourseError(
            f"Printing needs Chromium, and there is no {' or '.join(names)} here. Install it "
            "('apt-get install chromium' on Debian and Ubuntu, 'brew install --cask chromium' on "
            "macOS), or name one: CHROMIUM=path"
        )
    return path


@contextmanager
def start_chromium(path: str) -> Iterator[Browser]:
    """Start the headless Chromium at `path`, without access to other machines."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses to run as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*OFFLINE, *sandbox])
        yield browser
        browser.close()


def call(page: Page, module: str, argument: object = None) -> Any:
    """Import a module of the course's JavaScript on a page and call what it exports by default.

    Args:
        page: an open page; it is served by HTTP, since pages opened from files import nothing.
        module: the module's path in the course, such as "tools/printing/front.js".
        argument: what the function is given, as JSON can hold it.

    Returns:
        What the function returns, or what its promise resolves to.
    """
    folder = urljoin(page.url, MODULES)

    def answer(route: Route) -> None:
        route.fulfill(path=ROOT / route.request.url.removeprefix(folder))

    page.route(f"{folder}**", answer)
    script = "async ([address, argument]) => (await import(address)).default(argument)"
    return page.evaluate(script, [f"{folder}{module}", argument])


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address of a plain file server for a folder."""
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Do not log requests."""
