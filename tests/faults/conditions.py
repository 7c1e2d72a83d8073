"""What can be wrong with a place to write to, for the process that asks for it and no other."""

import ctypes
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_PRIVATE, MS_REC = 0x1, 0x20, 0x40000, 0x4000
CAPABILITIES = 0x20080522  # the version of the system's structure
MOST = 64 << 10  # bytes


ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such mounts")


def mount_small(folder: Path) -> None:
    """Put a file system of 3 MiB over the folder, for this process alone.

    Raises:
        OSError: this system does not allow it; then bubblewrap, which other tests need, cannot
            work either.
    """
    _own_mounts()
    _call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", 0, b"size=3m")


def fill(folder: Path) -> None:
    """Leave no space: the next write ends with "No space left on device"."""
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                continue
        except OSError:
            return


def make_read_only(folder: Path) -> None:
    """Let nothing be written any more."""
    _call("mount", b"", os.fsencode(folder), b"", MS_REMOUNT | MS_RDONLY, None)


def forbid(folder: Path) -> None:
    """Take away the right to write; root's rights are taken from this process, too."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    header = (ctypes.c_uint32 * 2)(CAPABILITIES, 0)
    _call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def limit_files(folder: Path) -> None:
    """Let no file grow beyond 64 KiB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, MOST))


def use_up_files(folder: Path) -> None:
    """Leave this process no file to open."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # the standard ones


def _own_mounts() -> None:
    """From now on this process sees mounts that no other does."""
    try:
        _call("unshare", CLONE_NEWNS)
    except PermissionError:  # no right to, as in most containers: as root of users of its own
        _call("unshare", CLONE_NEWNS | CLONE_NEWUSER)
    _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


SPOILED: dict[str, Callable[[Path], None]] = {
    "full disk": fill,
    "read-only": make_read_only,
    "no permission": forbid,
    "too large a file": limit_files,
    "too many files": use_up_files,
}
MOUNTED = ("full disk", "read-only")
