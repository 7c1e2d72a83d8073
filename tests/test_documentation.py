"""What README and CONTRIBUTING say is true of the repository."""

import re

import pytest

from tests.test_architecture import FLOORS
from tools.chapters import ROOT

TEXTS = {name: (ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md")}


@pytest.mark.parametrize("name", TEXTS)
def test_files_that_are_named_exist(name):
    named = re.findall(r"`([\w./-]+/[\w./-]*)`|\]\((?!http)([^)#]+)\)", TEXTS[name])
    paths = {first or second for first, second in named}
    missing = {
        path
        for path in paths
        if "NN_name" not in path
        and not path.startswith(("_build", ".venv"))
        and not (ROOT / path).exists()
        and not (ROOT / "lib" / path).exists()
        and not (ROOT / "tests" / path).exists()
    }
    assert not missing


@pytest.mark.parametrize("name", TEXTS)
def test_make_targets_that_are_named_exist(name):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"\bmake ([a-z][\w-]*)[` ]", TEXTS[name]))
    assert named
    assert named <= targets


def test_the_floors_are_those_the_test_keeps():
    rows = re.findall(r"(?m)^\| (\d) \| ([^|]+) \|", TEXTS["CONTRIBUTING.md"])
    told = {int(floor): set(re.findall(r"`(\w+)/?`", names)) for floor, names in rows}
    assert told == dict(enumerate(FLOORS, start=1))


def test_the_readme_opens_with_the_two_commands():
    assert re.match(r"# .+\n\n```bash\nmake book .+\nmake test .+\n```\n", TEXTS["README.md"])
