"""Tables as instructors keep them: CSV written by spreadsheets of any language and system."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.chapters import CourseError
from tools.grading.reading import decoded

DELIMITERS = ",;\t"
FORMULA = ("=", "+", "-", "@")


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by column: UTF-8 or UTF-16 with or without a byte order mark, or
    Windows-1252; separated by commas, semicolons or tabs.

    Rows without any text are left out; cells that a row lacks are "".

    Raises:
        CourseError: the file is missing, is no table, or names a column twice.
    """
    try:
        data = path.read_bytes()
        try:
            text = decoded(data)
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
        first = text.lstrip().split("\n", 1)[0]
        delimiter = max(DELIMITERS, key=first.count)
        head, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) or [[]]
    except (OSError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read as a table: {error}") from error
    columns = [column.strip() for column in head]
    if not any(columns) or len(set(columns)) < len(columns):
        raise CourseError(f"{path}: expected a first line of different column names; got {head}")
    return [dict(zip(columns, [*map(str.strip, row), *[""] * len(columns)], strict=False))
            for row in rows if any(map(str.strip, row))]  # fmt: skip


def number(text: str) -> int | float:
    """The number that a cell holds, with a decimal point or comma.

    Raises:
        ValueError: it is no finite number of at least 0.
    """
    value = float(text.replace(",", "."))
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"expected a number of at least 0; got {text!r}")
    return int(value) if value.is_integer() else value


def table_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The table as CSV, in which no cell is a formula or breaks its line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([harmless(printable(str(value))) for value in row] for row in rows)
    return text.getvalue()


def printable(text: str) -> str:
    """The text on one line that every file can hold: what cannot be encoded is escaped."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    shown = (c if c.isprintable() else " " if c.isspace() else ascii(c)[1:-1] for c in text)
    return "".join(shown)


def harmless(text: str) -> str:
    """The text, escaped so that no spreadsheet takes it for a formula."""
    start = text.strip()
    return f"'{text}" if len(start) > 1 and start.startswith(FORMULA) else text
