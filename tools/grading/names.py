"""Which names a piece of Python binds and uses at the level of its module."""

import ast
import re
import symtable
from dataclasses import dataclass
from functools import lru_cache

LINE = re.compile(r"^(?:async\s+)?(?:def\s+|class\s+)?(\w+)\s*[(:=]", re.MULTILINE)
# Code that calls one of these can bind names that no analysis sees.
UNSEEN = {"exec", "eval", "globals", "locals", "vars", "setattr", "compile", "__import__"}


@dataclass(frozen=True)
class Names:
    """Module-level names of a piece of code.

    Attributes:
        binds: names that it assigns, defines, imports, or whose parts it changes.
        imports: those of them that it imports.
        uses: names that it reads, also inside functions.
        calls: names whose methods it calls for what they do, as in `cache.append(5)`.
        unseen: whether it may bind names that cannot be told from its text.
    """

    binds: frozenset[str]
    imports: frozenset[str]
    uses: frozenset[str]
    calls: frozenset[str] = frozenset()
    unseen: bool = False


@lru_cache(maxsize=4096)  # most cells of a class are the same
def names_of(source: str) -> Names:
    """The names of a piece of Python; for code with a syntax error, what its lines start with."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return Names(frozenset(LINE.findall(source)), frozenset(), frozenset())
    nodes = list(ast.walk(tree))
    binds, uses = _symbols(source, nodes)
    imports = {a.asname or a.name.split(".")[0] for node in tree.body
               if isinstance(node, ast.Import | ast.ImportFrom) for a in node.names}  # fmt: skip
    changed = {_root(node) for node in nodes
               if isinstance(node, ast.Attribute | ast.Subscript)
               and isinstance(node.ctx, ast.Store | ast.Del)}  # fmt: skip
    calls = {_root(node.value.func) for node in nodes
             if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
             and isinstance(node.value.func, ast.Attribute)}  # fmt: skip
    return Names(
        frozenset(binds | (changed - {""})), frozenset(imports), frozenset(uses), frozenset(calls),
        unseen="*" in imports or bool(uses & UNSEEN),
    )  # fmt: skip


def _symbols(source: str, nodes: list[ast.AST]) -> tuple[set[str], set[str]]:
    try:
        table = symtable.symtable(source, "cell", "exec")
    except SyntaxError:  # such as `await` outside of a function, which notebooks allow
        ids = [node for node in nodes if isinstance(node, ast.Name)]
        defined = {
            node.name
            for node in nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        stored = {node.id for node in ids if isinstance(node.ctx, ast.Store)}
        return defined | stored, {node.id for node in ids if isinstance(node.ctx, ast.Load)}
    binds = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    uses = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    inner = list(table.get_children())
    while inner:
        scope = inner.pop()
        inner += scope.get_children()
        for symbol in scope.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                uses.add(symbol.get_name())
            if symbol.is_declared_global() and symbol.is_assigned():
                binds.add(symbol.get_name())
    return binds, uses


def _root(node: ast.AST) -> str:
    """The name that a chain of attributes and subscripts starts with; "" if it is no name."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
