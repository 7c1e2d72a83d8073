"""Functions that run in processes of their own, and die there where a test wants them to."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from types import FrameType

from tools.chapters import ROOT


def start(function: Callable[[], object]) -> int:
    """The number of a process that runs the function and ends with 0, or with 1 if it raised."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        function()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)  # whatever happens, it must not go on as a second test run


def end(pid: int) -> int:
    """How a process ended: its status, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(function: Callable[[], object]) -> int:
    """How a process that runs the function ends."""
    return end(start(function))


def together(
    functions: Sequence[Callable[[], object]], *, meanwhile: Callable[[], object] = lambda: None
) -> list[int]:
    """How processes end that run these functions at one time; `meanwhile` is called over and over.

    All begin when the last of them is there.
    """
    reading, writing = os.pipe()

    def wait_and_call(function: Callable[[], object]) -> None:
        os.close(writing)
        os.read(reading, 1)  # returns in all of them when the last writing end is closed
        function()

    pids = [start(lambda f=function: wait_and_call(f)) for function in functions]
    os.close(writing)
    os.close(reading)
    ended: dict[int, int] = {}
    while len(ended) < len(pids):
        meanwhile()
        for pid in set(pids) - set(ended):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                ended[pid] = os.waitstatus_to_exitcode(status)
    return [ended[pid] for pid in pids]


def count_lines(function: Callable[[], object], modules: Sequence[str]) -> int:
    """How many lines of these files a call runs."""
    lines = 0

    def step() -> None:
        nonlocal lines
        lines += 1

    _traced(function, modules, step)
    return lines


def killed_at_line(function: Callable[[], object], modules: Sequence[str], line: int) -> int:
    """How a process ends that runs the function and gets SIGKILL before so many lines."""
    left = line

    def step() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return run(lambda: _traced(function, modules, step))


def killed_after(function: Callable[[], object], seconds: float) -> int:
    """How a process ends that runs the function and gets SIGKILL after a while."""
    pid = start(function)
    timer = threading.Timer(seconds, os.kill, [pid, signal.SIGKILL])
    timer.start()
    status = end(pid)
    timer.cancel()
    return status


def _traced(
    function: Callable[[], object], modules: Sequence[str], step: Callable[[], None]
) -> None:
    """Call the function; `step` is called before every line of the files."""
    files = {str(ROOT / module) for module in modules}

    def on_line(frame: FrameType, event: str, _: object) -> Callable:
        if event == "line":
            step()
        return on_line

    def on_call(frame: FrameType, event: str, _: object) -> Callable | None:
        return on_line if frame.f_code.co_filename in files else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        function()
    finally:
        sys.settrace(before)
