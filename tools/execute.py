"""Executes chapters through papermill, in parallel, and remembers the results.

A result is kept under a key of everything it depends on: the chapter's code, `lib`, the data's
checksums, the lock and the parameters. Prose is not part of the key: an edit to text alone is
joined with the outputs that are there.
"""

import hashlib
import json
import os
import platform
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
import psutil
from tqdm import tqdm

from lib.datasets.downloads import data_root
from tools.chapters import ROOT, Chapter, CourseError, read_source
from tools.folders import replace_folder

RECORD = "run.json"  # what a run took, beside its notebook and claims
THREADS = 1  # for every chapter, so that results repeat; workers of lib.trials use the cores
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


class ChapterError(CourseError):
    """A chapter did not run to its end; the message names the chapter, the cell and the reason."""


def execute(
    chapters: Iterable[Chapter],
    parameters: Parameters,
    *,
    cache: Path,
    jobs: int = 2,
    limit: float = 900,
    root: Path = ROOT,
) -> list[Executed]:
    """Every chapter's result, from the cache where it is current, else from a new run.

    Args:
        cache: folder of the kept results.
        jobs: chapters that run at once.
        limit: seconds a chapter may take.
        root: the repository: what the key covers is found below it.

    Raises:
        ChapterError: some chapter failed. The others finish first, and their results are kept.
    """
    chapters, common = list(chapters), environment_key(parameters, root)
    workers: list[subprocess.Popen] = []
    lines: queue.SimpleQueue[int] = queue.SimpleQueue()  # each progress bar gets its own
    for line in range(jobs):
        lines.put(line)

    def one(chapter: Chapter) -> Executed | ChapterError:
        key, line = chapter_key(chapter, common), lines.get()
        try:
            return load(chapter, key, parameters, cache) or run(
                chapter, key, parameters, cache, limit=limit, line=line, workers=workers
            )
        except ChapterError as error:
            return error
        finally:
            lines.put(line)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            results = list(pool.map(one, chapters))
        except BaseException:  # an interrupt: the pool would wait for chapters to finish
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                _kill_tree(worker.pid)
            raise
    failures = [result for result in results if isinstance(result, ChapterError)]
    if failures:
        raise ChapterError("\n\n".join(map(str, failures)))
    return results


