"""Executes chapters with papermill, in parallel, unless a current result is cached."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import nbformat
import psutil
from tqdm import tqdm

from lib.datasets.downloads import data_root
from tools.chapters import ROOT, Chapter, CourseError, read_source
from tools.pins import page_pins
from tools.results import (
    THREADS,
    Executed,
    Parameters,
    Shelf,
    chapter_key,
    environment_key,
    shelf_of,
)


class ChapterError(CourseError):
    """A chapter did not finish; the message names the chapter, the cell and the reason."""


def execute(
    chapters: Iterable[Chapter],
    parameters: Parameters,
    *,
    cache: Path,
    jobs: int = 2,
    limit: float = 900,
    root: Path = ROOT,
    ready: Callable[[list[Executed]], None] | None = None,
) -> list[Executed]:
    """Every chapter's result, from the cache if it is current, otherwise from a new run.

    Args:
        cache: folder of cached results.
        jobs: chapters that run at once; each gets its share of the cores.
        limit: time limit per chapter, in seconds.
        root: the repository, which contains all files that the key covers.
        ready: called with all results so far, in order, each time a chapter that had to run
            finishes; from several threads, but one call at a time.

    Raises:
        ChapterError: some chapter failed. The others finish first, and their results are kept.
    """
    chapters, common = list(chapters), environment_key(parameters, root)
    workers: list[subprocess.Popen] = []
    lines: queue.SimpleQueue[int] = queue.SimpleQueue()  # one for each progress bar
    for line in range(jobs):
        lines.put(line)
    done: dict[Chapter, Executed] = {}
    telling = threading.Lock()

    def one(chapter: Chapter) -> Executed | ChapterError:
        key, shelf = chapter_key(chapter, common, root), shelf_of(chapter, parameters, cache)
        if kept := shelf.load(key):
            done[chapter] = kept
            return kept
        line = lines.get()
        try:
            done[chapter] = run(
                shelf, key, parameters, limit=limit, line=line, workers=workers, jobs=jobs
            )
        except ChapterError as error:
            return error
        finally:
            lines.put(line)
        with telling:
            if ready is not None:
                ready([done[chapter] for chapter in chapters if chapter in done])
        return done[chapter]

    with ThreadPoolExecutor(jobs) as pool:
        try:
            results = list(pool.map(one, chapters))
        except BaseException:  # on an interrupt, the pool would wait for chapters to finish
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                _kill_tree(worker.pid)
            raise
    failures = [result for result in results if isinstance(result, ChapterError)]
    if failures:
        raise ChapterError("\n\n".join(map(str, failures)))
    return [result for result in results if isinstance(result, Executed)]


def run(
    shelf: Shelf,
    key: str,
    parameters: Parameters,
    *,
    limit: float,
    line: int,
    workers: list[subprocess.Popen],
    jobs: int = 1,
) -> Executed:
    """Execute the shelf's chapter and store the result atomically.

    Args:
        line: terminal line of the progress bar.
        workers: the process that executes the chapter is appended to this list.
        jobs: chapters that share the cores with this one, itself included.

    Raises:
        ChapterError: a cell raised, the kernel died, or the limit passed.
    """
    notebook = read_source(shelf.chapter)
    with shelf.room(key) as work:
        worker = _start(shelf.chapter, notebook, parameters, work, jobs)
        workers.append(worker)
        outcome = _supervise(worker, shelf.chapter, notebook, work, limit=limit, line=line)
        return shelf.keep(work, outcome)


def _start(
    chapter: Chapter,
    notebook: nbformat.NotebookNode,
    parameters: Parameters,
    work: Path,
    jobs: int,
) -> subprocess.Popen:
    """Start a process that executes the notebook; it ends when this one does."""
    source = work.parent / "source" / chapter.notebook.name
    source.parent.mkdir()
    nbformat.write(notebook, source)
    command = [sys.executable, "-m", "tools.run_chapter", str(source), str(work / "notebook.ipynb")]
    with _stderr(work).open("w") as stderr:
        return subprocess.Popen(
            [*command, json.dumps(asdict(parameters))],
            stdin=subprocess.PIPE,  # never written to; it closes when this process ends
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=_environment(work, jobs),
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
    """Follow the worker under a time limit, showing its progress; return its final message."""
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
    """The index of the last cell that started, and the final message if there was one."""
    last, outcome = -1, None
    with tqdm(total=cells, desc=chapter.name, unit="cell", position=row, leave=True) as bar:
        for line in process.stdout or ():
            message = json.loads(line)
            if "cell" in message:
                last = message["cell"]
                bar.update(last - bar.n)
                if sys.stderr.isatty():
                    bar.refresh()  # otherwise the bar is stale during a long cell
            else:
                outcome = message
                bar.update((cells if outcome["done"] else last) - bar.n)
    return last, outcome


def _environment(work: Path, jobs: int) -> dict[str, str]:
    """The worker's environment: fixed thread count and instruction set, this Python's kernel."""
    threads = str(THREADS)
    return os.environ | {
        **page_pins(),
        "COURSE_WORKERS": str(max(1, (os.cpu_count() or 1) // jobs)),
        "COURSE_CLAIMS_DIR": str(work / "claims"),
        "COURSE_FIGURES": "svg",
        "COURSE_PROGRESS": "off",
        "COURSE_DATA": str(data_root().resolve()),  # the kernel runs in another folder
        "COURSE_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_DATA_DIR": str(Path(sys.prefix, "share", "jupyter")),
        "IPYTHONDIR": str(work.parent / "ipython"),
        # Another program's font cache may lack our fonts, and a user's settings change figures.
        "MPLCONFIGDIR": str(ROOT / "_build" / "matplotlib"),
    }


def _describe(chapter: Chapter, notebook: nbformat.NotebookNode, cell: int, reason: str) -> str:
    """An error message that locates the cell."""
    # Papermill injects the parameters in a new cell after the one with the defaults.
    tagged = [i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", [])]
    index = cell - 1 if tagged and cell > tagged[0] else cell
    source = notebook.cells[index].source if 0 <= index < len(notebook.cells) else ""
    lines = "".join(f"    | {line}\n" for line in source.splitlines()[:20])
    where = f"in cell {index + 1}" if index >= 0 else "before its first cell"
    return f"Chapter {chapter.name} failed {where}:\n{lines}{reason}"


def _kill_tree(pid: int) -> None:
    """Kill a process and all its descendants; those that have already ended are ignored."""
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
