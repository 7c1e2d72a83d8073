"""What to run for an exercise: the cells that its answer needs, in the order of the notebook."""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from tools.chapters import Chapter, read_source
from tools.colab import without_first_cell
from tools.exercises import DEFINING, SOLUTION, STUB
from tools.grading.names import Names, names_of
from tools.grading.submissions import Submission

OWN, ADDED, CHAPTERS = "its cell", "an added cell", "a cell of the chapter"


def program(submission: Submission, exercise: str, chapter: Chapter) -> list[tuple[str, str]]:
    """The cells to run before an exercise is judged.

    These are the cells that answer it and, of all others, those that bind a name which these use,
    or call a method of what another cell bound: statements of the chapter above the exercise,
    cells that the student added, earlier answers.
    An experiment on which no answer depends is not run.

    Returns:
        (whose cell it is, its code) for each.
    """
    parts = submission.parts[exercise]
    others = {position for name, positions in submission.parts.items() if name != exercise
              for position in positions}  # fmt: skip
    provided = frozenset(_provided(chapter.source.read_text("utf-8"), chapter))
    cells = submission.cells
    made = frozenset(name for cell in cells for name in cell.names.binds - cell.names.imports)
    chosen = _closure(
        [_changing(cell.names, provided, made) for cell in cells], parts,
        always=[n for n, cell in enumerate(cells) if cell.names.unseen and n not in others],
    )  # fmt: skip
    used = {name for number in chosen for name in cells[number].names.uses}
    above = [(CHAPTERS, source) for source in _statements(chapter, exercise, used)]
    return above + [(OWN if n in parts else ADDED, cells[n].source) for n in chosen]


def everything(submission: Submission, exercise: str, chapter: Chapter) -> list[tuple[str, str]]:
    """All cells of the student, and what `program` takes from the chapter.

    Some of what cells do to each other cannot be told from their text: a call that fills a table, a
    decorator that registers a function. Other exercises' cells count as added ones.
    """
    parts = submission.parts[exercise]
    above = [cell for cell in program(submission, exercise, chapter) if cell[0] == CHAPTERS]
    return above + [
        (OWN if number in parts else ADDED, cell.source)
        for number, cell in enumerate(submission.cells)
    ]


def _changing(names: Names, provided: frozenset[str], made: frozenset[str]) -> Names:
    """The names, with what a cell changes among what it binds.

    Args:
        provided: what the chapter has imported, such as torch; importing it again binds nothing.
        made: what the student's cells bind; a method called on one of these may change it.
    """
    kept = names.binds - (names.imports & provided)
    return replace(names, binds=kept | (names.calls & made))


def _closure(
    pieces: Sequence[Names], start: Iterable[int], always: Iterable[int] = ()
) -> list[int]:
    """The positions of the pieces from which `start` gets its names, directly or indirectly."""
    chosen, size = {*start, *always}, -1
    while len(chosen) != size:
        size = len(chosen)
        used = {name for number in chosen for name in pieces[number].uses}
        chosen |= {number for number, piece in enumerate(pieces) if piece.binds & used}
    return sorted(chosen)


def _statements(chapter: Chapter, exercise: str, used: Iterable[str]) -> list[str]:
    """The chapter's statements above an exercise that make these names, but no definitions."""
    pieces = _above(chapter.source.read_text("utf-8"), chapter, exercise)
    names = [piece for _, piece in pieces]
    wanted = Names(frozenset(), frozenset(), frozenset(used))
    chosen = _closure([*names, wanted], [len(names)])
    return [pieces[number][0] for number in chosen[:-1]]


@lru_cache(maxsize=256)
def _above(text: str, chapter: Chapter, exercise: str) -> list[tuple[str, Names]]:
    """Each statement above an exercise that `definitions` leaves out, with its names."""
    found, first = [], True
    for cell in read_source(chapter).cells:
        if cell.metadata.get("exercise") == exercise:
            break
        first = first and "exercise" not in cell.metadata
        if cell.cell_type != "code" or {STUB, SOLUTION} & {*cell.metadata.get("tags", [])}:
            continue
        for node in ast.parse(without_first_cell(cell.source)).body:
            if not (first and isinstance(node, DEFINING)):
                source = ast.unparse(node)
                found.append((source, names_of(source)))
    return found


@lru_cache(maxsize=64)
def _provided(text: str, chapter: Chapter) -> set[str]:
    """The names that the chapter's definitions import."""
    return {a.asname or a.name.split(".")[0]
            for cell in read_source(chapter).cells if cell.cell_type == "code"
            for node in ast.parse(cell.source).body if isinstance(node, ast.Import | ast.ImportFrom)
            for a in node.names}  # fmt: skip
