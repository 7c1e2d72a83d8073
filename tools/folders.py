"""Folders that are replaced as a whole."""

import ctypes
import os
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # as Linux has them


def replace_folder(target: Path, fresh: Path) -> None:
    """Put `fresh` in the place of `target`; a folder that was there is beside it afterwards.

    In one step where the system can, so that a process killed at any time leaves one of the two
    there; else in two, and the old one is put back where the second fails.

    Args:
        target: the folder to replace; it need not be there.
        fresh: what comes in its place, on the same file system.

    Raises:
        OSError: it cannot be replaced; the target is what it was.
    """
    if not target.exists():
        fresh.rename(target)
    elif not _exchange(target, fresh):
        old = fresh.with_name("old")
        target.rename(old)
        try:
            fresh.rename(target)
        except OSError:
            old.rename(target)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the system cannot."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "renameat2"):
        return False
    first, second = os.fsencode(one), os.fsencode(other)
    return libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE) == 0
