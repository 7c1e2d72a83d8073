"""Progress bars on stderr."""

import os
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress_bar(iterable: Iterable[T] | None = None, *, shown: bool = True, **options) -> tqdm:
    """A progress bar on stderr that vanishes when it is done.

    COURSE_PROGRESS=off hides all bars: a page that is built ahead of time has no use for them.

    Args:
        iterable: what to go through; None for a bar that is advanced by hand.
        shown: False for a silent one.
        options: tqdm's, such as `desc`, `unit` and `total`.
    """
    hidden = not shown or os.environ.get("COURSE_PROGRESS") == "off"
    return tqdm(iterable, disable=hidden, leave=False, **options)
