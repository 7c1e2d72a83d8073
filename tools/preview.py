"""Lets readers read the finished chapters while others are still being executed."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tools.chapters import ROOT
from tools.folders import replace_folder
from tools.results import Executed

KEY = ".build-key"  # the file with the key of a book's inputs
UNFINISHED = "a preview"  # its content if chapters are missing
START = 5  # seconds after which it is clear that chapters have to be run
PAUSE = 150  # seconds between two previews, since each takes a core for a while


def is_book(folder: Path) -> bool:
    """Whether the folder holds a finished book."""
    stamp = folder / KEY
    return stamp.is_file() and stamp.read_text() != UNFINISHED


class Preview:
    """Renders the current state of the book in the background as chapters become ready.

    It is a context manager; on exit, a preview that is being rendered is abandoned. A preview that
    fails is reported on stderr, and the build goes on.
    """

    def __init__(self, show: Callable[[list[Executed]], None], *, wanted: bool) -> None:
        """Prepare.

        Args:
            show: makes the pages for the results so far and calls `render`.
            wanted: False if there is a finished book, which stays until the next one is finished.
        """
        self._show, self._wanted = show, wanted
        self._results: list[Executed] = []
        self._news, self._ended = threading.Event(), threading.Event()
        self._process: subprocess.Popen | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="course-preview-")
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Preview":
        if self._wanted:
            self._news.set()  # show the text before any chapter is ready
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._news.set()
        if self._process is not None:
            self._process.kill()
        if self._wanted:
            self._thread.join()
        self._scratch.cleanup()

    def offer(self, results: Sequence[Executed]) -> None:
        """Pass the results that are ready so far."""
        self._results = list(results)
        self._news.set()

    def render(self, files: Mapping[str, bytes], out: Path) -> None:
        """Render `files` and put the pages into `out`, unless the build has ended meanwhile."""
        source, target = Path(self._scratch.name, "src"), Path(self._scratch.name, "result")
        for name, content in files.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_bytes() != content:  # Sphinx renders what changed
                path.write_bytes(content)
        self._process = subprocess.Popen(
            book_command(source, target),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=book_environment(),
        )
        failed = self._process.wait()
        if self._ended.is_set():
            return
        if failed:
            print("The preview could not be rendered; the book will be.", file=sys.stderr)
            return
        self._publish(target / "_build" / "html", out)

    def _publish(self, pages: Path, out: Path) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".render-", dir=out.parent) as folder:
            copy = Path(folder, "html")
            shutil.copytree(pages, copy)
            (copy / KEY).write_text(UNFINISHED)
            replace_folder(out, copy)
        ready = f"{len(self._results)} chapters so far" if self._results else "texts so far"
        print(f"To read meanwhile ({ready}): make serve", file=sys.stderr)

    def _work(self) -> None:
        self._ended.wait(START)
        while True:
            self._news.wait()
            self._news.clear()
            if self._ended.is_set():
                return
            try:
                self._show(self._results)
            except Exception as error:  # a preview is optional: the build itself reports errors
                print(f"No preview: {type(error).__name__}: {error}", file=sys.stderr)
            self._ended.wait(PAUSE)


def book_command(source: Path, target: Path, *options: str) -> list[str]:
    """The Jupyter Book command that renders `source`."""
    program = str(Path(sys.executable).with_name("jupyter-book"))
    return [program, "build", str(source), "--path-output", str(target), *options]


def book_environment() -> dict[str, str]:
    """Jupyter Book's environment, in which it can import our extensions."""
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
