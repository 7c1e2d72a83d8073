"""Of tests that execute chapters: which run in `make test`, and which at night."""

from collections.abc import Iterable

import pytest

from tools.chapters import Chapter


def nightly_but(chapters: Iterable[Chapter], *daily: str) -> list:
    """Parameters for `parametrize`: of these chapters, those named run in `make test`.

    Args:
        chapters: all that the test is about; `make nightly` runs them all.
        daily: names of those that run with every change.

    Raises:
        ValueError: a name is none of a chapter.
    """
    chapters = list(chapters)
    if unknown := set(daily) - {chapter.name for chapter in chapters}:
        raise ValueError(f"no chapters of this test: {', '.join(sorted(unknown))}")
    return [
        pytest.param(
            chapter,
            id=chapter.name,
            marks=[] if chapter.name in daily else [pytest.mark.nightly],
        )
        for chapter in chapters
    ]
