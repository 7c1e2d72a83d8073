"""A plugin of pytest that starts no test after the time in COURSE_TESTS_UNTIL; it skips them.

`tools.check` uses it: what was not reached is counted, so that nobody takes it for passed.
"""

import os
import time

import pytest

REASON = "no time left in 'make check'"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that would start too late."""
    until = os.environ.get("COURSE_TESTS_UNTIL")
    if until and time.time() > float(until):
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
