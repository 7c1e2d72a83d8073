"""The book as these tests see it: built at the quick budget, served below a sub-path, no network.

BOOK_HTML=folder tests a book that is already built.
"""

import functools
import os
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import LOOKS, OFFLINE, Look, Visit, find_chromium, open_context, visit
from playwright.sync_api import sync_playwright

from tools.vendor import vendor

ROOT = Path(__file__).parents[2]
REVIEWS = Path(__file__).with_name("reviews.js").read_text()


@pytest.fixture(scope="session")
def html() -> Path:
    """The folder of the built book."""
    if folder := os.environ.get("BOOK_HTML"):
        return Path(folder).resolve()
    folder = ROOT / "_build" / "tested" / "html"
    command = [sys.executable, "-m", "tools.build", "--budget", "quick", "--out", str(folder)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if process.returncode:
        pytest.fail(f"the book does not build:\n{process.stdout[-3000:]}{process.stderr[-5000:]}")
    return folder


@pytest.fixture(scope="session")
def pages(html) -> list[str]:
    """Every page of the book, as a path relative to its folder."""
    found = (path.relative_to(html) for path in html.rglob("*.html"))
    return sorted(path.as_posix() for path in found if path.parts[0] != "_static")


@pytest.fixture(scope="session")
def base(html, tmp_path_factory):
    """Where the book is served: below a sub-path, so that a link to the root finds nothing."""
    root = tmp_path_factory.mktemp("site")
    (root / "course").symlink_to(html)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=str(root))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/course/"
        server.shutdown()


@pytest.fixture(scope="session")
def contexts():
    """One headless Chromium that reaches this machine only: its context for each look."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's refuses to run as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=[*OFFLINE, *sandbox]
        )
        yield {look: open_context(browser, look) for look in LOOKS}
        browser.close()


@pytest.fixture
def opened(contexts, base):
    """A function that opens a page on a light desktop, to be operated."""
    visits: list[Visit] = []

    def open_page(path: str):
        visits.append(visit(contexts[LOOKS[0]], base, path))
        return visits[-1].page

    yield open_page
    for found in visits:
        found.page.close()


@pytest.fixture(scope="session")
def review(contexts, base, pages):
    """A function that gives the faults of every page in a look: lines of text by kind of fault.

    The kinds are those of reviews.js, and "loading". A look is visited once per session.
    """
    folder = ROOT / "_build" / "vendor-test"
    vendor(folder, group="test")
    axe = (folder / "axe.min.js").read_text()

    @functools.cache
    def faults(look: Look) -> dict[str, list[str]]:
        lines: dict[str, list[str]] = {}
        for path in pages:
            found = visit(contexts[look], base, path)
            found.page.evaluate(axe)
            reviewed = {"loading": found.problems, **found.page.evaluate(REVIEWS)}
            for kind, problems in reviewed.items():
                lines.setdefault(kind, []).extend(f"{path}: {problem}" for problem in problems)
            found.page.close()
        return lines

    return faults
