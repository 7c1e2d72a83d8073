"""Programs that tests need beside Python: found on PATH, or installed where that is allowed."""

import os
import shutil
import subprocess
from collections.abc import Sequence


def find_program(names: Sequence[str], *, package: str, needed_by: str) -> str:
    """The path of the first of these programs; Debian's package is installed if this is root.

    Args:
        names: of the program, on PATH.
        package: Debian's, which brings one of them.
        needed_by: which tests need it, for the message.

    Raises:
        RuntimeError: there is none and none can be installed; it says how to get one.
    """
    path = _first(names)
    if path is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", package]):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        path = _first(names)
    if path is None:
        raise RuntimeError(
            f"{needed_by} need {package}, and PATH has no {' or '.join(names)}. Install it "
            f"('apt-get install {package}' on Debian and Ubuntu)"
        )
    return path


def _first(names: Sequence[str]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)
