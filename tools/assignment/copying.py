"""Copies parts of the course into the material that is handed out."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from tools.chapters import ROOT


def copy_from_course(names: Iterable[str], out: Path) -> None:
    """Copy files and folders of the course to the same places below `out`."""
    for name in names:
        source, target = ROOT / name, out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
