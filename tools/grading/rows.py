"""The rows of grades.csv, and the report that a student reads."""

import ast
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.files import write_atomically
from tools.grading.tables import printable, table_text

COLUMNS = ("submission", "chapter", "exercise", "points", "of", "reason")
RAISED = re.compile(r"^(\w+): ")  # how `run_cases` starts what is no hint of a check
LONGEST = 180  # maximum bytes of a part of a report's path; with its ending, systems take 255
FRAGMENT = 20  # characters that code and a message share by chance at most


@dataclass(frozen=True)
class Row:
    """Points for one exercise of a submission, or for the whole file if it cannot be graded.

    Attributes:
        reason: why there are no points, or what went wrong on the way.
        cases: (hidden test, problem or "") for each that was run.
        final: False if another attempt may end differently, since the judge failed.
    """

    submission: str
    chapter: str
    exercise: str
    points: float
    of: float
    reason: str
    cases: tuple[tuple[str, str], ...] = ()
    final: bool = True


def write_grades(rows: Sequence[Row], out: Path, hidden: Mapping[str, str] | None = None) -> None:
    """Write `grades.csv`, and a report for each submission at the same path under `reports/`.

    Args:
        hidden: the source of the hidden tests by chapter, no line of which reports may show.
    """
    write_table(rows, out)
    for name in dict.fromkeys(row.submission for row in rows):
        write_report([row for row in rows if row.submission == name], out, hidden)


def write_table(rows: Iterable[Row], out: Path) -> None:
    """Write `grades.csv`."""
    values = ([getattr(row, column) for column in COLUMNS] for row in rows)
    write_atomically(out / "grades.csv", table_text(COLUMNS, values))


def write_report(rows: Sequence[Row], out: Path, hidden: Mapping[str, str] | None = None) -> None:
    """Write the report of one submission."""
    secret = [code_of(source) for source in (hidden or {}).values()]
    write_atomically(report_path(out, rows[0].submission), report(rows, secret))


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


def report(rows: Sequence[Row], secret: Sequence[str] = ()) -> str:
    """The report for a student: points, cases and hints.

    It says which error a student's code raised in a hidden test, but not the error's message: code
    that is tested can put into a message what it has read.

    Args:
        secret: code of which no fragment may appear, as `code_of` returns it.
    """
    points, of = sum(row.points for row in rows), sum(row.of for row in rows)
    lines = [printable(rows[0].submission), f"{points:g} of {of:g} points", ""]
    for row in rows:
        lines.append(f"{row.chapter} {row.exercise}: {row.points:g} of {row.of:g}".strip())
        lines += [f"  {_shown(row.reason, secret)}"] if row.reason else []
        lines += [f"  ✗ {printable(case)}: {_hint(problem, secret)}" if problem
                  else f"  ✓ {printable(case)}" for case, problem in row.cases]  # fmt: skip
    return "\n".join(lines) + "\n"


def _hint(problem: str, secret: Sequence[str]) -> str:
    raised = RAISED.match(problem)
    if raised and raised[1].isidentifier() and raised[1][0].isupper():
        return f"your code raised {raised[1]}"
    return _shown(problem, secret)


def _shown(text: str, secret: Sequence[str]) -> str:
    """The text on one line, or what stands for it if it contains a fragment of the secret code."""
    plain = re.sub(r"\s+", "", text)
    pieces = (plain[at : at + FRAGMENT] for at in range(max(0, len(plain) - FRAGMENT) + 1))
    if any(len(piece) == FRAGMENT and piece in code for piece in pieces for code in secret):
        return "(a message that is not shown)"
    return printable(text)


def code_of(source: str) -> str:
    """The code without its texts, which are hints, and without spaces."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return re.sub(r"\s+", "", ast.unparse(tree))
