"""Replaces folders atomically."""

import ctypes
import os
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # Linux's values


def replace_folder(target: Path, fresh: Path) -> None:
    """Replace `target` by `fresh`; the old folder, if any, is next to it afterwards.

    This takes one step if the system supports it, so that a process killed at any time leaves one
    of the two in place; otherwise it takes two, and the old one is put back if the second fails.

    Args:
        target: the folder to replace; it need not exist.
        fresh: its replacement, on the same file system.

    Raises:
        OSError: it cannot be replaced; the target is unchanged.
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
    """Swap two folders in one step; return False if the system cannot."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "renameat2"):
        return False
    first, second = os.fsencode(one), os.fsencode(other)
    return libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE) == 0
