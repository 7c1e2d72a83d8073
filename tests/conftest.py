from collections.abc import Iterator

import pytest
import torch
from playwright.sync_api import Browser

from tests.browser import chromium

LONG = (
    "tests/hosts/",
    "tests/book/",
    "tests/test_types.py",
    "tests/tools/test_grading.py",
    "tests/tools/test_assignment.py",
    "tests/chapters/test_twice.py",
    "tests/lib/widgets/",
)


@pytest.hookimpl(tryfirst=True)  # before marks select
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for the browser, so that `make check` can leave them out.

    Files that take minutes come first: a worker that got one last would keep the others waiting.
    """
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Each test draws the same numbers, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests: Playwright runs only once in a process."""
    with chromium() as browser:
        yield browser
