"""A claim: a rule of thumb turned into a number, with an interval and a verdict.

The interval is Student's at 95%, over independent seeds. `claim` prints one line that is the same
on every machine; the numbers are in what it returns and in the record the book's page is made of.
"""

import html
import json
import math
import operator
import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from lib.files import write_atomically
from lib.intervals import t_interval

BUDGETS = ("quick", "standard", "full")
HOLDS, FAILS, OPEN, NOT_ASSESSED = "holds", "does not hold here", "inconclusive", "not assessed"
ICONS = {HOLDS: "✓", FAILS: "✗", OPEN: "?", NOT_ASSESSED: "–"}
COLORS = {
    HOLDS: "var(--course-good, #009e73)",
    FAILS: "var(--course-bad, #d55e00)",
    OPEN: "var(--course-accent, #0072b2)",
    NOT_ASSESSED: "var(--course-muted, #888888)",
}


class ClaimError(AssertionError):
    """A claim came out otherwise than the text relies on."""


class Device(Protocol):
    """The part of a `torch.device` a claim looks at."""

    type: str


class Run(Protocol):
    """What a claim records of its run, such as a `lib.runtime.Run`."""

    budget: str
    seed: int
    device: Device
    threads: int
    as_written: bool


@dataclass(frozen=True)
class Claim:
    """One claim, what was measured for it, and what follows.

    Attributes:
        id: kebab-case name, unique in the book.
        statement: the rule of thumb, one sentence of plain text.
        rows: IDs of the syllabus rows it belongs to.
        values: one measured number per seed, in `unit`.
        above, below, between: the bound the mean has to meet; the other two are None.
        mean, low, high: mean and ends of its 95% interval; None where it was not assessed.
        verdict: "holds", "does not hold here", "inconclusive" or "not assessed".
        expect: the verdict the text relies on.
        needs: the smallest budget whose values count as evidence.
        budget, seed, device, threads, versions: the run that measured it.
    """

    id: str
    statement: str
    rows: tuple[str, ...]
    values: tuple[float, ...]
    unit: str
    above: float | None
    below: float | None
    between: tuple[float, float] | None
    mean: float | None
    low: float | None
    high: float | None
    verdict: str
    expect: str
    needs: str
    budget: str
    seed: int
    device: str
    threads: int
    versions: dict[str, str]

    @property
    def n(self) -> int:
        """The number of seeds."""
        return len(self.values)

    @property
    def bound(self) -> str:
        """The bound in words, such as "above 0 points"."""
        if self.between is not None:
            low, high = self.between
            return _minus(f"between {low:g} and {self._with_unit(f'{high:g}')}")
        word, value = ("above", self.above) if self.above is not None else ("below", self.below)
        return _minus(f"{word} {self._with_unit(f'{value:g}')}")

    @property
    def measured(self) -> str:
        """Mean, interval and number of seeds in words; says so where nothing was assessed."""
        if self.mean is None:
            return f"nothing at budget {self.budget}, since the evidence takes {self.needs}"
        mean, low, high = (self._rounded(value) for value in (self.mean, self.low, self.high))
        return f"{self._with_unit(mean)} (95% interval {low} to {high}, {self.n} seeds)"

    @property
    def provenance(self) -> str:
        """Budget, base seed, device, threads and versions in words."""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"budget {self.budget}, base seed {self.seed}, {self.device}, {threads}, {versions}"

    def __str__(self) -> str:
        return (
            f"{self.statement} [{self.id}]\n"
            f"  measured: {self.measured}\n"
            f"  asked for: {self.bound}\n"
            f"  verdict: {self.verdict}\n"
            f"  run: {self.provenance}"
        )

    def _repr_html_(self) -> str:
        """A card for the book, JupyterLab and Colab; the book's colors are optional."""
        color = COLORS[self.verdict]
        verdict = self.verdict.capitalize()
        return (
            f'<div class="course-claim" role="group" aria-label="Claim: {verdict}" style="'
            "color:var(--course-ink,inherit);"
            "background:var(--course-panel,var(--course-paper,transparent));"
            f"border:1px solid var(--course-line,#88888888);border-left:4px solid {color};"
            "border-radius:.5rem;padding:.6rem .9rem;margin:.75rem 0;max-width:44rem;"
            'font-family:system-ui,sans-serif;line-height:1.5">'
            f'<div class="course-claim-verdict" style="font-size:.9em;font-weight:600">'
            f'<span aria-hidden="true" style="color:{color}">{ICONS[self.verdict]}</span> '
            f"Claim: {self.verdict}</div>"
            f'<div class="course-claim-statement">{html.escape(self.statement)}</div>'
            '<div class="course-claim-numbers" style="font-size:.9em;'
            'color:var(--course-muted,inherit);font-variant-numeric:tabular-nums">'
            f"Measured: {html.escape(self.measured)}. Asked for: {html.escape(self.bound)}.</div>"
            "</div>"
        )

    def _with_unit(self, number: str) -> str:
        return f"{number}{'' if self.unit in ('', '%', '×') else ' '}{self.unit}"

    def _rounded(self, value: float) -> str:
        """The value with as many decimals as show two digits of the interval's half-width."""
        half = (self.high - self.low) / 2
        if half < 1e-6:
            return _minus(f"{value:.4g}")
        return _minus(f"{value:.{max(0, 1 - math.floor(math.log10(half)))}f}")


