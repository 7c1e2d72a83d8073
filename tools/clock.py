"""A plugin of pytest that starts no test once the seconds in COURSE_TESTS_SECONDS have passed.

It skips them instead. The seconds count from the first test on, so that some are run wherever tests
can be collected. `tools.check` uses it: what was not reached is counted and named, so that nobody
takes it for passed.
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
    """Say how many tests the time did not allow."""
    skipped = terminalreporter.stats.get("skipped", [])
    late = [report for report in skipped if REASON in str(report.longrepr)]
    if late:
        files = sorted({report.nodeid.split("::")[0] for report in late})
        terminalreporter.write_line(
            f"{len(late)} tests were not reached in time ('make test' runs them), in: "
            f"{', '.join(files)}"
        )
