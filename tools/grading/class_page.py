"""The page that an instructor reads about a class: `class.html`, one file without a network."""

import base64
import html
import io
import math
import statistics
from collections.abc import Sequence
from itertools import groupby

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lib.plotting.style import BLUE, INK, PAPER, figure, use_style
from tools.figures import themed
from tools.grading.rows import Row
from tools.grading.similarity import Pair
from tools.grading.statistics import Item, Mistake
from tools.grading.tables import printable

STYLE = """
:root { color-scheme: light dark; --rule: #8884; --soft: #8882; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
img { max-width: 100%; width: 34rem; height: auto; }
@media (prefers-color-scheme: dark) { body { background: #15181e; color: #e6e9ef; } }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--rule); }
td.number, th.number { text-align: right; }
td:last-child { min-width: 9rem; }
details { margin: .5rem 0; padding: .4rem .7rem; background: var(--soft); border-radius: .4rem; }
summary { cursor: pointer; }
pre { overflow-x: auto; margin: .4rem 0; }
"""
ABOUT_ITEMS = (
    "<p><b>Difficulty</b> is the mean share of an exercise's points that was earned: 1 is easy. "
    "<b>Discrimination</b> is the correlation of that share with the share of all other points: "
    "whether students who do well elsewhere do well here. Below 0.2, an exercise tells little; "
    "below 0, look for a mistake in it. With few students, both vary a lot.</p>"
)
ABOUT_PAIRS = (
    "<p>Pairs of students who share lines that hardly anybody else has. This accuses nobody: they "
    "may have worked together, or found the same page. A line weighs log₂ of how rare it is.</p>"
)


def render_class_page(
    title: str,
    percents: Sequence[float],
    items: Sequence[Item],
    mistakes: Sequence[Mistake],
    pairs: Sequence[Pair],
    remarks: Sequence[tuple[str, Row]],
) -> str:
    """The page.

    Args:
        title: of the assignment.
        percents: each student's total, from 0 to 100.
        items: statistics of the exercises.
        mistakes: wrong answers that behave alike.
        pairs: students who share unusual lines.
        remarks: (student, row) of answers to look at.
    """
    parts = [
        f"<h1>{_text(title)}</h1>", f"<p>{_summary(percents)}</p>",
        _image(draw_totals(percents), f"Histogram of the totals of {len(percents)} students."),
        "<h2>Exercises</h2>", ABOUT_ITEMS, _items(items),
        _image(draw_items(items), "Difficulty and discrimination: the numbers of the table."),
        "<h2>Frequent mistakes</h2>", _mistakes(mistakes),
        "<h2>Answers to look at</h2>", _remarks(remarks),
        "<h2>Unusual lines that are shared</h2>", ABOUT_PAIRS, _pairs(pairs),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}: the class</title><style>{STYLE}</style>\n" + "\n".join(parts)
    )


def _summary(percents: Sequence[float]) -> str:
    said = f"{len(percents)} students"
    if len(percents) < 2:
        return f"{said}."
    low, middle, high = statistics.quantiles(percents, n=4, method="inclusive")
    return f"{said}: half of them from {low:.0f}% to {high:.0f}%, median {middle:.0f}%."


def draw_totals(percents: Sequence[float]) -> Figure:
    """A histogram of the totals in percent."""
    with rc_context():
        use_style()
        made, ax = figure(height=2.4)
        ax.hist(percents, bins=[*range(0, 101, 10)], color=BLUE, edgecolor=PAPER)
        ax.set(xlabel="total in percent", ylabel="students", xlim=(0, 100), title="Totals")
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(visible=False, axis="x")
        return made


def draw_items(items: Sequence[Item]) -> Figure:
    """A row for each exercise: how hard it was, and how well it tells."""
    with rc_context():
        use_style()
        made, (left, right) = figure(1, 2, height=1.3 + 0.34 * len(items), sharey=True)
        places = range(len(items))
        left.barh(places, [item.difficulty for item in items], color=BLUE, height=0.6)
        left.set(yticks=places, xlim=(0, 1), title="Difficulty", xlabel="1 is easy")
        left.set_yticklabels([item.exercise for item in items])
        left.invert_yaxis()
        right.axvline(0.2, color=INK, lw=1, ls=":")
        right.plot([item.discrimination for item in items], places, "o", color=BLUE)
        right.set(xlim=(-1, 1), title="Discrimination", xlabel="left of the line: tells little")
        for ax in (left, right):
            ax.grid(visible=False, axis="y")
        return made


def _items(items: Sequence[Item]) -> str:
    rows = ["<tr><th>exercise</th>" + "".join(f'<th class="number">{name}</th>' for name in (
        "students", "attempted", "full points", "difficulty", "discrimination")) + "<th>failed most"
        "</th></tr>"]  # fmt: skip
    for chapter, found in groupby(items, key=lambda item: item.chapter):
        rows.append(f'<tr><th colspan="7">{_text(chapter)}</th></tr>')
        for item in found:
            tells = "–" if math.isnan(item.discrimination) else f"{item.discrimination:.2f}"
            numbers = (item.students, item.attempted, item.full, f"{item.difficulty:.2f}", tells)
            worst = ", ".join(f"{case} ({count})" for case, count in item.failing[:2] if count)
            cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
            rows.append(f"<tr><td>{_text(item.exercise)}</td>{cells}<td>{_text(worst)}</td></tr>")
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _mistakes(mistakes: Sequence[Mistake]) -> str:
    if not mistakes:
        return "<p>No two wrong answers behave alike.</p>"
    parts = ["<p>Answers that fail the same cases in the same way, the most frequent first.</p>"]
    for found in mistakes:
        who = ", ".join(map(_text, found.students))
        cases = "".join(f"<li>{_text(case)}: {_text(text)}</li>" for case, text in found.problems)
        (first, _), *more = found.problems
        also = f" and {len(more)} more" if more else ""
        title = f"{found.exercise}: {len(found.students)} students fail “{first}”{also}"
        parts.append(f"<details><summary>{_text(title)}</summary><ul>{cases}</ul>{who}</details>")
    return "\n".join(parts)


def _remarks(remarks: Sequence[tuple[str, Row]]) -> str:
    if not remarks:
        return "<p>No answer uses what its exercise asks to do without.</p>"
    lines = [f"<li>{_text(student)}, {_text(row.chapter)} {_text(row.exercise)}: "
             f"{_text(row.remarks)}</li>" for student, row in remarks]  # fmt: skip
    return f"<ul>{''.join(lines)}</ul>"


def _pairs(pairs: Sequence[Pair]) -> str:
    if not pairs:
        return "<p>There are none.</p>"
    parts = []
    for pair in pairs:
        lines = html.escape("\n".join(map(printable, pair.lines)))
        title = f"{' and '.join(pair.students)}: {len(pair.lines)} lines, weight {pair.weight:.0f}"
        parts.append(f"<details><summary>{_text(title)}</summary><pre>{lines}</pre></details>")
    return "\n".join(parts)


def _text(text: str) -> str:
    return html.escape(printable(text))


def _image(made: Figure, alt: str) -> str:
    """The figure in the colors of a light or a dark page."""
    buffer = io.StringIO()
    made.savefig(buffer, format="svg", metadata={"Date": None})
    light, dark = (
        "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode("ascii")
        for drawing in themed(buffer.getvalue()).values()
    )
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img alt="{html.escape(alt)}" src="{light}"></picture>'
    )
