"""Types: what the annotations of `lib` and of the chapters' rooms say fits together."""

import subprocess
import sys

from tools.chapters import ROOT


def test_the_type_checker_finds_nothing():
    checker = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable]
    done = subprocess.run([*checker, "-p", str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
