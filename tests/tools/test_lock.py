import subprocess
import sys
import time

from tools.lock import exclusive

HOLD = """
import sys, time
from pathlib import Path
from tools.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.readline()
"""


def start(folder):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_build_waits_and_says_so(tmp_path):
    with exclusive(tmp_path):
        second = start(tmp_path)
        assert "works here; waiting" in second.stderr.readline()
        assert second.poll() is None
    assert second.stdout.readline() == "in\n"
    second.communicate("go\n", timeout=30)
    assert second.returncode == 0


def test_a_build_that_was_killed_holds_nothing(tmp_path):
    first = start(tmp_path)
    assert first.stdout.readline() == "in\n"
    first.kill()
    first.communicate()
    started = time.monotonic()
    with exclusive(tmp_path):
        assert time.monotonic() - started < 10
