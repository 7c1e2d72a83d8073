"""Starts a judge in bubblewrap, without network and with access to very few files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.chapters import ROOT

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
CODE = ("lib", "requirements.txt", "data/checksums.json", "data/evidence")
# By its path and without the folder it is in: what a judge imports comes from the assignment.
PROGRAM = Path(__file__).with_name("judge.py")
JUDGE = (sys.executable, "-P", str(PROGRAM))


def is_possible() -> bool:
    """Whether bubblewrap is installed and can create a sandbox."""
    if shutil.which("bwrap") is None:
        return False
    done = subprocess.run(sandboxed(["true"]), capture_output=True, check=False)
    return done.returncode == 0


def sandboxed(command: Sequence[str], root: Path = ROOT) -> list[str]:
    """The command wrapped in bubblewrap: its own processes and users, no network.

    It sees the system's programs, this Python, the judge and the course's code below `root`, all
    read-only, and an empty in-memory folder of its own. That folder is mounted first, since the
    course may be in /tmp.
    """
    root = root.resolve()
    bound = [path for path in SYSTEM if Path(path).exists()]
    bound += [str(PROGRAM), *(str(root / n) for n in CODE if (root / n).exists())]
    rooms = (root / "chapters").glob("*/experiments.py")  # rooms contain no hidden tests
    bound += [str(path.parent) for path in rooms]
    bound += sorted({sys.prefix, sys.base_prefix})
    wrap = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv",
            "--uid", "65534", "--gid", "65534", "--hostname", "judge", "--tmpfs", "/",
            "--tmpfs", "/tmp"]  # fmt: skip
    for path in bound:
        wrap += ["--ro-bind", path, path]
    wrap += ["--proc", "/proc", "--dev", "/dev", "--chdir", "/tmp"]
    for name, value in environment(root).items():
        wrap += ["--setenv", name, value]
    return [*wrap, "--", *command]


def environment(root: Path = ROOT) -> dict[str, str]:
    """The environment variables that a judge of code below `root` gets."""
    return {
        "PATH": os.defpath,
        "HOME": "/tmp",
        "PYTHONPATH": str(root.resolve()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COURSE_BUDGET": "quick",
        "COURSE_PROGRESS": "off",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
