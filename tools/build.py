"""Builds the book: `python -m tools.build`, or `make book`.

Chapters are executed first (`execute.py`), then Jupyter Book renders them with execution off and
every warning an error. The finished book replaces the old one in one step, or not at all.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.chapters import ROOT, list_chapters
from tools.execute import ChapterError, Parameters, execute
from tools.lock import exclusive
from tools.stage import stage
from tools.vendor import vendor

BUILD = ROOT / "_build"
KEY = ".build-key"


class BuildError(RuntimeError):
    """The book could not be built; the message says what to look at."""


def main() -> int:
    """Build the book; 0 when it stands, 1 with the reason on stderr when it does not."""
    options = parse_arguments()
    parameters = Parameters(options.budget, options.seed, options.device)
    try:
        with exclusive(BUILD):
            fresh = build(parameters, options.out.resolve(), jobs=options.jobs, limit=options.limit)
    except (BuildError, ChapterError) as error:
        print(f"\n{error}\n\nThe book was not built.", file=sys.stderr)
        return 1
    print(f"The book is {'built' if fresh else 'up to date'}: {options.out / 'index.html'}")
    print("Look at it with: make serve")
    return 0


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.build", description=__doc__)
    parser.add_argument("--budget", choices=("quick", "standard", "full"), default="standard")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or auto")
    parser.add_argument("--jobs", type=int, default=2, help="chapters executed at once")
    parser.add_argument("--limit", type=float, default=900, help="seconds a chapter may take")
    parser.add_argument("--out", type=Path, default=BUILD / "html", help="where the book goes")
    return parser.parse_args()


def build(parameters: Parameters, out: Path, *, jobs: int, limit: float) -> bool:
    """Bring `out` up to date; whether there was anything to do.

    Raises:
        ChapterError: a chapter failed.
        BuildError: Jupyter Book found a fault.
    """
    bring_data()
    results = execute(list_chapters(), parameters, cache=BUILD / "executed", jobs=jobs, limit=limit)
    vendor(BUILD / "vendor")
    files = stage(results, parameters)
    key = build_key(files)
    stamp = out / KEY
    if stamp.is_file() and stamp.read_text() == key:
        return False
    render(files, out, key)
    return True


def bring_data() -> None:
    """Fetch the data sets that are not there yet.

    A process of its own, since it imports torch, which would slow down a build with nothing to do.

    Raises:
        BuildError: the data cannot be had.
    """
    checksums = ROOT / "data" / "checksums.json"
    stamp = BUILD / "data-stamp"
    wanted = hashlib.sha256(checksums.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    if subprocess.run([sys.executable, "-m", "tools.fetch_data"], cwd=ROOT, check=False).returncode:
        raise BuildError("The data could not be brought; see above.")
    stamp.write_text(wanted)


def build_key(files: Mapping[str, bytes]) -> str:
    """A hash of all that the built pages depend on."""
    digest = hashlib.sha256()
    theme = [p for p in (ROOT / "tools" / "theme").rglob("*") if p.is_file()]
    sources = [*theme, *(ROOT / "tools").glob("*.py"), ROOT / "tools" / "vendor.json"]
    everything = dict(files) | {str(path): path.read_bytes() for path in sources}
    everything["lock"] = (ROOT / "requirements.lock").read_bytes()
    for name, content in sorted(everything.items()):
        digest.update(repr((name, hashlib.sha256(content).hexdigest())).encode())
    return digest.hexdigest()


def render(files: Mapping[str, bytes], out: Path, key: str) -> None:
    """Run Jupyter Book on the staged files and put the pages at `out`.

    Always from scratch: a build that goes on from an earlier one forgets that one's warnings.

    Raises:
        BuildError: it failed or warned.
    """
    with tempfile.TemporaryDirectory(prefix=".render-", dir=BUILD) as scratch:
        source = Path(scratch, "src")
        for name, content in files.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        log = BUILD / "sphinx.log"
        print(f"Rendering the pages (Sphinx's log: {log})", file=sys.stderr)
        if jupyter_book(source, Path(scratch, "result"), log):
            raise BuildError(f"Jupyter Book found faults:\n{complaints(log)}")
        pages = Path(scratch, "result", "_build", "html")
        (pages / KEY).write_text(key)
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.exists():
            out.rename(Path(scratch, "old"))
        shutil.move(pages, out)


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


def complaints(log: Path) -> str:
    """The lines of Sphinx's log that tell what is wrong, or its end if there are none."""
    lines = log.read_text().splitlines()
    found = [line for line in lines if "WARNING" in line or "ERROR" in line]
    return "\n".join(found or lines[-30:])


if __name__ == "__main__":
    sys.exit(main())
