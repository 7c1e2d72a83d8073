"""Progress bars on stderr."""

import os
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def progress_bar(iterable: Iterable[T] | None = None, *, shown: bool = True, **options) -> tqdm:
    """A progress bar on stderr that disappears when it is done.

    COURSE_PROGRESS=off hides all bars: a page that is built in advance needs none.

    Args:
        iterable: what to iterate over; None for a bar that is advanced manually.
        shown: False hides the bar.
        options: tqdm's, such as `desc`, `unit` and `total`.
    """
    hidden = not shown or os.environ.get("COURSE_PROGRESS") == "off"
    return tqdm(iterable, disable=hidden, leave=False, **options)
