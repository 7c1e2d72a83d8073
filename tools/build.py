"""Builds the book: `python -m tools.build`, or `make book`.

Chapters are executed first (`execute.py`); where no book is there yet, those that are ready can be
read meanwhile (`preview.py`). Then Jupyter Book renders all of them with execution off and every
warning an error. The finished book replaces the old one in one step, or not at all.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lib.datasets.downloads import DownloadError
from lib.datasets.fashion_mnist_files import fetch_fashion_mnist
from lib.evidence.ledger import LedgerError, evidence_folder, load_ledger
from lib.files import write_atomically
from tools.chapters import ROOT, Chapter, CourseError, list_chapters
from tools.claims_page.found import agreement, found_cards
from tools.execute import execute
from tools.folders import replace_folder
from tools.lock import exclusive
from tools.preview import KEY, Preview, book_command, book_environment, is_book
from tools.results import RECORD, Executed, Parameters
from tools.vendor import vendor

BUILD = ROOT / "_build"
DEVICES = ("auto", "cpu", "cuda", "mps")


class BuildError(CourseError):
    """The book could not be built; the message says where to look."""


def main() -> int:
    """Build the book; return 0, or 1 or 130 with the reason on stderr if that failed."""
    options = parse_arguments()
    with reporting("The book was not built.") as status:
        parameters = Parameters(options.budget, options.seed, find_device(options.device))
        with exclusive(BUILD):
            fresh = build(
                parameters,
                options.out.resolve(),
                jobs=options.jobs or default_jobs(),
                limit=options.limit,
                solutions=options.solutions,
                preview=not options.without_preview,
            )
        print(f"The book is {'built' if fresh else 'up to date'}: {options.out / 'index.html'}")
        print("Look at it with: make serve")
    return status.code


@dataclass
class Status:
    """The exit status of a command."""

    code: int = 0


@contextmanager
def reporting(consequence: str) -> Iterator[Status]:
    """Turn errors and interrupts into a message and an exit status."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    status = Status()
    try:
        yield status
    except (CourseError, LedgerError) as error:
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
    parser.add_argument("--seed", type=at_least(0, "SEED"), default=0)
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument("--jobs", type=at_least(1, "JOBS"), help="chapters executed at once")
    parser.add_argument("--limit", type=float, default=900, help="seconds a chapter may take")
    parser.add_argument("--solutions", choices=("show", "hide"), default="show")
    parser.add_argument("--without-preview", action="store_true", help="show nothing meanwhile")
    parser.add_argument("--out", type=Path, default=BUILD / "html", help="where the book goes")
    return parser.parse_args()


def at_least(least: int, name: str) -> Callable[[str], int]:
    """An argparse type for an option that has to be a whole number of at least `least`."""

    def read(text: str) -> int:
        if not text.lstrip("-").isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"{name} must be a whole number of at least {least}; got {text!r}"
            )
        return int(text)

    return read


def find_device(device: str) -> str:
    """Resolve one of `DEVICES` to a device of this machine, before any chapter starts.

    Results are kept under this name, so it cannot be "auto".

    Raises:
        BuildError: this machine does not have it.
    """
    if device == "cpu":
        return device
    from lib import runtime  # imported here because it takes seconds

    try:
        return str(runtime.choose_device(device))
    except ValueError as error:
        raise BuildError(f"{error}. Leave DEVICE out to compute on the CPU.") from error


def default_jobs() -> int:
    """How many chapters to execute at once: two if there are two cores."""
    return min(2, os.cpu_count() or 1)


def build(
    parameters: Parameters,
    out: Path,
    *,
    jobs: int,
    limit: float,
    solutions: str = "show",
    preview: bool = True,
) -> bool:
    """Bring `out` up to date; return whether there was anything to do.

    The chapters' results never fail the build: its last line compares them with the evidence.

    Args:
        solutions: "show" or "hide", see `stage`.
        preview: whether finished chapters can be read while others are executed.

    Raises:
        ChapterError: a chapter failed.
        BuildError: Jupyter Book reported an error or a warning.
    """
    bring_data()
    vendor(BUILD / "vendor")
    chapters = list_chapters()

    def staged(results: list[Executed], waiting: Sequence[Chapter] = ()) -> dict[str, bytes]:
        from tools.stage import stage  # imported here: slow, and often not needed

        return stage(results, parameters, load_ledger(), solutions=solutions, waiting=waiting)

    def show(results: list[Executed]) -> None:
        waiting = [chapter for chapter in chapters if chapter not in {r.chapter for r in results}]
        meanwhile.render(staged(results, waiting), out)

    with Preview(show, wanted=preview and not is_book(out)) as meanwhile:
        results = execute(
            chapters, parameters, cache=BUILD / "executed", jobs=jobs, limit=limit,
            ready=meanwhile.offer,
        )  # fmt: skip
    key = build_key(inputs(results, solutions))
    stamp = out / KEY
    fresh = not (stamp.is_file() and stamp.read_text() == key)
    if fresh:
        render(staged(results), out, key)
        note_pages(results, parameters, out)
    ledger = load_ledger()
    cards = [found_cards(result.folder / "claims", ledger).values() for result in results]
    print(agreement([card for of_chapter in cards for card in of_chapter]))
    return fresh


