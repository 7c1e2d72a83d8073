"""Renders the book's page of benchmarks from what `python -m benchmarks` recorded."""

import io
from collections import Counter
from collections.abc import Mapping

from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.record import MET, MISSED, REPORTED, Duration, Row, Section
from lib.plotting.style import BLUE, GRAY, INK, VERMILLION, figure, use_style
from tools.figures import place_figure

INTRO = """\
# Benchmarks

How fast is the code of this course next to the libraries that a reader might take instead? Each row
below is one piece of work that both compute. The two sides run in one process; first their results
are compared number by number, then they take turns, and the **ratio** is the median over the rounds
of their time over ours, with its smallest and largest value in brackets. Above 1, ours is faster.

**✓ met** and **✗ missed** say whether the median reaches the target, which was set beforehand.
Where it is missed, a sentence says what the limit is. All sides start with warm caches and an
allocator that keeps its memory. The last section has no peer; it says how long a build takes, and
how long it may. `make bench` measures anew and rewrites what this page is made of;
ratios on another machine will differ, verdicts at the margin, too.
"""
ICONS = {MET: "✓ met", MISSED: "✗ missed", REPORTED: "–"}
COLORS = {MET: BLUE, MISSED: VERMILLION, REPORTED: GRAY}
UNEXPLAINED = "not explained yet."
ALT = (
    "A chart with a row for each comparison and a logarithmic axis of ratios: a dot for the "
    "median, a line from the smallest to the largest round, and a mark for the target. Dots right "
    "of 1 are work at which this course's code is faster. The tables below hold the same numbers."
)


def render_benchmarks_page(sections: Mapping[str, Section]) -> dict[str, bytes]:
    """The page in MyST Markdown and its chart, keyed by path.

    Args:
        sections: the result of `benchmarks.record.load_record`.

    Raises:
        ValueError: nothing has been measured.
    """
    if not any(section.rows for section in sections.values()):
        raise ValueError("the record of benchmarks is empty; python -m benchmarks fills it")
    with rc_context():  # use the course's style for this chart only
        chart, files = place_figure(_drawing(draw_ratios(sections)), ALT)
    parts = [INTRO, _summary(sections), f"<figure>\n{chart}\n</figure>\n"]
    parts += [_section(section) for section in sections.values()]
    return {"benchmarks.md": "\n".join(parts).encode()} | files


def draw_ratios(sections: Mapping[str, Section]) -> Figure:
    """A chart of all ratios on one logarithmic axis, with their spread and targets."""
    use_style()
    rows = [row for section in sections.values() for row in section.rows]
    made, ax = figure(height=0.56 * len(rows) + 1.0)
    ax.set_xscale("log")
    ax.axvline(1, color=GRAY, lw=1)
    for y, row in enumerate(reversed(rows)):
        color = COLORS[row.verdict]
        ax.plot([row.low, row.high], [y, y], color=color, lw=2.2, solid_capstyle="butt")
        ax.plot(row.ratio, y, "o", color=color)
        if row.target is not None:
            ax.plot(row.target, y, "|", color=INK, ms=13, mew=2)
        label = f"{row.work} | {row.peer}"
        ax.text(0.01, y + 0.28, label, transform=ax.get_yaxis_transform(), fontsize=11, va="bottom")
    ax.set_yticks([])
    ax.set(ylim=(-0.6, len(rows) - 0.1), xlabel="times as fast as the peer (mark: target)")
    low, high = (f(x for row in rows for x in (row.low, row.high, 1)) for f in (min, max))
    ticks = [
        tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low / 2 < tick < high * 2
    ]
    ax.set_xticks(ticks, [f"{tick:g}×" for tick in ticks])
    ax.minorticks_off()
    ax.spines["left"].set_visible(False)
    return made


def _drawing(chart: Figure) -> str:
    buffer = io.StringIO()
    chart.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _summary(sections: Mapping[str, Section]) -> str:
    """A sentence such as "23 of 25 targets are met; 2 more have no target."."""
    counts = Counter(
        row.verdict for section in sections.values() for row in (*section.rows, *section.durations)
    )
    targets = counts[MET] + counts[MISSED]
    without = f"; {counts[REPORTED]} more have no target" if counts[REPORTED] else ""
    return f"{counts[MET]} of {targets} targets are met{without}.\n"


def _section(section: Section) -> str:
    """A heading, a description, a table, and what limits the rows that miss their target."""
    lines = [f"## {section.title}\n", f"{section.about}\n"]
    if section.rows:
        lines += ["| Work | Against | Ours takes | Target | Ratio | |", "|---|---|---|---|---|---|"]
        lines += [_line(row) for row in section.rows]
    if section.durations:
        lines += ["| Work | Takes | May take | |", "|---|---|---|---|"]
        lines += [_duration(duration) for duration in section.durations]
    named = {f"{row.work}, {row.peer}": row for row in section.rows}
    named |= {duration.work: duration for duration in section.durations}
    lines += [""] + [
        f"- **{name}**: {result.limit or UNEXPLAINED}"
        for name, result in named.items()
        if result.verdict == MISSED
    ]
    where = [section.machine]
    if threads := sorted({row.threads for row in section.rows}):
        where.append(f"{' and '.join(map(str, threads))} thread(s)")
    versions = ", ".join(f"{name} {number}" for name, number in section.versions.items())
    lines += [f"\nMeasured on {', '.join(where)}, with {versions}.\n"]
    return "\n".join(lines)


def _duration(duration: Duration) -> str:
    times = " | ".join(_seconds(seconds) for seconds in (duration.seconds, duration.target))
    return f"| {duration.work} | {times} | {ICONS[duration.verdict]} |"


def _seconds(seconds: float) -> str:
    """A duration in minutes if it is at least two, otherwise in seconds."""
    return f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.3g} s"


def _line(row: Row) -> str:
    target = "" if row.target is None else f"{row.target:g}×"
    ratio = f"{row.ratio:.2f}× ({row.low:.2f} to {row.high:.2f})"
    return f"| {row.work} | {row.peer} | {_time(row)} | {target} | {ratio} | {ICONS[row.verdict]} |"


def _time(row: Row) -> str:
    """A duration in a suitable unit, with images per second if they were counted."""
    known = f"{row.seconds:.1f} s" if row.seconds >= 1 else f"{1000 * row.seconds:.3g} ms"
    return known if row.images is None else f"{known}, {row.images / row.seconds:,.0f} per second"
