from collections import Counter
from pathlib import Path

from tests.lib.conftest import one_thread  # noqa: F401  (fixtures of each module here)
from tests.tools.conftest import root, write_chapter  # noqa: F401

FOLDER = "tests/faults/"


def pytest_terminal_summary(terminalreporter):
    """How many cases of each family ran, and how they ended."""
    counts: dict[str, Counter] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            path = report.nodeid.split("::")[0]
            if path.startswith(FOLDER):
                family = Path(path).stem.removeprefix("test_").replace("_", " ")
                counts.setdefault(family, Counter())[outcome] += 1
    if not counts:
        return
    terminalreporter.section("faults")
    for family, found in [*sorted(counts.items()), ("in all", sum(counts.values(), Counter()))]:
        told = ", ".join(f"{number} {outcome}" for outcome, number in found.items())
        terminalreporter.write_line(f"{family:22}{found.total():5} cases: {told}")
