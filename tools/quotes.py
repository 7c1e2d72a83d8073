"""Fills measured numbers into prose: `{{relu-beats-sigmoid}}` becomes the mean of the evidence.

Forms: `{{id}}` the mean with its unit, `{{id size}}` without its sign, `{{id number}}` without its
unit, `{{id interval}}` the 95% interval.
"""

import math
import re
import sys
from collections.abc import Callable

import nbformat

from lib.evidence.claims import minus, with_unit
from lib.evidence.estimates import Estimate
from lib.evidence.ledger import Ledger
from tools.chapters import CourseError

QUOTE = re.compile(r"\{\{([a-z0-9]+(?:-[a-z0-9]+)+)(?: (\w+))?\}\}")
UNKNOWN = "(not measured yet)"


def rounded(estimate: Estimate, value: float) -> str:
    """The value as text, rounded to the first digit that the interval leaves uncertain."""
    half = (estimate.high - estimate.low) / 2
    if not half > 0:
        return minus(f"{value:.2g}")
    return minus(f"{value:.{max(0, -math.floor(math.log10(half)))}f}")


FORMS: dict[str, Callable[[Estimate, str], str]] = {
    "mean": lambda e, unit: with_unit(rounded(e, e.mean), unit),
    "size": lambda e, unit: with_unit(rounded(e, abs(e.mean)), unit),
    "number": lambda e, unit: rounded(e, e.mean),
    "interval": lambda e, unit: f"{rounded(e, e.low)} to {rounded(e, e.high)}",
}


def fill_quotes(notebook: nbformat.NotebookNode, ledger: Ledger) -> None:
    """Fill the ledger's numbers into a notebook's prose, in place.

    Claims without evidence are named on stderr, and the prose says that they are not measured yet.

    Raises:
        CourseError: a quote asks for an unknown form.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and "{{" in cell.source:
            cell.source = QUOTE.sub(lambda match: _number(match, ledger), cell.source)


def _number(match: re.Match, ledger: Ledger) -> str:
    id, form = match[1], match[2] or "mean"
    if form not in FORMS:
        raise CourseError(f"{match[0]}: a quote has a form of {', '.join(FORMS)}; got {form!r}")
    if (known := ledger.latest(id)) is None:
        print(f"{match[0]}: the ledger has no run that measured {id}", file=sys.stderr)
        return UNKNOWN
    return FORMS[form](*known)
