"""Turns executed chapters and the other pages into the source folder that Sphinx reads."""

from collections import Counter
from collections.abc import Iterable
from html import escape
from pathlib import Path

import nbformat

from lib.claims import load_claims
from tools.chapters import ROOT, CourseError, title_of
from tools.claims_page import render_claims_page
from tools.colab import read_repository
from tools.execute import THREADS, Executed, Parameters
from tools.exercises import without_solutions


def stage(
    results: Iterable[Executed],
    parameters: Parameters,
    *,
    solutions: str = "show",
    root: Path = ROOT,
) -> dict[str, bytes]:
    """Every file of the book's source by its path: settings, contents, chapters, pages.

    Args:
        solutions: "show" has them folded on the pages, "hide" leaves them out.

    Raises:
        CourseError: a chapter lacks its minutes, or a claim its cell or an id of its own.
    """
    results = list(results)
    files = {name: (root / name).read_bytes() for name in ("_config.yml", "_toc.yml", "index.md")}
    claims = {}
    for result in results:
        notebook = result.notebook()
        if solutions == "hide":
            notebook = without_solutions(notebook)
        code = "\n".join(cell.source for cell in notebook.cells)
        records = sorted(load_claims(result.folder / "claims"), key=lambda c: code.find(c.id))
        claims[result.chapter.docname] = (title_of(notebook), records)
        add_card(notebook, result, parameters, read_repository(root).colab_link(result.chapter))
        add_anchors(notebook, [record.id for record in records])
        files[f"{result.chapter.docname}.ipynb"] = nbformat.writes(notebook).encode()
    counts = Counter(record.id for _, records in claims.values() for record in records)
    if twice := [claim for claim, count in counts.items() if count > 1]:
        raise CourseError(f"two chapters have a claim of the same id: {', '.join(twice)}")
    files["claims.md"] = render_claims_page(claims).encode()
    return files


def add_card(
    notebook: nbformat.NotebookNode, result: Executed, parameters: Parameters, colab: str | None
) -> None:
    """Put the chapter's times behind its opening: a reader's minutes, and what this run took.

    Args:
        colab: the address that opens the notebook there; None leaves the link out.

    Raises:
        CourseError: the chapter's header does not state its minutes.
    """
    course = notebook.metadata.get("course", {})
    missing = [key for key in ("reading_minutes", "exercise_minutes") if key not in course]
    if missing:
        raise CourseError(
            f"{result.chapter.name}: its header lacks course.{', course.'.join(missing)}"
        )
    link = f'<div><dt>Run it</dt><dd><a href="{escape(colab or "")}">on Colab</a></dd></div>\n'
    card = f"""
<dl class="course-facts">
<div><dt>Reading</dt><dd>{course["reading_minutes"]} minutes</dd></div>
<div><dt>Exercises</dt><dd>{course["exercise_minutes"]} minutes</dd></div>
<div><dt>Computed in</dt><dd>{result.seconds:.0f} s, {result.peak_bytes / 1e9:.1f} GB</dd></div>
<div><dt>on</dt><dd>{parameters.device.upper()}, {THREADS} thread</dd></div>
<div><dt>with</dt><dd>budget {parameters.budget}, seed {parameters.seed}</dd></div>
{link if colab else ""}</dl>
"""
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(card, id="course-card"))


def add_anchors(notebook: nbformat.NotebookNode, ids: Iterable[str]) -> None:
    """Put a link target before the cell that measures each claim.

    Raises:
        CourseError: a claim was recorded, but no cell names it.
    """
    for claim in ids:
        index = next(
            (
                i
                for i, cell in enumerate(notebook.cells)
                if cell.cell_type == "code" and f'"{claim}"' in cell.source
            ),
            None,
        )
        if index is None:
            raise CourseError(f'claim {claim!r} was recorded, but no cell contains "{claim}"')
        anchor = f'<span id="claim-{claim}"></span>'
        cell = nbformat.v4.new_markdown_cell(anchor, id=f"anchor-{claim}"[:64])
        notebook.cells.insert(index, cell)
