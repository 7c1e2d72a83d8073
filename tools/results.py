"""What the runs of chapters left, each under a key of all that it depends on.

The key covers the chapter's code, the files that its imports reach, the data's checksums, the
lock, the pins and the parameters. Prose is no part of it: an edit to text alone is joined with the
outputs that are there. Neither is the ledger: cards are drawn anew when pages are staged.
"""

import hashlib
import json
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat

from tools.chapters import ROOT, Chapter, CourseError, read_source
from tools.folders import replace_folder
from tools.pins import page_pins
from tools.reach import reached_files

RECORD = "run.json"  # what a run took, beside its notebook and claims
THREADS = 1  # for every chapter, so that results repeat; workers of lib.training use the cores
EXECUTION_TAGS = {"parameters", "raises-exception"}  # the tags that change what a cell does


@dataclass(frozen=True)
class Parameters:
    """What papermill injects into every chapter."""

    budget: str = "standard"
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class Executed:
    """A chapter's kept result.

    Attributes:
        chapter: which.
        folder: holds notebook.ipynb, run.json and claims/.
        seconds: wall time of the run, kernel start included.
        peak_bytes: the kernel's largest resident memory.
    """

    chapter: Chapter
    folder: Path
    seconds: float
    peak_bytes: int

    def notebook(self) -> nbformat.NotebookNode:
        """The chapter as its source stands now, with the outputs of the run."""
        return with_outputs(read_source(self.chapter), _read(self.folder / "notebook.ipynb"))


def environment_key(parameters: Parameters, root: Path = ROOT) -> str:
    """A hash of what all chapters share: the data, the lock, Python, the pins, the parameters."""
    what = (asdict(parameters), THREADS, platform.python_version(), dict(page_pins()))
    digest = hashlib.sha256(repr(what).encode())
    for name in ("requirements.lock", "data/checksums.json"):
        digest.update(hashlib.sha256((root / name).read_bytes()).digest())
    return digest.hexdigest()


def chapter_key(chapter: Chapter, common: str, root: Path = ROOT) -> str:
    """A hash of the chapter's code, of the files its imports reach and of `common`."""
    code = read_code(chapter.source.read_text(encoding="utf-8"))
    digest = hashlib.sha256(repr((code, common)).encode())
    for path in reached_files([source for source, _ in code], root):
        digest.update(repr(path.relative_to(root).as_posix()).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]


def read_code(text: str) -> list[tuple[str, list[str]]]:
    """The code cells of a py:percent source, each with those of its tags that change what it does.

    Jupytext would give the same cells; but this takes no second, and a build in which nothing has
    changed asks for nothing else.
    """
    cells = []
    for cell in re.split(r"(?m)^# %%", text)[1:]:
        marker, _, source = cell.partition("\n")
        if "[markdown]" not in marker:
            tags = {tag for tag in EXECUTION_TAGS if f'"{tag}"' in marker}
            cells.append((source.strip("\n"), sorted(tags)))
    return cells


@dataclass(frozen=True)
class Shelf:
    """Where the results of one chapter are kept, for one choice of parameters.

    Attributes:
        chapter: which.
        folder: holds the result, in a folder with the key as its name.
    """

    chapter: Chapter
    folder: Path

    def load(self, key: str) -> Executed | None:
        """The result of that key, if there is one; one that is damaged is said and not used."""
        folder = self.folder / key
        if not folder.is_dir():
            return None
        kept = _verified(self.chapter, folder)
        if kept is None:
            print(f"{folder} is damaged; {self.chapter.name} is executed again", file=sys.stderr)
        return kept

    @contextmanager
    def room(self, key: str) -> Iterator[Path]:
        """A folder for a new result, with `claims/`; removed on exit, with everything beside it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".running-", dir=self.folder) as scratch:
            work = Path(scratch, key)
            (work / "claims").mkdir(parents=True)
            yield work

    def keep(self, work: Path, outcome: dict) -> Executed:
        """Put what a run left in its room in the place of all earlier results, or fail.

        Args:
            outcome: "seconds" and "peak_bytes", and what else is to be recorded.
        """
        (work / RECORD).write_text(json.dumps(outcome | {"digest": _digest(work)}))
        kept = self.folder / work.name
        replace_folder(kept, work)
        for old in self.folder.iterdir():  # outdated results, and what an interrupted run left
            if old not in (work.parent, kept):
                shutil.rmtree(old)
        return Executed(self.chapter, kept, outcome["seconds"], outcome["peak_bytes"])


def shelf_of(chapter: Chapter, parameters: Parameters, cache: Path) -> Shelf:
    """The chapter's shelf in a cache, the folder of all kept results."""
    p = parameters
    return Shelf(chapter, cache / f"{p.budget}-{p.seed}-{p.device.replace(':', '')}" / chapter.name)


def _verified(chapter: Chapter, folder: Path) -> Executed | None:
    """The result in a folder; None where it is not what the run left."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
        kept = Executed(chapter, folder, record["seconds"], record["peak_bytes"])
        return kept if record["digest"] == _digest(folder) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(folder: Path) -> str:
    """A hash of what a run has left, but for the record of the run itself."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != RECORD):
        digest.update(repr(path.relative_to(folder).as_posix()).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def with_outputs(
    source: nbformat.NotebookNode, executed: nbformat.NotebookNode
) -> nbformat.NotebookNode:
    """`source` with the outputs and the widget state of `executed`, matched by code cell.

    Raises:
        CourseError: the two have different code.
    """
    injected = "injected-parameters"
    ran = [
        cell
        for cell in executed.cells
        if cell.cell_type == "code" and injected not in cell.metadata.get("tags", [])
    ]
    code = [cell for cell in source.cells if cell.cell_type == "code"]
    if [c.source for c in code] != [c.source for c in ran]:
        raise CourseError("the executed notebook has other code than the source")
    for cell, done in zip(code, ran, strict=True):
        cell.outputs, cell.execution_count = done.outputs, done.execution_count
    if "widgets" in executed.metadata:
        source.metadata["widgets"] = executed.metadata["widgets"]
    return source


def _read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)