def bring_data() -> None:
    """Fetch missing data sets and verify the others.

    Raises:
        BuildError: the data cannot be fetched.
    """
    try:
        fetch_fashion_mnist(progress=True)
    except DownloadError as error:
        raise BuildError(f"The data could not be brought: {error}") from error


def inputs(results: Iterable[Executed], solutions: str) -> dict[str, bytes]:
    """Everything that the pages are made of, by name: results of runs and written files."""
    chapters = ROOT / "chapters"
    written = [
        *(path for kind in ("*.md", "*.yml", "*.bib") for path in ROOT.glob(kind)),
        *chapters.glob("*.yml"),
        *evidence_folder().rglob("*.json"),
        ROOT / "benchmarks" / "results.json",
    ]
    files = {str(path): path.read_bytes() for path in written}
    for result in results:
        source = result.chapter.source
        files |= {str(source): source.read_bytes(), source.stem: result.folder.name.encode()}
        files[f"{source.stem} run"] = (result.folder / RECORD).read_bytes()
    return files | {"solutions": solutions.encode()}


def build_key(files: Mapping[str, bytes]) -> str:
    """A hash of `files` and of the code that turns them into pages."""
    digest = hashlib.sha256()
    folders = [ROOT / "tools" / "theme", ROOT / "lib" / "widgets"]
    code = [path for folder in folders for path in folder.rglob("*") if path.suffix != ".pyc"]
    packages = [ROOT / "tools", ROOT / "tools" / "claims_page", ROOT / "lib"]
    modules = [path for package in packages for path in package.glob("*.py")]
    sources = [*filter(Path.is_file, code), *modules, ROOT / "tools" / "vendor.json"]
    everything = dict(files) | {str(path): path.read_bytes() for path in sources}
    everything["lock"] = (ROOT / "requirements.lock").read_bytes()
    for name, content in sorted(everything.items()):
        digest.update(repr((name, hashlib.sha256(content).hexdigest())).encode())
    return digest.hexdigest()


def render(files: Mapping[str, bytes], out: Path, key: str) -> None:
    """Run Jupyter Book on the staged files and put the pages into `out`.

    Always from scratch: an incremental build forgets the warnings of the earlier one.

    Raises:
        BuildError: it failed or warned, or `out` holds something other than a book.
    """
    check_target(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    for left in out.parent.glob(".render-*"):  # from a build that was killed
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
        (pages / KEY).write_text(key)
        replace_folder(out, pages)


def check_target(out: Path) -> None:
    """Refuse to replace a folder that was not made by one of our builds.

    Raises:
        BuildError: `out` is a file, or a folder that holds something other than a book.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / KEY).is_file()):
        raise BuildError(f"{out} holds something else than a book; name another folder for it.")


def jupyter_book(source: Path, target: Path, log: Path) -> int:
    """Jupyter Book's exit status, with warnings as errors; its output goes to `log`."""
    with log.open("w") as file:
        return subprocess.run(
            book_command(source, target, "--all", "-W", "--keep-going"),
            stdout=file,
            stderr=subprocess.STDOUT,
            env=book_environment(),
            check=False,
        ).returncode


def note_pages(results: Iterable[Executed], parameters: Parameters, out: Path) -> None:
    """Record the time, memory and size of each chapter's page, for `tools.evidence` to keep.

    Limits are not enforced here: tests check them on the records that are kept.
    """
    noted = {
        result.chapter.name: {
            "key": result.folder.name,
            "seconds": result.seconds,
            "peak_bytes": result.peak_bytes,
            "bytes": (out / f"{result.chapter.docname}.html").stat().st_size,
        }
        for result in results
    }
    write_atomically(pages_file(parameters), json.dumps(noted, indent=1))


def pages_file(parameters: Parameters) -> Path:
    """The file that `note_pages` writes."""
    return BUILD / "pages" / f"{parameters.budget}-{parameters.seed}-{parameters.device}.json"


def complaints(log: Path, source: Path) -> str:
    """The warnings and errors in Sphinx's log, or its last lines if there are none.

    Paths are given relative to `source`, which is laid out like the repository.
    """
    lines = log.read_text().replace(f"{source}/", "").splitlines()
    found = [line for line in lines if "WARNING" in line or "ERROR" in line]
    return "\n".join(found or lines[-30:])


if __name__ == "__main__":
    sys.exit(main())
