"""The rows of grades.csv, and the report that a student reads."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.files import write_atomically
from tools.grading.tables import printable, table_text

COLUMNS = ("submission", "chapter", "exercise", "points", "of", "reason", "remarks")
LONGEST = 180  # maximum bytes of a part of a report's path; with its ending, systems take 255


@dataclass(frozen=True)
class Row:
    """Points for one exercise of a submission, or for the whole file if it cannot be graded.

    Attributes:
        reason: why there are no points, or what went wrong on the way.
        cases: (what is tested, problem or "") for each visible and hidden case that was run.
        final: False if another attempt may end differently, since the judge failed.
        remarks: what an instructor may want to look at; reports do not show it.
    """

    submission: str
    chapter: str
    exercise: str
    points: float
    of: float
    reason: str
    cases: tuple[tuple[str, str], ...] = ()
    final: bool = True
    remarks: str = ""


def write_grades(rows: Sequence[Row], out: Path) -> None:
    """Write `grades.csv`, and a report for each submission at the same path under `reports/`."""
    write_table(rows, out)
    for name in dict.fromkeys(row.submission for row in rows):
        write_report([row for row in rows if row.submission == name], out)


def write_table(rows: Iterable[Row], out: Path) -> None:
    """Write `grades.csv`."""
    values = ([getattr(row, column) for column in COLUMNS] for row in rows)
    write_atomically(out / "grades.csv", table_text(COLUMNS, values))


def write_report(rows: Sequence[Row], out: Path) -> None:
    """Write the report of one submission."""
    write_atomically(report_path(out, rows[0].submission), report(rows))


def report_path(out: Path, name: str) -> Path:
    """Where a submission's report is; parts of its name that are too long are shortened."""
    parts = [_short(part) for part in printable(name).split("/")]
    return Path(out, "reports", *parts[:-1], f"{parts[-1]}.txt")


def _short(part: str) -> str:
    data = part.encode()
    if len(data) <= LONGEST:
        return part
    start = data[: LONGEST - 9].decode(errors="ignore")
    return f"{start}-{hashlib.sha256(data).hexdigest()[:8]}"


def report(rows: Sequence[Row]) -> str:
    """The report for a student: points, cases and hints."""
    points, of = sum(row.points for row in rows), sum(row.of for row in rows)
    lines = [printable(rows[0].submission), f"{points:g} of {of:g} points", ""]
    for row in rows:
        lines.append(f"{row.chapter} {row.exercise}: {row.points:g} of {row.of:g}".strip())
        lines += [f"  {printable(row.reason)}"] if row.reason else []
        lines += [f"  ✗ {printable(case)}: {printable(problem)}" if problem
                  else f"  ✓ {printable(case)}" for case, problem in row.cases]  # fmt: skip
    return "\n".join(lines) + "\n"
