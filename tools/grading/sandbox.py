"""Starts a process in bubblewrap, without network and with access to very few files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tools.chapters import ROOT

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
CODE = ("lib", "requirements.txt", "data/checksums.json", "data/evidence")
TRIALS = ("tools/__init__.py", "tools/grading/__init__.py", "tools/grading/trials")
JUDGE = (sys.executable, "-P", "-W", "ignore", "-m", "tools.grading.trials.judge")
RUNNER = (sys.executable, "-P", "-m", "tools.grading.trials.runner")
INSIDE = "/course"  # where a sandbox has the code; nothing can be written there
NOBODY = 65534  # the user that Unix gives no files
MEMORY = 256 << 20  # bytes of files in memory that a sandbox may hold


def is_possible() -> bool:
    """Whether bubblewrap is installed and can create a sandbox."""
    if shutil.which("bwrap") is None:
        return False
    done = subprocess.run(sandboxed(["true"]), capture_output=True, check=False)
    return done.returncode == 0


def is_lasting() -> bool:
    """Whether one sandbox may serve several submissions, since each leaves nothing in /tmp.

    Python's own folders are visible at their places; where they are in /tmp, it cannot be emptied.
    """
    temporary = Path("/tmp").resolve()
    return not any(
        Path(p).resolve().is_relative_to(temporary) for p in (sys.prefix, sys.base_prefix)
    )


@cache
def has_option(name: str) -> bool:
    """Whether the installed bubblewrap knows an option."""
    done = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False)
    return name in done.stdout + done.stderr


def sandboxed(command: Sequence[str], root: Path = ROOT) -> list[str]:
    """The command wrapped in bubblewrap: its own processes and users, no network.

    It sees the system's programs, this Python, the runner and the course's code below `root`, all
    read-only, and an empty in-memory folder of its own. That folder is mounted first, since Python
    may be in /tmp.
    """
    bound = [(path, path) for path in SYSTEM if Path(path).exists()]
    bound += [(path, path) for path in sorted({sys.prefix, sys.base_prefix})]
    bound += [(str(ROOT / name), f"{INSIDE}/{name}") for name in TRIALS]
    rooms = (p.parent for p in (root / "chapters").glob("*/experiments.py"))  # no hidden tests
    names = [*CODE, *(path.relative_to(root).as_posix() for path in sorted(rooms))]
    bound += [(str((root / n).resolve()), f"{INSIDE}/{n}") for n in names if (root / n).exists()]
    wrap = [shutil.which("bwrap") or "bwrap", "--unshare-user", "--unshare-all",
            *(["--disable-userns"] if has_option("--disable-userns") else []),
            "--die-with-parent", "--new-session", "--clearenv", "--uid", str(NOBODY),
            "--gid", str(NOBODY), "--hostname", "sandbox", "--tmpfs", "/",
            "--size", str(MEMORY), "--tmpfs", "/tmp"]  # fmt: skip
    for there, here in bound:
        wrap += ["--ro-bind", there, here]
    wrap += ["--proc", "/proc", "--dev", "/dev", "--size", str(MEMORY), "--tmpfs", "/dev/shm"]
    wrap += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    for name, value in environment(INSIDE).items():
        wrap += ["--setenv", name, value]
    return [*wrap, "--", *command]


def as_user(command: Sequence[str], user: int, root: Path = ROOT) -> list[str]:
    """The command, run by root as another user, with the code below `root`."""
    switch = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs"]
    return [*switch, "env", f"PYTHONPATH={root}", *command]


def environment(*roots: Path | str) -> dict[str, str]:
    """The environment variables that judges and runners of code in these folders get."""
    return {
        "PATH": os.defpath,
        "HOME": "/tmp",
        "PYTHONPATH": os.pathsep.join(map(str, roots)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COURSE_BUDGET": "quick",
        "COURSE_PROGRESS": "off",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "TORCHDYNAMO_DISABLE": "1",  # torch.compile changes no result, and takes long
    }
