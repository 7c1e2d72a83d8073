"""What lies where: the floors of `lib`, and what belongs into a chapter's room.

A module of `lib` imports only from floors below its own. `lib` holds the methods that papers name,
the course's machinery, and beyond these only what two chapters or more use.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tools.chapters import ROOT, list_chapters

FLOORS = [
    {
        "activations",
        "alignment",
        "budgets",
        "checks",
        "colab",
        "files",
        "initialization",
        "intervals",
        "labels",
        "pca",
        "precision",
        "progress",
        "sentences",
        "setup",
        "validation",
    },
    {
        "attention",
        "augmentation",
        "datasets",
        "plotting",
        "preprocessing",
        "regularization",
        "runtime",
        "visualization",
        "widgets",
    },
    {"evidence", "models", "workers"},
    {"training"},
]
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
ONLY_IN = {
    "matplotlib": "plotting",
    "IPython": "plotting",
    "ipywidgets": "widgets",
    "anywidget": "widgets",
}
# Of these a chapter may be the only user; what else is public in `lib` serves two or more.
METHODS = {
    "activations",
    "alignment",
    "attention",
    "augmentation",
    "datasets",
    "initialization",
    "models",
    "pca",
    "preprocessing",
    "regularization",
    "sentences",
    "visualization",
}
MACHINERY = {
    "budgets",
    "checks",
    "colab",
    "evidence",
    "files",
    "intervals",
    "labels",
    "progress",
    "runtime",
    "setup",
    "validation",
    "widgets",
    "workers",
}
MODULES = sorted(path for path in (ROOT / "lib").rglob("*.py") if path != ROOT / "lib/__init__.py")


def imports(path: Path) -> set[str]:
    """The dotted names a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def unit(path: Path) -> str:
    """The module or package directly below `lib` that a file belongs to."""
    return path.relative_to(ROOT / "lib").parts[0].removesuffix(".py")


def test_every_part_of_lib_has_a_floor():
    assert {unit(path) for path in MODULES} == set(FLOOR_OF)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path):
    own = unit(path)
    used = {name.split(".")[1] for name in imports(path) if name.startswith("lib.")}
    above = {name for name in used - {own} if FLOOR_OF[name] >= FLOOR_OF[own]}
    assert not above, f"{path.name} is on floor {FLOOR_OF[own] + 1} and imports {above}"
    assert not {name for name in imports(path) if name.startswith(("chapters", "tools", "tests"))}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_big_libraries_stay_where_they_belong(path):
    for name in imports(path):
        owner = ONLY_IN.get(name.split(".")[0])
        assert owner in (None, unit(path)), f"only lib.{owner} may import {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small(path):
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_names_are_documented(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{path} has no docstring"
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if "overload" not in map(ast.unparse, node.decorator_list):  # documented below it
            assert ast.get_docstring(node), f"{path.name}: {node.name} has no docstring"


def words(paths: Iterable[Path]) -> Counter[str]:
    """How often each word stands in some files."""
    return Counter(word for path in paths for word in re.findall(r"\w+", path.read_text()))


CHAPTERS = [words([chapter.source, *chapter.room.rglob("*.py")]) for chapter in list_chapters()]
SHARED = [path for path in MODULES if unit(path) not in METHODS | MACHINERY]


@pytest.mark.parametrize("path", SHARED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_serves_one_chapter_alone_lies_in_its_room(path):
    here = words([path])
    others = words(other for other in MODULES if other != path and other.name != "__init__.py")
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            chapters = sum(node.name in chapter for chapter in CHAPTERS)
            serves_lib = here[node.name] > 1 or node.name in others
            assert chapters > 1 or serves_lib, f"{node.name} serves {chapters} chapter(s)"
