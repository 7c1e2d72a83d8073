"""What an instructor may want to look at: answers that use what an exercise asks to do without.

The syntax tree shows it. A remark costs no points and is not shown to students: there may be a good
reason, and what hides behind `getattr` is not found.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from tools.chapters import Chapter, read_source
from tools.exercises import SOLUTION, STUB, definitions

OURS = ("lib.", "chapters.")


def remarks(sources: Sequence[str], chapter: Chapter, exercise: str) -> str:
    """What to look at in the cells that answer an exercise; "" if there is nothing.

    Named are functions of the course that the solution does without, and what the exercise's
    metadata `forbids`: last names, such as "conv2d unfold".
    """
    known = _imports(definitions(chapter))
    names = sorted({name for source in sources for name in _used(source, known)})
    allowed, forbidden = _rules(chapter, exercise, chapter.source.stat().st_mtime_ns)
    found = [name for name in names if name.startswith(OURS) and name not in allowed]
    found += [name for name in names if name.split(".")[-1] in forbidden and name not in found]
    return f"uses {', '.join(found)}" if found else ""


@lru_cache(maxsize=256)
def _rules(chapter: Chapter, exercise: str, changed: int) -> tuple[frozenset, frozenset]:
    """What the exercise's solution uses, and what is forbidden."""
    known, allowed, forbidden = _imports(definitions(chapter)), set(), set()
    for cell in read_source(chapter).cells:
        if cell.metadata.get("exercise") == exercise:
            tags = cell.metadata.get("tags", [])
            allowed |= set(_used(cell.source, known)) if SOLUTION in tags else set()
            forbidden |= set(cell.metadata.get("forbids", "").split()) if STUB in tags else set()
    return frozenset(allowed), frozenset(forbidden)


def _imports(source: str) -> dict[str, str]:
    """The full names of what a piece of code imports, by the names that it gives them."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                found[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def _used(source: str, known: Mapping[str, str]) -> Iterator[str]:
    """The names that a piece of code reads or imports, in full, and those of its options."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    own = _imports(source)
    known = {**known, **own}
    yield from own.values()
    inside = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inside:
            yield _dotted(node, known)
        elif isinstance(node, ast.Name) and node.id in known and id(node) not in inside:
            yield known[node.id]
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg


def _dotted(node: ast.expr, known: Mapping[str, str]) -> str:
    """A chain of attributes; it starts with "" if not with a name, as in `f(x).backward`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    first = known.get(node.id, node.id) if isinstance(node, ast.Name) else ""
    return ".".join([first, *parts])
