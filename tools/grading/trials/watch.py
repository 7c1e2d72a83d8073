"""Trusted: ends a sandbox that takes too much memory, whatever the processes in it do.

Limits of single processes do not add up to one of all, so this watches the sum from outside, on
Linux: the memory of all processes of the sandbox, and memory that no process maps, such as files in
memory and shared segments, by how much the machine's has grown.
"""

import contextlib
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TOTAL = 4 << 30  # bytes that the processes of one exercise may take together
LEAST = 512 << 20  # bytes that the machine must have left
EVERY = 0.25  # seconds between two looks
PROC = Path("/proc")


class Watch:
    """What was seen.

    Attributes:
        reason: why the sandbox was ended; "" if it was not.
    """

    reason = ""


@contextlib.contextmanager
def watching(process: subprocess.Popen) -> Iterator[Watch]:
    """Watch a sandbox meanwhile, and kill its first process if it takes too much."""
    watch, done = Watch(), threading.Event()
    thread = threading.Thread(target=_look, args=(process, watch, done), daemon=True)
    if (PROC / "meminfo").is_file():
        thread.start()
    try:
        yield watch
    finally:
        done.set()
        if thread.is_alive():
            thread.join()


def _look(process: subprocess.Popen, watch: Watch, done: threading.Event) -> None:
    own, shared = taken(process.pid), _machine()["Shmem"]
    while not done.wait(EVERY):
        machine = _machine()
        if max(taken(process.pid) - own, machine["Shmem"] - shared) > TOTAL:
            watch.reason = f"took more than {TOTAL >> 30} GiB of memory"
        elif machine["MemAvailable"] < LEAST:
            watch.reason = "the machine ran short of memory"
        if watch.reason:
            process.kill()
            return


def taken(process: int) -> int:
    """Bytes of memory, without files, of a process and all that descend from it."""
    children: dict[int, list[int]] = defaultdict(list)
    sizes: dict[int, int] = {}
    for path in PROC.iterdir():
        if path.name.isdecimal() and (found := _status(path / "status")):
            children[found["PPid"]].append(int(path.name))
            sizes[int(path.name)] = 1024 * (found.get("RssAnon", 0) + found.get("RssShmem", 0))
    left, total = [process], 0
    while left:
        one = left.pop()
        total += sizes.get(one, 0)
        left += children[one]
    return total


def _status(path: Path) -> dict[str, int]:
    """The numbers in a process's status; none if it has ended."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    fields = (line.split(":", 1) for line in lines)
    return {name: int(value.split()[0]) for name, value in fields
            if name in ("PPid", "RssAnon", "RssShmem")}  # fmt: skip


def _machine() -> dict[str, int]:
    """Bytes of shared and of available memory."""
    lines = (PROC / "meminfo").read_text("ascii").splitlines()
    fields = (line.split(":", 1) for line in lines)
    return {name: 1024 * int(value.split()[0]) for name, value in fields
            if name in ("Shmem", "MemAvailable")}  # fmt: skip