def environment_key(parameters: Parameters, root: Path = ROOT) -> str:
    """A hash of what all chapters share: `lib`, the data, the lock, Python, the parameters."""
    digest = hashlib.sha256(repr((asdict(parameters), THREADS, platform.python_version())).encode())
    shared = [root / "requirements.lock", root / "data" / "checksums.json"]
    library = (p for p in (root / "lib").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    for path in [*shared, *sorted(library)]:
        digest.update(repr(path.relative_to(root).as_posix()).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def chapter_key(chapter: Chapter, common: str) -> str:
    """A hash of the chapter's code and of `common`; prose does not count."""
    code = [
        (cell.source, sorted(EXECUTION_TAGS & set(cell.metadata.get("tags", []))))
        for cell in read_source(chapter).cells
        if cell.cell_type == "code"
    ]
    return hashlib.sha256(repr((common, code)).encode()).hexdigest()[:24]


def load(chapter: Chapter, key: str, parameters: Parameters, cache: Path) -> Executed | None:
    """The kept result of that key, if there is one; one that is damaged is said and not used."""
    folder = _shelf(chapter, parameters, cache) / key
    if not folder.is_dir():
        return None
    kept = _verified(chapter, folder)
    if kept is None:
        print(f"{folder} is damaged; {chapter.name} is executed again", file=sys.stderr)
    return kept


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


def run(
    chapter: Chapter,
    key: str,
    parameters: Parameters,
    cache: Path,
    *,
    limit: float,
    line: int,
    workers: list[subprocess.Popen],
) -> Executed:
    """Execute a chapter and keep the result; the folder appears whole or not at all.

    Args:
        line: of the progress bar.
        workers: gets the process that executes the chapter.

    Raises:
        ChapterError: a cell raised, the kernel died, or the limit passed.
    """
    shelf = _shelf(chapter, parameters, cache)
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".running-", dir=shelf) as scratch:
        work = Path(scratch, key)
        (work / "claims").mkdir(parents=True)
        notebook = read_source(chapter)
        worker = _start(chapter, notebook, parameters, work)
        workers.append(worker)
        outcome = _supervise(worker, chapter, notebook, work, limit=limit, line=line)
        (work / RECORD).write_text(json.dumps(outcome | {"digest": _digest(work)}))
        replace_folder(shelf / key, work)
        for old in shelf.iterdir():  # outdated results, and what an interrupted run left
            if old not in (Path(scratch), shelf / key):
                shutil.rmtree(old)
    return Executed(chapter, shelf / key, outcome["seconds"], outcome["peak_bytes"])


def _shelf(chapter: Chapter, parameters: Parameters, cache: Path) -> Path:
    p = parameters
    return cache / f"{p.budget}-{p.seed}-{p.device.replace(':', '')}" / chapter.name


def _start(
    chapter: Chapter, notebook: nbformat.NotebookNode, parameters: Parameters, work: Path
) -> subprocess.Popen:
    """A process that executes the notebook; it ends when this one does."""
    source = work.parent / "source" / chapter.notebook.name
    source.parent.mkdir()
    nbformat.write(notebook, source)
    command = [sys.executable, "-m", "tools.run_chapter", str(source), str(work / "notebook.ipynb")]
    with _stderr(work).open("w") as stderr:
        return subprocess.Popen(
            [*command, json.dumps(asdict(parameters))],
            stdin=subprocess.PIPE,  # never written to: it closes when this process ends
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=_environment(work),
        )


def _stderr(work: Path) -> Path:
    return work.parent / "stderr"


def _supervise(
    worker: subprocess.Popen,
    chapter: Chapter,
    notebook: nbformat.NotebookNode,
    work: Path,
    *,
    limit: float,
    line: int,
) -> dict:
    """Follow the worker under a time limit, showing its progress; its closing message."""
    timer = threading.Timer(limit, _kill_tree, [worker.pid])
    timer.start()
    try:
        last, outcome = _follow(worker, chapter, len(notebook.cells), line)
    finally:
        in_time = timer.is_alive()
        timer.cancel()
        _kill_tree(worker.pid)
        worker.communicate()
    if outcome is not None and outcome["done"]:
        return outcome
    if not in_time:
        reason = f"it ran longer than {limit:g} seconds and was stopped"
    elif outcome is None:
        said = _stderr(work).read_text().splitlines()[-20:]
        reason = "\n".join(["its process ended without a word", *said])
    else:
        reason, last = outcome["failure"]["traceback"], outcome["failure"].get("cell", last)
    raise ChapterError(_describe(chapter, notebook, last, reason))


def _follow(
    process: subprocess.Popen, chapter: Chapter, cells: int, row: int
) -> tuple[int, dict | None]:
    """The index of the last cell that started, and the closing message if there was one."""
    last, outcome = -1, None
    with tqdm(total=cells, desc=chapter.name, unit="cell", position=row, leave=True) as bar:
        for line in process.stdout:
            message = json.loads(line)
            if "cell" in message:
                last = message["cell"]
                bar.update(last - bar.n)
                if sys.stderr.isatty():
                    bar.refresh()  # a long cell would else show what was true before it
            else:
                outcome = message
                bar.update((cells if outcome["done"] else last) - bar.n)
    return last, outcome


def _environment(work: Path) -> dict[str, str]:
    """The worker's environment: pinned threads, this Python's own kernel, no user settings."""
    threads = str(THREADS)
    return os.environ | {
        "COURSE_CLAIMS_DIR": str(work / "claims"),
        "COURSE_PROGRESS": "off",
        "COURSE_DATA": str(data_root().resolve()),  # the kernel runs in another folder
        "COURSE_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_DATA_DIR": str(Path(sys.prefix, "share", "jupyter")),
        "IPYTHONDIR": str(work.parent / "ipython"),
        # Another program's list of fonts may lack ours, and a user's settings change figures.
        "MPLCONFIGDIR": str(ROOT / "_build" / "matplotlib"),
    }


def _describe(chapter: Chapter, notebook: nbformat.NotebookNode, cell: int, reason: str) -> str:
    """An error message that leads to the cell."""
    # Papermill puts the injected parameters in a cell of their own behind the default ones.
    tagged = [i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", [])]
    index = cell - 1 if tagged and cell > tagged[0] else cell
    source = notebook.cells[index].source if 0 <= index < len(notebook.cells) else ""
    lines = "".join(f"    | {line}\n" for line in source.splitlines()[:20])
    where = f"in cell {index + 1}" if index >= 0 else "before its first cell"
    return f"Chapter {chapter.name} failed {where}:\n{lines}{reason}"


def _kill_tree(pid: int) -> None:
    """Kill a process and all it started; those that are gone are no concern."""
    try:
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


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
