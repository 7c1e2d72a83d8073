"""A notebook's cell as plain Python: IPython's magics and shell lines become nothing."""

import ast
import re
from functools import lru_cache

from IPython.core.inputtransformer2 import TransformerManager

CELL_MAGIC = re.compile(r"\s*%%(\w+)[^\n]*\n?")
TIMING = ("time", "timeit", "capture", "prun", "memit")  # they run the Python below or beside them
OPTIONS = re.compile(r"^(?:-\w\S*\s+(?:\d+\s+)?)*")  # such as "-n 10 -r 3" of %timeit


@lru_cache(maxsize=4096)  # most cells of a class are the same
def plain_python(source: str) -> str:
    """The cell as Python that runs anywhere.

    IPython's own transformer reads the cell. Magics, shell lines and questions ("swish?") are
    dropped, except that magics which time code leave that code.

    Args:
        source: a cell's source, with line ends of any system.

    Returns:
        Python. What IPython cannot read comes back as it is; compiling it raises SyntaxError.
    """
    text = re.sub(r"\r\n?", "\n", source).lstrip("\ufeff")
    while magic := CELL_MAGIC.match(text):
        if magic[1] not in TIMING:
            return ""
        text = text[magic.end() :]
    try:
        made = TransformerManager().transform_cell(text)
        if "get_ipython()" not in made:
            return made
        return ast.unparse(ast.fix_missing_locations(_WithoutMagics().visit(ast.parse(made))))
    except (SyntaxError, ValueError, RecursionError):
        return text


def _magic(node: ast.AST) -> tuple[str, list[str]] | None:
    """The method that a call `get_ipython().method(…)` names and its texts; None for others."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")))):
            texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
            return node.func.attr, [text for text in texts if isinstance(text, str)]  # pyright: ignore[reportAttributeAccessIssue]
    return None


def _timed(found: tuple[str, list[str]]) -> str:
    """The code that a timing magic runs; "" for other magics."""
    method, texts = found
    if method == "run_line_magic" and len(texts) == 2 and texts[0] in TIMING:
        return plain_python(OPTIONS.sub("", texts[1]))
    return ""


class _WithoutMagics(ast.NodeTransformer):
    """Replaces calls of IPython's shell by the code that they time, an empty list or None."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        found = _magic(node.value)
        if found is None:
            return self.generic_visit(node)
        return list(ast.parse(_timed(found)).body) or ast.Pass()

    def visit_Call(self, node: ast.Call) -> ast.AST:
        found = _magic(node)
        if found is None:
            return self.generic_visit(node)
        if code := _timed(found):
            return ast.parse(code.strip(), mode="eval").body
        empty = ast.List([], ast.Load()) if found[0] == "getoutput" else ast.Constant(None)
        return ast.copy_location(empty, node)
