"""Lets readers read the chapters that are ready while others are still being executed."""

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

KEY = ".build-key"  # the file that says what a book was made of
UNFINISHED = "a preview"  # its content where chapters are missing
START = 5  # seconds after which it is clear that chapters do have to run
PAUSE = 150  # seconds between two previews, since each takes a core for a while


def is_book(folder: Path) -> bool:
    """Whether the folder holds a book that was finished."""
    stamp = folder / KEY
    return stamp.is_file() and stamp.read_text() != UNFINISHED


class Preview:
    """Renders the book as it stands, in the background, each time chapters are ready.

    It ends when the block that it is used in ends; a preview that is being rendered is given up.
    One that fails is told on stderr, and the build goes on.
    """

    def __init__(self, show: Callable[[list[Executed]], None], *, wanted: bool) -> None:
        """Prepare.

        Args:
            show: makes the pages of the results so far, and calls `render`.
            wanted: False where a finished book is there, which stays until the next one is.
        """
        self._show, self._wanted = show, wanted
        self._results: list[Executed] = []
        self._news, self._ended = threading.Event(), threading.Event()
        self._process: subprocess.Popen | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="course-preview-")
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Preview":
        if self._wanted:
            self._news.set()  # the texts, before any chapter is ready
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
        """Tell what is ready by now."""
        self._results = list(results)
        self._news.set()

    def render(self, files: Mapping[str, bytes], out: Path) -> None:
        """Put the pages made of `files` at `out`, unless the build has ended meanwhile."""
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
            except Exception as error:  # a preview is a courtesy: the build itself says what fails
                print(f"No preview: {type(error).__name__}: {error}", file=sys.stderr)
            self._ended.wait(PAUSE)


def book_command(source: Path, target: Path, *options: str) -> list[str]:
    """The call of Jupyter Book that renders `source`."""
    program = str(Path(sys.executable).with_name("jupyter-book"))
    return [program, "build", str(source), "--path-output", str(target), *options]


def book_environment() -> dict[str, str]:
    """Its environment: it imports our extensions."""
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
