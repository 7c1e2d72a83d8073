"""Creates the course's environment: `python3 tools/environment.py book` (or `test`, or `lab`).

It runs on the system's Python before anything is installed, so it uses only the standard library.
It also runs on old versions, which get a message instead of a traceback. An interrupted install is
resumed; simultaneous calls take turns.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
WANTED = {
    "book": "requirements.txt",
    "test": "requirements-dev.txt",
    "lab": "requirements-lab.txt",
}
TOLD = {
    "book": "Installing the pinned requirements (about 6 GB with PyTorch; minutes on first run)",
    "test": "Installing what the tests need",
    "lab": "Installing JupyterLab into .venv (about 50 MB; 'make book' and the pages need none)",
}
PIP = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}


class SetupError(Exception):
    """The environment cannot be created; the message says what to do."""


def main(arguments):
    """Bring the environment up to date for the given purpose; return the exit status."""
    if len(arguments) != 1 or arguments[0] not in WANTED:
        print("usage: environment.py {}".format("|".join(WANTED)), file=sys.stderr)
        return 2
    try:
        check_python(sys.version_info[:3], (ROOT / "pyproject.toml").read_text())
        with OneAtATime():
            make(arguments[0])
    except SetupError as error:
        print("{}".format(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the next call goes on from here.", file=sys.stderr)
        return 130
    return 0


def check_python(running, pyproject):
    """Refuse a Python that pyproject.toml does not allow.

    Raises:
        SetupError: the running version is not allowed.
    """
    (wanted,) = re.findall(r'requires-python = "([^"]+)"', pyproject)
    for sign, number in re.findall(r"(>=|<|!=)([\d.]+)", wanted):
        bound = tuple(int(part) for part in number.split("."))
        allowed = {">=": running >= bound, "<": running < bound, "!=": running != bound}[sign]
        if not allowed:
            raise SetupError(
                "Python {} is needed; {} is {}. Try: make PYTHON=python3.12 book".format(
                    wanted, sys.executable, ".".join(map(str, running))
                )
            )


class OneAtATime:
    """Locks the environment for this process; waits, with a message, while another one holds it."""

    def __enter__(self):
        import fcntl  # missing on non-POSIX systems; the README says so

        self.file = (ROOT / ".venv.lock").open("w")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another process prepares the environment; waiting for it.", file=sys.stderr)
            fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


def make(what):
    """Create the environment and install what is missing or outdated.

    Raises:
        SetupError: it cannot be created, or pip failed.
    """
    if not PYTHON.exists() or not (VENV / ".python").exists():
        print("Creating the environment in .venv")
        if run([sys.executable, "-m", "venv", str(VENV)]):
            raise SetupError(
                "'{} -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv".format(
                    sys.executable
                )
            )
        (VENV / ".python").touch()
    for name in ["book"] if what == "book" else ["book", what]:
        if not is_fresh(VENV / ("." + name), sources(name)):
            install(name)
            (VENV / ("." + name)).touch()  # last, so that an interrupted install is resumed


def sources(name):
    """The files that determine what is installed."""
    files = ["requirements.txt", "requirements.lock", "pyproject.toml", WANTED[name]]
    if name == "test":
        files.append("requirements-optional.txt")
    return [ROOT / file for file in files]


def is_fresh(stamp, files):
    """Whether the stamp exists and none of the files is newer."""
    return stamp.exists() and all(stamp.stat().st_mtime >= file.stat().st_mtime for file in files)


def install(name):
    """Install one list of requirements, constrained by the lock file.

    Raises:
        SetupError: pip failed.
    """
    print(TOLD[name])
    pip = [str(PYTHON), "-m", "pip", "install"]
    if talk([*pip, "-r", str(ROOT / WANTED[name]), "-c", str(ROOT / "requirements.lock")]):
        raise SetupError("pip could not install {}; see above".format(WANTED[name]))
    if name == "book":
        make_importable()


def make_importable():
    """Let the environment's Python import from this clone, whatever the working directory."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = subprocess.check_output([str(PYTHON), "-c", code], universal_newlines=True).strip()
    Path(folder, "course.pth").write_text(str(ROOT) + "\n")


def run(command):
    """Run a command; return its exit status."""
    return subprocess.call(command, cwd=str(ROOT), env=dict(os.environ, **PIP))


def talk(command):
    """Like `run`, but hide pip's line for each of the 150 packages already installed."""
    with subprocess.Popen(
        command,
        cwd=str(ROOT),
        env=dict(os.environ, **PIP),
        stdout=subprocess.PIPE,
        universal_newlines=True,
    ) as process:
        for line in process.stdout or ():
            if not line.startswith("Requirement already satisfied"):
                sys.stdout.write(line)
                sys.stdout.flush()
    return process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
