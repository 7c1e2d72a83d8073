"""Checks in two minutes what has changed: `python -m tools.check`, or `make check`.

It checks the format and the lint of all code, that the notebooks are in step with their sources,
and runs the tests that reach what differs from the main branch. Tests that open a browser, execute
chapters or build other environments are left to `make test` and `make nightly`.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.changes import find_changes, select_tests
from tools.chapters import ROOT, list_chapters

SECONDS = 120  # limit for the whole command on two cores
RESERVE = 25  # seconds that pytest needs to collect tests and to finish the last one started
LEAST = 15  # seconds for tests, however long the rest has taken
# Tests that are slow whatever has changed; in other files, tests with these marks are skipped.
SLOW = (
    "tests/book/",
    "tests/hosts/",
    "tests/faults/",
    "tests/chapters/test_twice.py",
    "tests/chapters/test_other_data.py",
    "tests/chapters/test_outputs.py",
    "tests/tools/test_assignment.py",
    "tests/tools/test_grading.py",
)
MARKS = "not browser and not nightly and not slow_fault"
SMOKE = (
    "tests/test_architecture.py",
    "tests/test_documentation.py",
    "tests/test_workflow.py",
    "tests/lib/test_checks.py",
    "tests/lib/test_intervals.py",
    "tests/lib/test_runtime.py",
    "tests/tools/test_chapters.py",
    "tests/tools/test_quotes.py",
)


@dataclass(frozen=True)
class Step:
    """A single check.

    Attributes:
        name: its name in the report.
        check: prints what is wrong and returns the exit status.
    """

    name: str
    check: Callable[[], int]


def command(*words: str) -> Callable[[], int]:
    """A check that runs a Python module in the repository."""
    return lambda: subprocess.call([sys.executable, "-m", *words], cwd=ROOT)


def check_notebooks() -> int:
    """Print the chapters whose notebooks do not match their sources; return 1 if there are any."""
    from tools.pair import is_in_step  # imported here because it is slow

    lost = [c.name for c in list_chapters() if not c.notebook.is_file() or not is_in_step(c)]
    if lost:
        print(f"not in step with their sources: {', '.join(lost)}. Run: make notebooks")
    return bool(lost)


# Checked whatever has changed. Types are checked by tests/test_types.py if code has changed.
STEPS = (
    Step("format", command("ruff", "format", "--check", "--quiet", ".")),
    Step("lint", command("ruff", "check", "--quiet", ".")),
    Step("notebooks", check_notebooks),
)


def main() -> int:
    """Run the checks; return 0 if all pass."""
    parser = argparse.ArgumentParser(prog="python -m tools.check", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that it may take")
    started, seconds = time.monotonic(), parser.parse_args().seconds
    failed = [step.name for step in STEPS if not passes(step)]
    changes = find_changes(ROOT)
    selected = select_tests(changes.files, ROOT) if changes.files else list(SMOKE)
    quick = [test for test in selected if not test.startswith(SLOW)]
    print(tell(len(changes.files), changes.since, quick, len(selected) - len(quick)), flush=True)
    left = seconds - (time.monotonic() - started) - RESERVE
    if quick and not passes(Step("tests", lambda: run_tests(quick, left))):
        failed.append("tests")
    took = time.monotonic() - started
    print(f"{'FAILED: ' + ', '.join(failed) if failed else 'Nothing failed'} in {took:.0f} s.")
    return bool(failed)


def passes(step: Step) -> bool:
    """Run and report a check, with its time in seconds; return whether it passed."""
    started = time.monotonic()
    status = step.check()
    took = time.monotonic() - started
    print(f"{step.name:10} {'FAILED' if status else 'ok':6} {took:5.1f} s", flush=True)
    return not status


def tell(changed: int, since: str, quick: Sequence[str], slow: int) -> str:
    """A description of what is run and what is left out."""
    if not since:
        told = "This is no git repository, so nothing is known to have changed"
    elif not changed:
        told = f"Nothing differs from {since}"
    else:
        told = f"{changed} files differ from {since}"
    kind = "that reach them, the nearest first" if changed else "of a small fixed set"
    named = " ".join(quick[:8]) + (f" and {len(quick) - 8} more" if len(quick) > 8 else "")
    lines = [f"{told}. Running {len(quick)} test files {kind}: {named}"]
    lines.append(
        f"Left out: {f'{slow} slow test files that reach them, and ' if slow else ''}all tests "
        "that open a browser or execute chapters ('make test', 'make nightly')."
    )
    return "\n".join(lines)


def run_tests(files: Sequence[str], seconds: float) -> int:
    """Pytest's exit status for the files; tests not started after `seconds` are skipped.

    If all tests in the files are among those left out, that counts as success.
    """
    nothing = 5  # pytest's status if it found no test
    workers = min(os.cpu_count() or 1, len(files))
    options = ["-m", MARKS, "-p", "tools.clock", "-p", "no:cacheprovider", "-rfE"]
    if workers > 1 and importlib.util.find_spec("xdist"):
        options += ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"]
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "COURSE_TESTS_SECONDS": str(max(seconds, LEAST)),
    }
    run = [sys.executable, "-m", "pytest", *options, *files]
    status = subprocess.call(run, cwd=ROOT, env=environment)
    return 0 if status == nothing else status


if __name__ == "__main__":
    sys.exit(main())
