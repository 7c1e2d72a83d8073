"""Faults in answers: `python -m tools.grading.mutants [CHAPTER …]`, part of `make mutants`.

Each token of an official solution that can be wrong is made wrong, one at a time: an operator, a
comparison, a number, a constant, a word such as `min`. The checks of the exercise, those that
learners see and hidden ones, should notice; what they do not notice is listed, and is either a gap
in the checks or as right as the solution.
"""

import ast
import copy
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tools.chapters import ROOT, Chapter, find_chapter, list_chapters, read_source
from tools.exercises import SOLUTION, definitions, visible_checks
from tools.grading.judging import Judges
from tools.grading.programs import CHAPTERS, OWN
from tools.grading.sandbox import is_possible
from tools.variants import assignments_of, constants

SECONDS = 20.0
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or,
    ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
WORDS = {
    "min": "max", "max": "min", "mean": "sum", "sum": "mean", "argmax": "argmin", "ceil": "floor",
    "sign": "abs", "tanh": "sigmoid", "softmax": "log_softmax", "randn": "rand", "rand": "randn",
    "amax": "amin", "zeros": "ones", "ones": "zeros", "rsqrt": "sqrt", "triu": "tril",
}  # fmt: skip


def main() -> int:
    """List the faults that no check notices; return 0, since a person judges them."""
    chapters = [find_chapter(name) for name in sys.argv[1:]] or list_chapters()
    judges = Judges(ROOT, sandbox=is_possible())
    try:
        with ThreadPoolExecutor(2) as pool:
            for chapter, (count, survivors) in zip(
                chapters, pool.map(lambda c: unnoticed(c, judges), chapters), strict=True
            ):
                print(f"{chapter.name}: {count - len(survivors)} of {count} faults are noticed")
                for exercise, line in survivors:
                    print(f"  {exercise}: {line.strip()}")
    finally:
        judges.stop()
    return 0


def unnoticed(chapter: Chapter, judges: Judges) -> tuple[int, list[tuple[str, str]]]:
    """How many faults were tried; (exercise, the changed line) of each that earns all points."""
    hidden = (ROOT / "chapters/hidden" / chapter.source.name).read_text("utf-8")
    given, checks, values = definitions(chapter), visible_checks(chapter), constants(chapter, None)
    count, survivors = 0, []
    for cell in read_source(chapter).cells:
        if SOLUTION not in cell.metadata.get("tags", []):
            continue
        name = cell.metadata["exercise"]
        for source, line in faults(cell.source):
            program = {name: [(CHAPTERS, assignments_of(values.get(name, {}))), (OWN, source)]}
            found = judges.verdicts(given, hidden, checks, values, program, {}, SECONDS)[name]
            count += 1
            if found["of"] and found["passed"] == found["of"]:
                survivors.append((name, line))
    return count, survivors


def faults(source: str) -> Iterator[tuple[str, str]]:
    """The code with one token changed in its functions, and the changed line; every such change."""
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    before = ast.unparse(tree).splitlines()
    for position, node in enumerate(ast.walk(tree)):
        for changed in _changes(node):
            other = copy.deepcopy(tree)
            target = next(n for at, n in enumerate(ast.walk(other)) if at == position)
            for field, value in changed.items():
                setattr(target, field, value)
            text = ast.unparse(other)
            if text != ast.unparse(tree):
                before = ast.unparse(tree).splitlines()
                yield (
                    text,
                    next(b for a, b in zip(before, text.splitlines(), strict=False) if a != b),
                )


def _changes(node: ast.AST) -> Iterator[dict[str, object]]:
    """The fields to set for each change of one node."""
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in OPERATORS:
        yield {"op": OPERATORS[type(node.op)]()}
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        yield {"ops": [OPERATORS[type(node.ops[0])](), *node.ops[1:]]}
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield {"value": not node.value}
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield {"value": node.value + 1}
        yield {"value": node.value - 1}
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield {"op": ast.UAdd()}
    elif isinstance(node, ast.Attribute) and node.attr in WORDS:
        yield {"attr": WORDS[node.attr]}
    elif isinstance(node, ast.Name) and node.id in WORDS:
        yield {"id": WORDS[node.id]}


if __name__ == "__main__":
    sys.exit(main())
