"""Starts a judge in bubblewrap, without network and with access to very few files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.chapters import ROOT

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
SHARED = ("lib", "tools", "requirements.txt", "data/checksums.json", "data/evidence")
JUDGE = (sys.executable, "-m", "tools.grading.judge")


def is_possible() -> bool:
    """Whether bubblewrap is installed and can create a sandbox."""
    if shutil.which("bwrap") is None:
        return False
    done = subprocess.run(sandboxed(["true"]), capture_output=True, check=False)
    return done.returncode == 0


def sandboxed(command: Sequence[str]) -> list[str]:
    """The command wrapped in bubblewrap: its own processes and users, no network.

    It sees the system's programs, this Python and the course's code, all read-only, and an empty
    in-memory folder of its own. That folder is mounted first, since the course may be in /tmp.
    """
    bound = [path for path in SYSTEM if Path(path).exists()]
    bound += [str(ROOT / name) for name in SHARED]
    rooms = (ROOT / "chapters").glob("*/experiments.py")  # rooms contain no hidden tests
    bound += [str(path.parent) for path in rooms]
    bound += sorted({sys.prefix, sys.base_prefix})
    wrap = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv",
            "--uid", "65534", "--gid", "65534", "--hostname", "judge", "--tmpfs", "/",
            "--tmpfs", "/tmp"]  # fmt: skip
    for path in bound:
        wrap += ["--ro-bind", path, path]
    wrap += ["--proc", "/proc", "--dev", "/dev", "--chdir", "/tmp"]
    for name, value in environment().items():
        wrap += ["--setenv", name, value]
    return [*wrap, "--", *command]


def environment() -> dict[str, str]:
    """The environment variables that a judge gets."""
    return {
        "PATH": os.defpath,
        "HOME": "/tmp",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
