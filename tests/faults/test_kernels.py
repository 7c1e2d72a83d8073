"""Kernels that exit, run out of memory, hang, flood or raise: named in time, the others kept."""

import time

import pytest

from tests.faults.cases import refused, sampled
from tools.execute import ChapterError, execute
from tools.results import Parameters

LIMIT = 60.0  # seconds that a chapter may take here
PATIENCE = 30.0  # seconds until one that took longer must be given up
TOUGH = """
import signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
"""
ENDS = {
    "exit 0": "import os; os._exit(0)",
    "exit 3": "import os; os._exit(3)",
    "quit": "quit()",
    "sys.exit": "import sys; sys.exit('enough')",
    "killed": "import os; os.kill(os.getpid(), 9)",
    "terminated": "import os, time; os.kill(os.getpid(), 15); time.sleep(99)",
    "aborted": "import os; os.abort()",
    "segmentation fault": "import ctypes; ctypes.string_at(0)",
    "loses its sockets": "import os; os.closerange(3, 4096)",
    "kills its parent": "import os; os.kill(os.getppid(), 9)",
}
RAISES = {
    "an error": ("1 / 0", "ZeroDivisionError.*division by zero"),
    "bad syntax": ("def f(:", "SyntaxError"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "no exception": ("class Odd(BaseException): pass\nraise Odd('odd')", "Odd.*odd"),
    "one that cannot be shown": (
        "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
        "Mute",
    ),
    "a chain": (
        "try:\n    1 / 0\nexcept Exception as error:\n    raise KeyError('b') from error",
        "KeyError",
    ),
    "letters of all kinds": ("raise ValueError('\\x1b[31m\\0\\udc80é猫')", "ValueError"),
    "a long message": ("raise ValueError('x' * 10_000_000)", "ValueError"),
    "out of memory": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))\n"
        "kept = [bytes(1 << 28) for _ in range(99)]",
        "MemoryError",
    ),
}  # fmt: skip
HANGS = {
    "sleeps": "import time; time.sleep(999)",
    "computes": "while True: pass",
    "waits for input": "import threading; threading.Event().wait()",
    "calls itself": "def f(): f()\nf()",  # whose traceback takes IPython longer than this
    "ignores signals": f"{TOUGH}\nwhile True: pass",
    "has children that hang": (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(999)'],\n"
        "                 start_new_session=True).wait()"
    ),
}
FLOODS = {
    "100 MB on stdout": "for _ in range(100): print('x' * 1_000_000)",
    "100 MB on stderr": "import sys\nfor _ in range(100): sys.stderr.write('x' * 1_000_000)",
    "100 MB as a result": "'x' * 100_000_000",
    "a million lines": "for k in range(1_000_000): print(k, 'x' * 90)",
    "100 MB of HTML": "from IPython.display import HTML\nHTML('<p>' * 30_000_000)",
}


@pytest.fixture
def broken(write_chapter, root, tmp_path):
    """Executes a chapter that must fail with this message, beside a good one, which is kept."""

    def run(code, match, limit=LIMIT):
        options = {"cache": tmp_path / "cache", "root": root}
        good = write_chapter("01_good", "import time\nprint(time.time_ns())")
        (before,) = execute([good], Parameters("quick"), **options)
        bad = write_chapter("02_bad", code, "import time\ntime.sleep(0.5)", "done = True")
        started = time.monotonic()
        with refused(ChapterError, match=["Chapter 02_bad failed", match]):
            execute([good, bad], Parameters("quick"), limit=limit, **options)
        assert time.monotonic() - started < limit + PATIENCE
        (kept,) = execute([good], Parameters("quick"), **options)
        assert kept.notebook() == before.notebook(), "the good one ran again"
        assert len(list((tmp_path / "cache").rglob("notebook.ipynb"))) == 1

    return run


@pytest.mark.parametrize("kind", sampled(ENDS, quick=1))
def test_a_kernel_that_ends_is_an_error_of_its_chapter(kind, broken):
    # Who quits is let go when the next cell is done.
    broken(ENDS[kind], "in cell 5" if kind == "quit" else "in cell 3")


@pytest.mark.parametrize("kind", sampled(RAISES, quick=1))
def test_what_a_cell_raises_is_told_with_the_cell(kind, broken):
    code, said = RAISES[kind]
    broken(code, said)


@pytest.mark.parametrize("kind", sampled(HANGS, quick=0))
def test_a_kernel_that_hangs_is_stopped(kind, broken):
    broken(HANGS[kind], "longer than 12 seconds|RecursionError", limit=12)


@pytest.mark.parametrize("kind", sampled(FLOODS, quick=0))
def test_a_chapter_that_floods_its_page_is_named(kind, broken):
    broken(
        FLOODS[kind],
        r"it put out \d+ MB; a cell may put out 20 MB|waiting for IOPub output|ran longer",
    )
