"""The cached results of chapters' runs, under a key of everything that they depend on.

The key covers the chapter's code, the files that its imports reach, the data's checksums, the
lock, the pins and the parameters. It does not cover prose: edited text is merged with the existing
outputs. Nor does it cover the ledger: cards are redrawn when pages are staged.
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

RECORD = "run.json"  # the cost of a run, next to its notebook and claims
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
    """A chapter's cached result.

    Attributes:
        chapter: the chapter.
        folder: contains notebook.ipynb, run.json and claims/.
        seconds: wall time of the run, including kernel start.
        peak_bytes: the kernel's peak resident memory.
    """

    chapter: Chapter
    folder: Path
    seconds: float
    peak_bytes: int

    def notebook(self) -> nbformat.NotebookNode:
        """The chapter's current source with the outputs of the run."""
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
    """The code cells of a py:percent source, each with its tags that affect execution.

    Jupytext would return the same cells, but this is much faster, and a build without changes needs
    nothing else.
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
    """The cache of one chapter's results, for one choice of parameters.

    Attributes:
        chapter: the chapter.
        folder: contains the result, in a subfolder named after the key.
    """

    chapter: Chapter
    folder: Path

    def load(self, key: str) -> Executed | None:
        """The result for a key, if there is one; a damaged result is reported and not used."""
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
        """Replace all earlier results by what a run left in its room, or fail.

        Args:
            outcome: "seconds", "peak_bytes" and anything else to record.
        """
        (work / RECORD).write_text(json.dumps(outcome | {"digest": _digest(work)}))
        kept = self.folder / work.name
        replace_folder(kept, work)
        for old in self.folder.iterdir():  # outdated results and leftovers of interrupted runs
            if old not in (work.parent, kept):
                shutil.rmtree(old)
        return Executed(self.chapter, kept, outcome["seconds"], outcome["peak_bytes"])


def shelf_of(chapter: Chapter, parameters: Parameters, cache: Path) -> Shelf:
    """The chapter's shelf in `cache`, the folder of all cached results."""
    p = parameters
    return Shelf(chapter, cache / f"{p.budget}-{p.seed}-{p.device.replace(':', '')}" / chapter.name)


def _verified(chapter: Chapter, folder: Path) -> Executed | None:
    """The result in a folder; None if it was changed after the run."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
        kept = Executed(chapter, folder, record["seconds"], record["peak_bytes"])
        return kept if record["digest"] == _digest(folder) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(folder: Path) -> str:
    """A hash of a run's files, except the record of the run itself."""
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
