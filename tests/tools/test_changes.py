"""`make check` runs the tests that reach what has changed."""

import subprocess

import pytest

from tools.changes import FOLLOWED, READERS, Changes, find_changes, reach_of_tests, select_tests
from tools.chapters import ROOT

FILES = {
    "lib/__init__.py": "",
    "lib/near.py": "def f(): pass\n",
    "lib/far.py": "from lib import near\n",
    "lib/alone.py": "",
    "tests/__init__.py": "",
    "tests/conftest.py": "from lib import alone\n",
    "tests/helper.py": "",
    "tests/test_near.py": "from lib.near import f\n",
    "tests/test_far.py": "from lib import far\n",
    "tests/deep/conftest.py": "from tests import helper\n",
    "tests/deep/test_nothing.py": "import os\n",
}


@pytest.fixture
def course(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("lib/near.py", ["tests/test_near.py", "tests/test_far.py"]),
        ("lib/far.py", ["tests/test_far.py"]),
        ("lib/alone.py", []),  # only what opens the browser for all tests imports it
        ("tests/test_near.py", ["tests/test_near.py"]),
        ("tests/helper.py", ["tests/deep/test_nothing.py"]),  # by the conftest.py beside it
        ("tests/deep/conftest.py", ["tests/deep/test_nothing.py"]),
        ("notes.txt", []),
    ],
)
def test_a_change_selects_the_tests_that_reach_it_the_nearest_first(changed, tests, course):
    assert select_tests([changed], course) == tests


def git(folder, *command):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *who, "-C", folder, *command], check=True, capture_output=True)


@pytest.fixture
def repository(course):
    git(course, "init", "-q", "-b", "main")
    git(course, "add", ".")
    git(course, "commit", "-qm", "All")
    return course


def test_changes_are_counted_from_where_the_branch_left_the_main_one(repository):
    git(repository, "checkout", "-qb", "mine")
    (repository / "lib" / "near.py").write_text("changed = 1\n")
    git(repository, "commit", "-qam", "Mine")
    (repository / "lib" / "far.py").write_text("not = 'committed'\n")
    (repository / "lib" / "alone.py").unlink()
    (repository / "tests" / "test_new ü.py").write_text("")
    git(repository, "checkout", "-q", "--detach")
    found = find_changes(repository)
    assert found.files == ["lib/alone.py", "lib/far.py", "lib/near.py", "tests/test_new ü.py"]
    assert found.since.startswith("main (")


def test_what_others_did_on_the_main_branch_is_no_change_of_ours(repository):
    git(repository, "checkout", "-qb", "mine")
    git(repository, "checkout", "-q", "main")
    (repository / "lib" / "far.py").write_text("")
    git(repository, "commit", "-qam", "Theirs")
    git(repository, "checkout", "-q", "mine")
    assert find_changes(repository).files == []


def test_without_git_nothing_counts_as_changed(tmp_path, monkeypatch):
    assert find_changes(tmp_path) == Changes([], "")
    monkeypatch.setenv("PATH", "")
    assert find_changes(ROOT) == Changes([], "")


def test_readers_name_tests_that_exist_and_patterns_that_match_files():
    tests = {test for named in READERS.values() for test in named}
    assert [test for test in tests if not (ROOT / test).is_file()] == []
    assert [pattern for pattern in READERS if not any(ROOT.glob(pattern))] == []


def test_every_module_of_lib_with_a_test_of_its_own_is_reached_by_it():
    reach = reach_of_tests(ROOT)
    lost = []
    for test in reach:
        module = ROOT / test.removeprefix("tests/").replace("test_", "")
        if test.startswith("tests/lib/") and module.is_file():
            name = module.relative_to(ROOT).as_posix()
            if name not in reach[test]:
                lost.append(name)
    assert lost == []
    assert all((ROOT / name).is_dir() for name in FOLLOWED)
