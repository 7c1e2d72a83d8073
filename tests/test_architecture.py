"""The floors of `lib`: a module imports only from floors below its own."""

import ast
from pathlib import Path

import pytest

from tools.chapters import ROOT

FLOORS = [
    {"runtime", "progress", "files", "inputs", "intervals", "setup"},
    {"claims", "workers"},
    {"cards", "ledger"},
    {
        "experiments",
        "datasets",
        "activations",
        "preprocessing",
        "regularization",
        "augmentation",
        "visualization",
        "attention",
        "costs",
    },
    {"models", "training", "stopping", "captioning"},
    {"sweeps", "trials", "recipe"},
    {"search", "ward", "trained"},
    {"plotting", "checks"},
    {"widgets"},
]
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
ONLY_IN = {
    "matplotlib": "plotting",
    "IPython": "plotting",
    "ipywidgets": "widgets",
    "anywidget": "widgets",
    "optuna": "search",
    "optuna_dashboard": "search",
    "ray": "search",
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
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}: {node.name} has no docstring"
