"""Opens copies of the chapters' notebooks in JupyterLab: `python -m tools.lab`, or `make lab`.

The copies are in `_build/lab`. They are not paired with a source, so saving one does not change the
course. A copy is replaced when its chapter changes, unless the user has changed it.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import nbformat

from lib.files import write_atomically
from tools.build import BUILD, reporting
from tools.chapters import Chapter, CourseError, list_chapters

FOLDER = BUILD / "lab"
MADE = ".made.json"  # hashes of the copies as we wrote them, by name


def main() -> int:
    """Bring the copies up to date and start JupyterLab on them; return its exit status."""
    with reporting("JupyterLab was not started.") as status:
        for name in renew(list_chapters(), FOLDER):
            print(
                f"{FOLDER / name} stays as you saved it, although the chapter has changed: rename "
                "or delete it to get the new one."
            )
        print(f"Notebooks to work in: {FOLDER}. Nothing that you save there changes a chapter.")
        status.code = start(FOLDER, sys.argv[1:])
    return status.code


def renew(chapters: Iterable[Chapter], folder: Path) -> list[str]:
    """Write the copies that are missing or outdated.

    Returns:
        The names of copies that the user has changed and whose chapter has also changed; they are
        left alone.

    Raises:
        CourseError: a chapter has no notebook.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / MADE
    made: dict[str, str] = json.loads(record.read_text("utf-8")) if record.is_file() else {}
    kept = []
    for chapter in chapters:
        text, target = copy_of(chapter), folder / chapter.notebook.name
        fresh = digest(text)
        if not target.is_file() or digest(target.read_text("utf-8")) == made.get(target.name):
            write_atomically(target, text)
            made[target.name] = fresh
            write_atomically(record, json.dumps(made, indent=1))
        elif made.get(target.name) != fresh:
            kept.append(target.name)
    return kept


def copy_of(chapter: Chapter) -> str:
    """The notebook without its pairing; otherwise Jupytext would write a source next to it.

    Raises:
        CourseError: the chapter has no notebook.
    """
    if not chapter.notebook.is_file():
        raise CourseError(f"{chapter.notebook} is not there; 'make notebooks' writes it")
    notebook = nbformat.read(chapter.notebook, as_version=4)
    notebook.metadata.pop("jupytext", None)
    return nbformat.writes(notebook) + "\n"


def digest(text: str) -> str:
    """A hash of a notebook's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def start(folder: Path, options: list[str]) -> int:
    """Run JupyterLab on a folder until it is stopped; return its exit status.

    It uses this environment's kernels, whatever else is installed on this machine.
    """
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", *options]
    return subprocess.call(command, env=os.environ | {"JUPYTER_PREFER_ENV_PATH": "1"})


if __name__ == "__main__":
    sys.exit(main())