def claim(
    id: str,
    statement: str,
    values: Iterable[float],
    *,
    run: Run,
    above: float | None = None,
    below: float | None = None,
    between: tuple[float, float] | None = None,
    unit: str = "",
    rows: Sequence[str] = (),
    needs: str = "standard",
    expect: str = HOLDS,
) -> Claim:
    """The claim with its verdict, printed as one coarse line and recorded.

    It holds if the whole interval meets the bound, does not hold here if the whole interval
    misses it, and is inconclusive otherwise. A run below the budget it needs assesses nothing.
    The record goes to the folder COURSE_CLAIMS_DIR, where that variable is set; a claim that is
    measured again replaces its record.

    Args:
        id: kebab-case name, such as "relu-beats-sigmoid".
        statement: one sentence of plain text.
        values: one measured number per seed, at least three, all finite.
        run: the chapter's run.
        above, below, between: the bound, exactly one; `between` is (lowest, highest).
        unit: of the values and the bound, such as "points".
        rows: IDs of syllabus rows.
        needs: the smallest budget whose values count as evidence.
        expect: the verdict the text relies on, where the run is on the data it was written about.

    Raises:
        ValueError: an argument that is none of the above.
        ClaimError: assessed on the text's own data, and the verdict is another than `expect`.
    """
    _check_words(id, rows, needs, expect)
    values = tuple(float(value) for value in values)
    bound = _bound(above, below, between)
    assessed = BUDGETS.index(run.budget) >= BUDGETS.index(needs)
    mean, low, high = t_interval(values) if assessed else (None, None, None)
    verdict = _verdict(low, high, bound, closed=bool(between)) if assessed else NOT_ASSESSED
    what = (id, statement, tuple(rows), values, unit, above, below, between)
    result = Claim(*what, mean, low, high, verdict, expect, needs, **_circumstances(run))
    _record(result)
    print(f"claim {id}: {verdict}" + ("" if assessed else f" at {run.budget} (needs {needs})"))
    if assessed and verdict != expect and run.as_written:
        raise ClaimError(f"the text relies on {expect!r}, but the verdict is {verdict!r}: {result}")
    return result


def load_claims(folder: Path) -> list[Claim]:
    """The claims recorded in a folder, by ID; none where there is no such folder.

    Raises:
        ValueError: a file there is no record of a claim.
    """
    return [_load(path) for path in sorted(folder.glob("*.json"))]


def _minus(number: str) -> str:
    """The number with a minus sign in place of the hyphen."""
    return number.replace("-", "−")


def _bound(
    above: float | None, below: float | None, between: tuple[float, float] | None
) -> tuple[float, float]:
    """The two ends of the one bound that was given; an open end is infinite."""
    given = {"above": above, "below": below, "between": between}
    given = {name: bound for name, bound in given.items() if bound is not None}
    if len(given) != 1:
        raise ValueError(f"give exactly one of above, below and between; got {given}")
    if not all(map(math.isfinite, between or given.values())):
        raise ValueError(f"a bound must be finite; got {given}")
    if between and not between[0] < between[1]:
        raise ValueError(f"between must be (lowest, highest); got {between}")
    if between:
        return between
    return (above, math.inf) if above is not None else (-math.inf, below)


def _verdict(low: float, high: float, bound: tuple[float, float], *, closed: bool) -> str:
    """Where the interval lies; the ends of a closed bound belong to it."""
    meets = operator.le if closed else operator.lt
    lowest, highest = bound
    if meets(lowest, low) and meets(high, highest):
        return HOLDS
    return OPEN if meets(lowest, high) and meets(low, highest) else FAILS


def _check_words(id: str, rows: Sequence[str], needs: str, expect: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id):
        raise ValueError(f"id must be kebab-case, such as 'relu-beats-sigmoid'; got {id!r}")
    if isinstance(rows, str):
        raise ValueError(f"rows must be several IDs, such as ('M06',); got {rows!r}")
    if needs not in BUDGETS:
        raise ValueError(f"needs must be one of {', '.join(BUDGETS)}; got {needs!r}")
    if expect not in (HOLDS, FAILS, OPEN):
        raise ValueError(f"expect must be {HOLDS!r}, {FAILS!r} or {OPEN!r}; got {expect!r}")


def _circumstances(run: Run) -> dict[str, object]:
    return {
        "budget": run.budget,
        "seed": run.seed,
        "device": _name(run.device),
        "threads": run.threads,
        "versions": {"Python": platform.python_version(), "torch": version("torch")},
    }


def _name(device: Device) -> str:
    if device.type != "cuda":
        return device.type.upper()
    import torch  # here, since reading records should not take the seconds it needs

    return torch.cuda.get_device_name(device)


def _record(result: Claim) -> None:
    folder = os.environ.get("COURSE_CLAIMS_DIR")
    if not folder:
        return
    record = json.dumps(asdict(result), indent=1, ensure_ascii=False)
    write_atomically(Path(folder) / f"{result.id}.json", record)


def _load(path: Path) -> Claim:
    try:
        fields = json.loads(path.read_text("utf-8"))
        for name in ("rows", "values", "between"):
            fields[name] = tuple(fields[name]) if fields[name] is not None else None
        return Claim(**fields)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is no record of a claim: {error!r}") from error
