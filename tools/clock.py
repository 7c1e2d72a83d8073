"""A pytest plugin that starts no test after COURSE_TESTS_SECONDS seconds.

It skips the remaining tests instead. Time counts from the first test on, so some always run if
tests can be collected. `tools.check` uses it: tests that were not reached are counted and named,
so that nobody takes them for passed.
"""

import os
import time

import pytest

REASON = "no time left in 'make check'"
_started: list[float] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that would start too late."""
    seconds = os.environ.get("COURSE_TESTS_SECONDS")
    if not _started:
        _started.append(time.monotonic())
    elif seconds and time.monotonic() - _started[0] > float(seconds):
        pytest.skip(REASON)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests were skipped for lack of time."""
    skipped = terminalreporter.stats.get("skipped", [])
    late = [report for report in skipped if REASON in str(report.longrepr)]
    if late:
        files = sorted({report.nodeid.split("::")[0] for report in late})
        terminalreporter.write_line(
            f"{len(late)} tests were not reached in time ('make test' runs them), in: "
            f"{', '.join(files)}"
        )
