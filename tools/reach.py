"""Finds the files of the course that a chapter's code, or a test, reaches through its imports.

Imports are followed name by name: `plotting.plot_window` reaches the module that defines it, but
not the rest of the package, whose `__init__` only re-exports names.
"""

import ast
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

PACKAGES = ("lib", "chapters")
SCRIPTS = {".js", ".css"}  # of widgets; staging updates them in executed notebooks
EVERYTHING = "*"


def reached_files(
    code: Iterable[str],
    root: Path,
    *,
    packages: Sequence[str] = PACKAGES,
    without: Set[str] = SCRIPTS,
) -> list[Path]:
    """The files of `lib` and of the chapters' rooms that the code depends on, sorted.

    A module also brings the non-Python files next to it, such as matplotlib's style, but not the
    scripts and styles of widgets.

    Args:
        code: the code of the cells, which share their names; a cell that is not Python is ignored,
            since it fails when it is run.
        root: the repository.
        packages: the folders below it whose modules are followed.
        without: suffixes of other files that a module does not bring.
    """
    course = _Course(root, tuple(packages))
    course.follow("\n".join(filter(_is_python, code)))
    return sorted(course.files | course.companions(without | {".py", ".pyc", ".ipynb"}))


@dataclass
class _Course:
    """The repository, and the files reached so far."""

    root: Path
    packages: tuple[str, ...] = PACKAGES
    files: set[Path] = field(default_factory=set)

    def follow(self, source: str) -> None:
        """Reach everything that a piece of code imports."""
        for module, name in _demands(source):
            self.reach(module, name)

    def reach(self, module: str, name: str) -> None:
        """Reach a name of a module, such as ("lib.models", "MLP"); EVERYTHING means all of it."""
        if (path := self.find(f"{module}.{name}")) is not None:  # the name is a module itself
            if path.name != "__init__.py" or _handed_on(path.read_text("utf-8")) is None:
                self.add(path)
            return
        if (path := self.find(module)) is None:
            return
        handed_on = _handed_on(path.read_text("utf-8")) if path.name == "__init__.py" else None
        if handed_on is None:
            self.add(path)
        elif name == EVERYTHING:
            for source, original in handed_on.values():
                self.reach(source, original)
        elif name in handed_on:
            self.reach(*handed_on[name])

    def add(self, path: Path) -> None:
        """Add a whole module and its imports."""
        if path in self.files:
            return
        self.files.add(path)
        self.follow(path.read_text(encoding="utf-8"))

    def find(self, module: str) -> Path | None:
        """The file of a module of the course; None for other names."""
        parts = module.split(".")
        if parts[0] not in self.packages or EVERYTHING in parts:
            return None
        base = self.root.joinpath(*parts)
        return next(
            (p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None
        )

    def companions(self, without: Set[str]) -> set[Path]:
        """The other files in the folders of the reached files."""
        return {
            path
            for folder in {file.parent for file in self.files}
            for path in folder.iterdir()
            if path.is_file() and path.suffix not in without
        }


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


@lru_cache(maxsize=2048)
def _demands(source: str) -> frozenset[tuple[str, str]]:
    """The (module, name) pairs that code asks for.

    A module used other than through its attributes is asked for as a whole.
    """
    tree = ast.parse(source)
    modules: dict[str, str] = {}  # what a name refers to, if it may be a module
    demands: set[tuple[str, str]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            demands |= {(alias.name, EVERYTHING) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                demands.add((node.module, alias.name))
    owners = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owners.add(id(node.value))
            if node.value.id in modules:
                demands.add((modules[node.value.id], node.attr))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in modules and id(node) not in owners:
            demands.add((modules[node.id], EVERYTHING))
    return frozenset(demands)


@lru_cache(maxsize=2048)
def _handed_on(source: str) -> dict[str, tuple[str, str]] | None:
    """The names that a module re-exports: {name: (module, its name there)}.

    None if the module does more than import, so that it counts as a whole.
    """
    names: dict[str, tuple[str, str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
        elif not _says_nothing(node):
            return None
    return names


def _says_nothing(node: ast.stmt) -> bool:
    """Whether a statement is a docstring or the list `__all__`."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
