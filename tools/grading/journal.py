"""Keeps verdicts as soon as they are known, so that an interrupted grading is taken up again."""

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tools.grading.rows import Row


class Journal:
    """The verdicts in a file, one submission a line; a line that was cut short is left out.

    A verdict counts again for the same name with the same content under the same conditions.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, str, str], list[Row]] = {}
        self._lock = threading.Lock()
        if path.is_file():
            for line in path.read_text(encoding="ascii", errors="replace").splitlines():
                self._read(line)

    @property
    def names(self) -> set[str]:
        """The submissions of which there are verdicts."""
        return {name for name, _, _ in self._known}

    def find(self, name: str, content: str, conditions: str) -> list[Row] | None:
        """The rows kept for a submission; None if it has to be graded."""
        return self._known.get((name, content, conditions))

    def add(self, name: str, content: str, conditions: str, rows: Sequence[Row]) -> None:
        """Keep the rows of a submission; they are on the disk when this returns.

        Raises:
            OSError: they could not be written.
        """
        entry = {"name": name, "content": content, "conditions": conditions,
                 "rows": [asdict(row) for row in rows]}  # fmt: skip
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                file.seek(0, os.SEEK_END)
                if file.tell():  # end a line that was cut short
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":
                        file.write(b"\n")
                file.write(json.dumps(entry).encode("ascii") + b"\n")
                file.flush()
                os.fsync(file.fileno())
            self._known[name, content, conditions] = list(rows)

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
            rows = [
                Row(**row | {"cases": tuple(map(tuple, row["cases"]))}) for row in entry["rows"]
            ]
            self._known[entry["name"], entry["content"], entry["conditions"]] = rows
        except (ValueError, KeyError, TypeError):
            return  # cut short, or of another version: this submission is graded again
