"""Builds the book: `python -m tools.build`, or `make book`.

Chapters are executed first (`execute.py`), then Jupyter Book renders them with execution off and
every warning an error. The finished book replaces the old one in one step, or not at all.
"""

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lib.datasets.downloads import DownloadError
from lib.datasets.fashion_mnist_files import fetch_fashion_mnist
from tools.chapters import ROOT, CourseError, list_chapters
from tools.execute import execute
from tools.folders import replace_folder
from tools.lock import exclusive
from tools.results import Parameters
from tools.stage import stage
from tools.vendor import vendor

BUILD = ROOT / "_build"
KEY = ".build-key"
MAX_PAGE = 1_500_000  # bytes of HTML; heavier pages are slow on a phone


class BuildError(CourseError):
    """The book could not be built; the message says what to look at."""


def main() -> int:
    """Build the book; 0 when it stands, 1 or 130 with the reason on stderr when it does not."""
    options = parse_arguments()
    parameters = Parameters(options.budget, options.seed, options.device)
    with reporting("The book was not built.") as status, exclusive(BUILD):
        fresh = build(
            parameters, options.out.resolve(), jobs=options.jobs, limit=options.limit,
            solutions=options.solutions,
        )  # fmt: skip
        print(f"The book is {'built' if fresh else 'up to date'}: {options.out / 'index.html'}")
        print("Look at it with: make serve")
    return status.code


@dataclass
class Status:
    """The exit status of a command."""

    code: int = 0


@contextmanager
def reporting(consequence: str) -> Iterator[Status]:
    """Turn what a command may run into, an interrupt included, into a message and a status."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    status = Status()
    try:
        yield status
    except CourseError as error:
        print(f"\n{error}\n\n{consequence}", file=sys.stderr)
        status.code = 1
    except KeyboardInterrupt:
        print(f"\nInterrupted; what was finished is kept. {consequence}", file=sys.stderr)
        status.code = 130
    finally:
        signal.signal(signal.SIGTERM, before)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.build", description=__doc__)
    parser.add_argument("--budget", choices=("quick", "standard", "full"), default="standard")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--jobs", type=int, default=1, help="chapters executed at once")
    parser.add_argument("--limit", type=float, default=900, help="seconds a chapter may take")
    parser.add_argument("--solutions", choices=("show", "hide"), default="show")
    parser.add_argument("--out", type=Path, default=BUILD / "html", help="where the book goes")
    return parser.parse_args()


def build(
    parameters: Parameters, out: Path, *, jobs: int, limit: float, solutions: str = "show"
) -> bool:
    """Bring `out` up to date; whether there was anything to do.

    Args:
        solutions: of the exercises, see `stage`.

    Raises:
        ChapterError: a chapter failed.
        BuildError: Jupyter Book found a fault.
    """
    bring_data()
    results = execute(list_chapters(), parameters, cache=BUILD / "executed", jobs=jobs, limit=limit)
    vendor(BUILD / "vendor")
    files = stage(results, parameters, solutions=solutions)
    key = build_key(files)
    stamp = out / KEY
    if stamp.is_file() and stamp.read_text() == key:
        return False
    render(files, out, key)
    return True


def bring_data() -> None:
    """Fetch the data sets that are not there yet; the others are verified.

    Raises:
        BuildError: the data cannot be had.
    """
    try:
        fetch_fashion_mnist(progress=True)
    except DownloadError as error:
        raise BuildError(f"The data could not be brought: {error}") from error


def build_key(files: Mapping[str, bytes]) -> str:
    """A hash of all that the built pages depend on."""
    digest = hashlib.sha256()
    theme = [p for p in (ROOT / "tools" / "theme").rglob("*") if p.is_file()]
    widgets = [p for p in (ROOT / "lib" / "widgets").iterdir() if p.is_file()]  # the playground's
    sources = [*theme, *widgets, *(ROOT / "tools").glob("*.py"), ROOT / "tools" / "vendor.json"]
    everything = dict(files) | {str(path): path.read_bytes() for path in sources}
    everything["lock"] = (ROOT / "requirements.lock").read_bytes()
    for name, content in sorted(everything.items()):
        digest.update(repr((name, hashlib.sha256(content).hexdigest())).encode())
    return digest.hexdigest()


def render(files: Mapping[str, bytes], out: Path, key: str) -> None:
    """Run Jupyter Book on the staged files and put the pages at `out`.

    Always from scratch: a build that goes on from an earlier one forgets that one's warnings.

    Raises:
        BuildError: it failed or warned, or `out` holds something else than a book.
    """
    check_target(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    for left in out.parent.glob(".render-*"):  # by a build that was killed
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=".render-", dir=out.parent) as scratch:
        source = Path(scratch, "src")
        for name, content in files.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        log = BUILD / "sphinx.log"
        print(f"Rendering the pages (Sphinx's log: {log})", file=sys.stderr)
        if jupyter_book(source, Path(scratch, "result"), log):
            raise BuildError(f"Jupyter Book found faults:\n{complaints(log, source)}")
        pages = Path(scratch, "result", "_build", "html")
        check_weight(pages)
        (pages / KEY).write_text(key)
        replace_folder(out, pages)


def check_target(out: Path) -> None:
    """Refuse to replace a folder that no build of ours has made.

    Raises:
        BuildError: `out` is a file, or a folder with other content than a book.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / KEY).is_file()):
        raise BuildError(f"{out} holds something else than a book; name another folder for it.")


def jupyter_book(source: Path, target: Path, log: Path) -> int:
    """Jupyter Book's exit status; what it says goes to `log`."""
    command = ["build", str(source), "--path-output", str(target), "--all", "-W", "--keep-going"]
    with log.open("w") as file:
        return subprocess.run(
            [str(Path(sys.executable).with_name("jupyter-book")), *command],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
            check=False,
        ).returncode


def check_weight(pages: Path) -> None:
    """Refuse pages that are too heavy.

    Raises:
        BuildError: naming each page over `MAX_PAGE` with its size.
    """
    heavy = [path for path in pages.rglob("*.html") if path.stat().st_size > MAX_PAGE]
    if heavy:
        sizes = ", ".join(f"{p.relative_to(pages)} {p.stat().st_size / 1e6:.2f} MB" for p in heavy)
        raise BuildError(f"Pages may weigh {MAX_PAGE / 1e6:g} MB; offer fewer frames: {sizes}")


def complaints(log: Path, source: Path) -> str:
    """The lines of Sphinx's log that tell what is wrong, or its end if there are none.

    Paths are told relative to `source`, which is laid out as the repository is.
    """
    lines = log.read_text().replace(f"{source}/", "").splitlines()
    found = [line for line in lines if "WARNING" in line or "ERROR" in line]
    return "\n".join(found or lines[-30:])


if __name__ == "__main__":
    sys.exit(main())
