"""Writes chapters/*.ipynb from chapters/*.py: `python -m tools.pair`, or `make notebooks`.

Colab and nbval open the notebook. It starts with a cell that fetches the course if it is missing,
and holds only the outputs of checked cells, at the quick budget: text, no images, no widget state.
Measured numbers in its prose come from the ledger.
"""

import sys

import nbformat

from lib.evidence.ledger import load_ledger
from lib.files import write_atomically
from tools.build import BUILD, bring_data, reporting
from tools.chapters import Chapter, CourseError, is_checked, list_chapters, read_source
from tools.colab import read_repository, with_first_cell
from tools.execute import execute
from tools.lock import exclusive
from tools.quotes import fill_quotes
from tools.results import Executed, Parameters

TEXT = ("text/plain",)


def reference_notebook(result: Executed) -> nbformat.NotebookNode:
    """The notebook to commit: the chapter's cells, with text outputs for checked cells."""
    notebook = result.notebook()
    name = result.chapter.name
    notebook.metadata.pop("widgets", None)
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    for number, cell in enumerate(code, start=1):
        checked = is_checked(cell)
        cell.execution_count = number if checked else None  # nbval requires proof of a run
        kept = [_text_only(output, name, number) for output in cell.outputs] if checked else []
        cell.outputs = _joined(kept)
    fill_quotes(notebook, load_ledger())
    return _as_committed(notebook, result.chapter)


def _as_committed(notebook: nbformat.NotebookNode, chapter: Chapter) -> nbformat.NotebookNode:
    repository = read_repository()
    return with_first_cell(notebook, repository, page=repository.page_link(chapter))


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The outputs, with text that a busy machine sent in pieces joined."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == joined[-1].output_type == "stream":
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _text_only(output: nbformat.NotebookNode, chapter: str, number: int) -> nbformat.NotebookNode:
    """A stream or a plain text result, without execution counts and metadata.

    Raises:
        CourseError: the output is of another type, which nbval could not compare.
    """
    if output.output_type == "stream" and output.name == "stdout":
        return nbformat.v4.new_output("stream", name="stdout", text=output.text)
    if output.output_type == "execute_result" and tuple(output.data) == TEXT:
        return nbformat.v4.new_output("execute_result", data=dict(output.data))
    kind = output.get("name") or ", ".join(output.get("data", {})) or output.output_type
    raise CourseError(
        f"{chapter}, code cell {number}: a checked cell may only give text on stdout or as its "
        f"value; got {kind}"
    )


def write_pair(result: Executed) -> bool:
    """Write the chapter's notebook if it differs; return whether it did."""
    chapter: Chapter = result.chapter
    text = nbformat.writes(reference_notebook(result)) + "\n"
    if chapter.notebook.is_file() and chapter.notebook.read_text() == text:
        return False
    write_atomically(chapter.notebook, text)
    return True


def is_in_step(chapter: Chapter) -> bool:
    """Whether the committed notebook has the same cells and metadata as the source."""
    committed = nbformat.read(chapter.notebook, as_version=4)
    for cell in committed.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    source = read_source(chapter)
    fill_quotes(source, load_ledger())
    expected = _as_committed(source, chapter)
    return nbformat.writes(committed) == nbformat.writes(expected)


def main() -> int:
    """Rewrite all notebooks; return 0, or 1 or 130 with the reason on stderr if one failed."""
    with reporting("Not every notebook was written.") as status, exclusive(BUILD):
        bring_data()
        for result in execute(list_chapters(), Parameters("quick"), cache=BUILD / "executed"):
            state = "written" if write_pair(result) else "up to date"
            print(f"{result.chapter.notebook.name}: {state}")
    return status.code


if __name__ == "__main__":
    sys.exit(main())
