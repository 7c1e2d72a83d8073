"""Which files differ from the main branch, and which tests reach them."""

import fnmatch
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.reach import reached_files

BASES = ("origin/HEAD", "origin/main", "main")  # the first one that exists counts
FOLLOWED = ("lib", "chapters", "tools", "tests", "benchmarks")
# Tests that read files instead of importing them: patterns of the files -> the tests.
READERS = {
    "chapters/*.py": [
        "tests/chapters/test_sources.py",
        "tests/chapters/test_evidence.py",
        "tests/chapters/test_hidden.py",
        "tests/test_reference_pages.py",
    ],
    "chapters/*.ipynb": ["tests/chapters/test_sources.py"],
    "chapters/hidden/*.py": ["tests/chapters/test_hidden.py"],
    "chapters/*/*.py": [
        "tests/chapters/test_evidence.py",
        "tests/test_architecture.py",
        "tests/test_types.py",
    ],
    "chapters/elsewhere.yml": [
        "tests/tools/test_elsewhere.py",
        "tests/tools/test_bibliography.py",
    ],
    "chapters/syllabus.yml": ["tests/tools/test_syllabus_page.py"],
    "data/evidence/*": ["tests/chapters/test_evidence.py"],
    "data/checksums.json": ["tests/lib/datasets/test_fashion_mnist_files.py"],
    "lib/*.py": ["tests/test_architecture.py", "tests/test_types.py"],
    "lib/widgets/*/*": ["tests/tools/test_javascript.py", "tests/lib/widgets/test_assets.py"],
    "tests/lib/widgets/js/*": ["tests/tools/test_javascript.py"],
    "tests/book/*.js": ["tests/tools/test_javascript.py"],
    "tools/js/*": ["tests/tools/test_javascript.py"],
    "tools/printing/*.js": ["tests/tools/test_javascript.py", "tests/tools/test_printing.py"],
    "tools/printing/*.ts": ["tests/tools/test_javascript.py"],
    "tools/theme/*": ["tests/tools/test_javascript.py", "tests/tools/test_sphinx_course.py"],
    "tools/theme/claims.*": ["tests/tools/claims_page/test_filters.py"],
    "tools/mutants.py": ["tests/tools/test_mutants.py"],
    "*.md": ["tests/test_documentation.py", "tests/test_reference_pages.py", "tests/test_cards.py"],
    "_toc.yml": ["tests/test_reference_pages.py"],
    "_config.yml": ["tests/tools/test_colab.py"],
    "references.bib": ["tests/tools/test_bibliography.py", "tests/tools/test_elsewhere.py"],
    "Makefile": ["tests/test_documentation.py", "tests/test_workflow.py"],
    ".github/*": ["tests/test_workflow.py"],
    ".ci/*": ["tests/test_workflow.py"],
    "requirements*": ["tests/tools/test_environment.py"],
    "pyproject.toml": ["tests/tools/test_environment.py"],
}


@dataclass(frozen=True)
class Changes:
    """What differs from the main branch.

    Attributes:
        files: sorted paths relative to the repository, deleted files included.
        since: the name of what they are compared with; empty if git knows none.
    """

    files: list[str]
    since: str


def find_changes(root: Path) -> Changes:
    """The files changed since this branch left the main one, uncommitted changes included.

    Without a main branch, it compares with the last commit; without git or a repository, nothing
    counts as changed.
    """
    since = "HEAD"
    for base in BASES:
        if found := _git(root, "merge-base", "HEAD", base):
            since = found[0]
            break
    else:
        base = "the last commit"
        if not _git(root, "rev-parse", "--verify", "HEAD"):
            return Changes([], "")
    differing = _git(root, "diff", "--name-only", "-z", "--no-renames", since)
    new = _git(root, "ls-files", "-z", "--others", "--exclude-standard")
    return Changes(sorted({*differing, *new}), f"{base} ({since[:8]})")


def _git(root: Path, *command: str) -> list[str]:
    """The lines or names that a git command prints; none if it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *command], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return []
    ends = "\0" if "-z" in command else "\n"
    return [] if done.returncode else [part for part in done.stdout.split(ends) if part]


def select_tests(changed: Iterable[str], root: Path) -> list[str]:
    """The test files that the changes affect, those closest to a change first.

    A test file is affected if it has changed itself, if its imports (or those of the `conftest.py`
    next to it) reach a changed file, or if `READERS` says that it reads one.
    """
    changed = set(changed)
    reach = reach_of_tests(root)
    readers = {
        test
        for file in changed
        for pattern, tests in READERS.items()
        if fnmatch.fnmatch(file, pattern) and _as_deep(file, pattern)
        for test in tests
    }
    names = {Path(file).stem for file in changed}

    def distance(test: str) -> tuple[int, int]:
        mirrored = Path(test).stem.removeprefix("test_") in names
        order = 0 if test in changed else 1 if mirrored else 2 if test in readers else 3
        return order, len(reach[test])

    found = {test for test, reached in reach.items() if test in readers or reached & changed}
    return sorted(found, key=lambda test: (distance(test), test))


def _as_deep(file: str, pattern: str) -> bool:
    """Whether a pattern is as deep as a file's path; fnmatch alone lets `*` match slashes.

    A pattern that starts with `lib/`, `data/` or a dot covers everything below its folder.
    """
    return pattern.startswith(("lib/", "data/", ".")) or file.count("/") == pattern.count("/")


def reach_of_tests(root: Path) -> Mapping[str, frozenset[str]]:
    """The files that each test file reaches, itself included, as paths relative to `root`.

    The imports of the top-level `conftest.py`, which opens the browser, do not count.
    """
    top = root / "tests"
    reach = {}
    for path in sorted(top.rglob("test_*.py")):
        beside = [folder / "conftest.py" for folder in path.parents if top in folder.parents]
        own = [path, *filter(Path.is_file, beside)]
        files = reached_files(
            [file.read_text(encoding="utf-8") for file in own],
            root,
            packages=FOLLOWED,
            without=frozenset(),
        )
        names = (file.relative_to(root).as_posix() for file in {*own, *files})
        reach[path.relative_to(root).as_posix()] = frozenset(names)
    return reach
