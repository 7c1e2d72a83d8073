"""A strip that draws all runs of a claim: one mark a run, their interval, and the claim's bound.

The marks' places are numbers on one axis, as in a forest plot. All styles are inline, so that a
strip looks the same in the book, in JupyterLab and in Colab; the book's colors are optional.
"""

import html
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from lib.evidence.claims import Claim, minus
from lib.evidence.estimates import Estimate
from lib.evidence.ledger import PILOTS, Kept, Ledger, counting

PINNED, FREE, PILOT, GPU, ALL = "pinned", "free", "(pilots)", "(GPU)", "runs"
COUNTED = (PINNED, FREE, ALL)  # other lanes stand in brackets: shown apart, not counted
LANES = (PINNED, FREE, ALL, PILOT, GPU)  # from top to bottom; the interval is below those counted

WIDTH, GUTTER, MARGIN = 300, 48, 14  # in pixels; lanes' names are in the gutter
LANE, INTERVAL, AXIS = 12, 17, 14  # heights
INK, MUTED = "currentColor", "var(--course-muted,#777)"
GOOD, ACCENT = "var(--course-good,#009e73)", "var(--course-accent,#0072b2)"
PAPER = "var(--course-paper,transparent)"
# One shape per processor, drawn around the current point; the last one serves all further ones.
SHAPES = (
    "m-3,0a3,3 0 1,0 6,0a3,3 0 1,0-6,0z",
    "m-2.7-2.7h5.4v5.4h-5.4z",
    "m-3.4-2.6h6.8l-3.4,5.8z",
    "m-1-3.2h2v2.2h2.2v2h-2.2v2.2h-2v-2.2h-2.2v-2h2.2z",
)
SIGNS = ("●", "■", "▼", "✚")  # the same shapes in text


@dataclass(frozen=True)
class Mark:
    """One run on a strip.

    Attributes:
        mean: the mean of its values.
        lane: one of `LANES`.
        shape: the index of its processor's shape.
        filled: whether the shape is filled; it is for pinned runs.
        name: the run in words.
        seed: its base seed.
    """

    mean: float
    lane: str
    shape: int
    filled: bool
    name: str
    seed: int


def marks_of(claim: Claim, ledger: Ledger) -> tuple[Mark, ...]:
    """A mark for each run of the claim as it stands now, by base seed."""
    runs = ledger.runs_of(claim)
    counted = counting(runs)
    return tuple(_mark(kept, ledger.processors, kept in counted, claim) for kept in runs)


def _mark(kept: Kept, processors: Sequence[str], counts: bool, claim: Claim) -> Mark:
    run, values = kept[0].run, kept[1].values
    mean = math.fsum(values) / len(values)
    lane = PINNED if run.pins else FREE
    if not counts:
        lane = PILOT if run.device == "cpu" and run.seed in PILOTS else GPU
    shape = min(processors.index(run.processor), len(SHAPES) - 1)
    shown = claim.with_unit(minus(f"{mean:.3g}"))
    return Mark(mean, lane, shape, bool(run.pins), f"seed {run.seed}: {shown}", run.seed)


def one_per_seed(marks: Sequence[Mark]) -> list[Mark]:
    """A mark for each base seed that counts, whatever its settings; all marks if none counts."""
    counted = [mark for mark in marks if mark.lane in COUNTED]
    by_seed: dict[int, list[Mark]] = {}
    for mark in counted:
        by_seed.setdefault(mark.seed, []).append(mark)
    merged = [
        replace(
            same[0],
            mean=math.fsum(mark.mean for mark in same) / len(same),
            lane=ALL,
            shape=0,
            filled=True,
        )
        for same in by_seed.values()
    ]
    return merged or list(marks)


