"""In the sandbox: forks a process for each exercise, and ends it with all that it started.

It imports the libraries once. `python -m tools.grading.trials.runner [--alone] CHANNEL` reads
commands from a socket with that file descriptor. With `--alone`, which bubblewrap's processes get,
it owns every process it can see, and ends them all.
"""

import contextlib
import importlib
import os
import pickle
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tools.grading.trials.answering import answer
from tools.grading.trials.frames import GoneError, receive, send

LOOK_EVERY = 0.25  # seconds between two looks at whether a process has ended
SEGMENTS = [Path("/proc/sysvipc", name) for name in ("shm", "sem", "msg")]
TEMPORARY = (Path("/tmp"), Path("/dev/shm"))


def main() -> None:
    """Serve until the judge hangs up."""
    channel = socket.socket(fileno=int(sys.argv[-1]))
    alone = "--alone" in sys.argv and os.getuid() != 0 and not others()
    undumpable()
    importlib.import_module("torch._dynamo")  # any optimizer imports it, which takes a second
    prepared: dict[str, dict[str, object]] = {}
    try:
        while True:
            command = pickle.loads(receive(channel))
            definitions = command["definitions"]
            if definitions not in prepared:
                prepared[definitions] = {"__name__": "__main__"}
                exec(compile(definitions, "chapter", "exec"), prepared[definitions])
            _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
            serve(channel, socket.socket(fileno=descriptors[0]), prepared[definitions],
                  command["seconds"], alone)  # fmt: skip
    except GoneError:
        return


def serve(
    channel: socket.socket, theirs: socket.socket, names: dict, seconds: float, alone: bool
) -> None:
    """Fork a process for an exercise; when the judge says so, end it and say how it ended."""
    child = os.fork()
    if child == 0:
        channel.close()
        os.setpgid(0, 0)
        silence()
        try:
            answer(theirs, dict(names), seconds)
        finally:
            os._exit(0)
    theirs.close()
    send(channel, b"ready")
    while not select.select([channel], [], [], LOOK_EVERY)[0]:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            kill(child, alone)  # those that it has started hold its channel open
    with contextlib.suppress(GoneError):
        receive(channel)
    status = end(child, alone)
    send(channel, how_it_ended(status).encode())


def end(child: int, alone: bool) -> int:
    """End a process and what it has started; return its status."""
    kill(child, alone)
    _, status = os.waitpid(child, 0)
    while alone and others():  # they may fork faster than they are found
        kill(child, alone)
        time.sleep(0.01)
    if alone:
        empty()
    return status


def kill(child: int, alone: bool) -> None:
    """Kill a process and its group; if the sandbox is ours alone, all that run in it but this."""
    calls = [(os.killpg, child), (os.kill, child), *([(os.kill, -1)] if alone else [])]
    for send_signal, target in calls:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended
            send_signal(target, signal.SIGKILL)


def empty() -> None:
    """Remove files and shared memory, so that the next exercise finds none."""
    for folder in filter(Path.is_dir, TEMPORARY):
        folder.chmod(0o700)
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                for inner, _, _ in os.walk(path):  # from the top, before what is in it is looked at
                    with contextlib.suppress(OSError):  # Python itself may be in there
                        Path(inner).chmod(0o700)
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
    if any(len(path.read_text("ascii").splitlines()) > 1 for path in SEGMENTS if path.is_file()):
        subprocess.run(["ipcrm", "--all"], check=False)


def others() -> list[int]:
    """The processes in the sandbox beside this one and the first, which is bubblewrap."""
    found = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
    return [number for number in found if number not in (1, os.getpid())]


def how_it_ended(status: int) -> str:
    """What to tell of a process that ended by itself or was ended."""
    if os.WIFSIGNALED(status):
        return f"its process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"it ended the process itself (exit status {os.WEXITSTATUS(status)})"


def silence() -> None:
    """Discard everything that an answer prints; it reads nothing."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def undumpable() -> None:
    """Keep other processes from reading and tracing this one, and those that it forks (Linux)."""
    if sys.platform == "linux":
        ctypes = importlib.import_module("ctypes")
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


if __name__ == "__main__":
    main()
