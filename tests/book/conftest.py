"""The book as these tests see it: built at the quick budget, served below a sub-path, no network.

BOOK_HTML=folder tests a book that is already built, as `make test` does: it builds one on all cores
before the tests start.
"""

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import LOOKS, Look, Visit, open_context, serve, visit
from tools.printing.browser import call
from tools.vendor import vendor

ROOT = Path(__file__).parents[2]
REVIEWS = "tests/book/reviews.js"


@pytest.fixture(scope="session")
def html() -> Path:
    """The folder of the built book."""
    if folder := os.environ.get("BOOK_HTML"):
        return Path(folder).resolve()
    folder = ROOT / "_build" / "tested" / "html"
    command = [sys.executable, "-m", "tools.build", "--budget", "quick", "--out", str(folder)]
    command.append("--without-preview")
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

    with serve(root) as address:
        yield f"{address}/course/"


@pytest.fixture(scope="session")
def contexts(browser):
    """A browser context for each look; a page knows nothing of what an earlier one was told."""
    found = {look: open_context(browser, look) for look in LOOKS}
    for context in found.values():
        context.add_init_script("try { localStorage.removeItem('course-record') } catch {}")
    return found


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
            reviewed = {"loading": found.problems, **call(found.page, REVIEWS)}
            for kind, problems in reviewed.items():
                lines.setdefault(kind, []).extend(f"{path}: {problem}" for problem in problems)
            found.page.close()
        return lines

    return faults
