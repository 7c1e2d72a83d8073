"""Build times of the book: from scratch, after an edit of one chapter, and with nothing to do."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.record import Duration
from tools.chapters import ROOT, list_chapters

TITLE = "The whole book"
PEERS = ("jupyter-book",)
ABOUT = (
    "`make book` in a copy of the course: the data and the environment are there, results of "
    "chapters and trained networks are not. All chapters are executed at the budget `standard`; "
    "then one of them gets another line of code; then nothing has changed."
)
LIMIT_ALL = (
    "Nearly all of it is the chapters' experiments, which keep both cores busy; a page already "
    "computes no more than its figures show."
)
LIMIT_PAGES = (
    "All pages are rendered anew, so that a build never misses a warning of an earlier one."
)
LIMIT_NOTHING = (
    "All that pages are made of is read and hashed, to see that nothing has changed; half the time "
    "goes into starting Python."
)
DATA = {"README.md", "checksums.json", "evidence", "fashion-mnist"}
BUILT = {".git", ".venv", "_build", "__pycache__"}


@dataclass(frozen=True)
class Build:
    """One build to be timed.

    Attributes:
        work: what is built, as the page describes it.
        build: builds it and returns the seconds it took.
        target: the time it may take, in seconds.
        limit: what keeps it from being faster.
    """

    work: str
    build: Callable[[], float]
    target: float
    limit: str = ""

    def measure(self) -> Duration:
        """Build once."""
        return Duration(self.work, self.build(), self.target, self.limit)


def comparisons() -> Iterator[Build]:
    """Three builds, one after another, in the same copy."""
    with tempfile.TemporaryDirectory() as scratch:
        course = Path(scratch, "course")
        copy_course(ROOT, course)
        yield Build("with nothing kept", lambda: build(course), 600, LIMIT_ALL)
        yield Build(
            "after an edit of one chapter, beside the chapter's own run",
            lambda: build_after_edit(course),
            20,
            LIMIT_PAGES,
        )
        yield Build("with nothing to do", lambda: build(course), 3, LIMIT_NOTHING)


def copy_course(root: Path, course: Path) -> None:
    """Copy what a fresh clone contains, and the data that its build would fetch."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        return set(names) - DATA if Path(folder) == root / "data" else BUILT & set(names)

    shutil.copytree(root, course, ignore=left_out)


def build(course: Path) -> float:
    """Build the book; return the seconds that this takes.

    Raises:
        RuntimeError: the build failed; the message has the end of its output.
    """
    own = {"PYTHONPATH": str(course), "COURSE_DATA": str(course / "data")}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tools.build"],
        cwd=course,
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"the build ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds


def build_after_edit(course: Path) -> float:
    """Seconds that a build takes after a change to a chapter's code, minus that chapter's own."""
    chapter = list_chapters(course)[1]
    with chapter.source.open("a", encoding="utf-8") as source:
        source.write("\n# %%\npass\n")
    seconds = build(course)
    (record,) = (course / "_build" / "executed").glob(f"*/{chapter.name}/*/run.json")
    return seconds - json.loads(record.read_text("utf-8"))["seconds"]
