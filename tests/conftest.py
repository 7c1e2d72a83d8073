from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser

from tests.browser import chromium

TOGETHER = ("tests/book", "tests/hosts")  # folders whose tests share something that takes long


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep in one worker (`-n`) what shares fixtures: a file's tests, and some folders'."""
    root = Path(__file__).parents[1]
    for item in items:
        file = item.path.relative_to(root).as_posix()
        group = next((folder for folder in TOGETHER if file.startswith(f"{folder}/")), file)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    """Each test draws the same numbers, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests: Playwright runs only once in a process."""
    with chromium() as browser:
        yield browser