def describe(
    claim: Claim, evidence: Estimate | None, here: Estimate | None, marks: Sequence[Mark]
) -> str:
    """The strip in words: runs, mean, interval, bound, and what this run found."""
    apart = [mark for mark in marks if mark.lane not in COUNTED]
    parts = [f"Strip of {claim.id}: {_count(len(marks) - len(apart), 'run')}"]
    if evidence is not None:
        if len(marks) - len(apart) != evidence.runs:  # some seeds ran with two settings
            parts[0] += f" of {_count(evidence.runs, 'base seed')}"
        parts.append(f"mean {claim.with_unit(evidence.rounded(evidence.mean))}")
    if evidence is not None and evidence.has_interval:
        low, high = evidence.rounded(evidence.low), evidence.rounded(evidence.high)
        parts.append(f"95% interval {low} to {high}")
    parts.append(f"bound {claim.bound}")
    if here is not None:
        parts.append(f"this run {claim.with_unit(here.rounded(here.mean))}")
    if apart:
        parts.append(f"{_count(len(apart), 'run')} shown apart, not counted")
    return "; ".join(parts) + "."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class _Axis:
    """A scale from values to pixels."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> "_Axis":
        low, high = min(values), max(values)
        pad = (high - low) / 16 or abs(high) / 10 or 1.0
        return cls(low - pad, high + pad)

    def place(self, value: float) -> float:
        """The x of a value; one outside is at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return GUTTER + share * (WIDTH - GUTTER - MARGIN)

    def ticks(self) -> list[float]:
        """Two to six multiples of 1, 2 or 5 times a power of ten."""
        rough = (self.high - self.low) / 6
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        return [k * step for k in range(math.ceil(self.low / step), int(self.high // step) + 1)]


def draw_strip(
    claim: Claim,
    evidence: Estimate | None,
    here: Estimate | None,
    marks: Sequence[Mark],
    *,
    small: bool = False,
) -> str:
    """The strip as one line of SVG; empty if there is nothing to draw.

    Args:
        evidence: the estimate from the runs that count.
        here: what the present run found.
        marks: the runs.
        small: draws one mark for each base seed that counts, all in one lane, without names.
    """
    marks = one_per_seed(marks) if small else marks
    found = here is not None and math.isfinite(here.mean)
    values = [mark.mean for mark in marks] + ([here.mean] if here and found else [])
    if evidence is not None:
        values += [evidence.mean] + ([evidence.low, evidence.high] * evidence.has_interval)
    if not values:
        return ""
    limits = [limit for limit in claim.limits if math.isfinite(limit)]
    axis = _Axis.over([*values, *limits])
    lanes = _lanes(marks)
    tops = _tops(lanes)
    height = tops["axis"] + AXIS
    body = [_bound(axis, claim, tops["axis"]), _ticks(axis, tops["axis"])]
    body += [_lane(axis, name, lane, tops[name], named=not small) for name, lane in lanes.items()]
    body.append(_interval(axis, evidence, here if found else None, tops["interval"]))
    label = html.escape(describe(claim, evidence, here, marks))
    return (
        f'<svg class="course-strip" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{label}" style="display:block;width:{WIDTH}px;max-width:100%;height:auto;'
        f'font:11px system-ui,sans-serif;overflow:visible">{"".join(body)}</svg>'
    )


def _lanes(marks: Sequence[Mark]) -> dict[str, list[Mark]]:
    """The marks by lane, without empty lanes."""
    lanes: dict[str, list[Mark]] = {name: [] for name in LANES}
    for mark in marks:
        lanes[mark.lane].append(mark)
    return {name: lane for name, lane in lanes.items() if lane}


def _tops(lanes: Collection[str]) -> dict[str, int]:
    """The upper edge of each lane, of the interval below those counted, and of the axis."""
    counted = [name for name in lanes if name in COUNTED]
    tops, top = {}, 2
    for name in (*counted, "interval", *(name for name in lanes if name not in COUNTED)):
        tops[name] = top
        top += INTERVAL if name == "interval" else LANE
    return tops | {"axis": top}


def _bound(axis: _Axis, claim: Claim, height: int) -> str:
    """A shaded region in which the bound is met, and a line at each of its ends."""
    low, high = (axis.place(limit) for limit in claim.limits)
    ends = [x for x, limit in zip((low, high), claim.limits, strict=True) if math.isfinite(limit)]
    lines = "".join(f"M{x:.1f},0V{height}" for x in ends)
    return (
        f'<rect x="{low:.1f}" y="0" width="{high - low:.1f}" height="{height}" '
        f'style="fill:{GOOD};opacity:.14"/><path d="{lines}" style="stroke:{GOOD};'
        'stroke-width:1.5;fill:none"/>'
    )


def _ticks(axis: _Axis, top: int) -> str:
    """The axis: a line, and numbers below it, none beyond the edge."""
    ticks = axis.ticks()
    every = 1 if len(ticks) < 5 else 2
    lines = f"M{GUTTER},{top}H{WIDTH - MARGIN}"
    lines += "".join(f"M{axis.place(tick):.1f},{top}v3" for tick in ticks)
    zero = ticks.index(0) if 0 in ticks else 0
    labels = "".join(
        f'<text x="{axis.place(tick):.1f}" y="{top + 12}">{minus(f"{tick:g}")}</text>'
        for index, tick in enumerate(ticks)
        if (index - zero) % every == 0
    )
    return (
        f'<path d="{lines}" style="stroke:{MUTED};fill:none"/>'
        f'<g style="fill:{MUTED};text-anchor:middle">{labels}</g>'
    )


def _lane(axis: _Axis, name: str, marks: Sequence[Mark], top: int, *, named: bool) -> str:
    """The runs of a lane, after its name: the pinned ones filled, the others hollow."""
    y = top + LANE / 2
    color = INK if name in COUNTED else MUTED
    drawn = [_name(name, y)]
    for filled in (True, False):
        runs = "".join(_run(axis, mark, y, named) for mark in marks if mark.filled == filled)
        style = f"stroke:{color};fill:{color if filled else PAPER};fill-opacity:.7"
        drawn.append(f'<g class="course-runs" style="{style}">{runs}</g>' if runs else "")
    return "".join(drawn)


def _run(axis: _Axis, mark: Mark, y: float, named: bool) -> str:
    drawn = f'<path d="M{axis.place(mark.mean):.1f},{y}{SHAPES[mark.shape]}"'
    return f"{drawn}><title>{html.escape(mark.name)}</title></path>" if named else f"{drawn}/>"


def _name(name: str, y: float) -> str:
    return f'<text x="0" y="{y + 4}" style="fill:{MUTED}">{name}</text>'


def _interval(axis: _Axis, evidence: Estimate | None, here: Estimate | None, top: int) -> str:
    """A bar for the interval, a diamond for the mean, and below them a triangle for this run."""
    y = top + 6
    drawn = ""
    if evidence is not None and evidence.has_interval:
        drawn += _name("95%", y)
        low, high = axis.place(evidence.low), axis.place(evidence.high)
        drawn += f'<path d="M{low:.1f},{y}H{high:.1f}" style="stroke:{INK};stroke-width:3"/>'
    if evidence is not None:
        x = axis.place(evidence.mean)
        drawn += f'<path d="M{x:.1f},{y}m-4.5,0l4.5-4.5l4.5,4.5l-4.5,4.5z" style="fill:{INK}"/>'
    if here is not None:
        x = axis.place(here.mean)
        drawn += (
            f'<path class="course-run-here" d="M{x:.1f},{y + 3.5}l4,7h-8z" '
            f'style="fill:{ACCENT};stroke:{PAPER}"/>'
        )
    return drawn
