"""How long `make grade` takes for a large class."""

import ast
import copy
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.record import Duration
from tools.assignment import find_chapter, write_assignment
from tools.chapters import ROOT, read_source
from tools.colab import with_first_cell
from tools.exercises import SOLUTION, visible_checks, without_solutions

TITLE = "Grading a class"
PEERS = ("cloudpickle",)
STUDENTS, TARGET = 200, 900  # seconds
ABOUT = (
    f"`make grade` for {STUDENTS} notebooks of one chapter with all exercises solved, in "
    "bubblewrap, two at a time. Libraries load once; each exercise has a process of its own."
)


@dataclass(frozen=True)
class Class:
    """A class that has solved one chapter."""

    chapter: str

    def measure(self) -> Duration:
        """Grade once."""
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            write_assignment([find_chapter(self.chapter)], folder / "term")
            hand_in(self.chapter, folder / "in")
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "tools.grading", folder / "term", folder / "in",
                 "--out", folder / "out"], cwd=ROOT, check=True, capture_output=True,
            )  # fmt: skip
            work = f"{STUDENTS} notebooks of chapter {self.chapter}"
            return Duration(work, time.perf_counter() - started, TARGET, "")


def hand_in(chapter: str, folder: Path) -> None:
    """Write the notebooks: solutions in the cells of their stubs, which differ in a comment."""
    folder.mkdir()
    source = read_source(find_chapter(chapter))
    checks = visible_checks(find_chapter(chapter))
    solved = {name: without_call(cell.source, checks[name]) for cell in source.cells
              if SOLUTION in cell.metadata.get("tags", [])
              for name in [cell.metadata["exercise"]]}  # fmt: skip
    made = with_first_cell(without_solutions(copy.deepcopy(source)), None)
    for student in range(STUDENTS):
        for cell in made.cells:
            if name := cell.metadata.get("exercise"):
                cell.source = f"# student {student}\n{solved[name]}"
        (folder / f"student{student:03}.ipynb").write_text(json.dumps(made), encoding="utf-8")


def without_call(source: str, call: str) -> str:
    """A solution without the check below it, which has a cell of its own in what students get."""
    kept = [node for node in ast.parse(source).body if ast.unparse(node) != call]
    return "\n\n".join(ast.unparse(node) for node in kept)


def comparisons() -> Iterator[Class]:
    """A short chapter, the one whose answers train networks, and a long one."""
    yield Class("01_activations")
    yield Class("05_hyperparameters")
    yield Class("09_seq2seq")
