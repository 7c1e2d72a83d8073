"""Turns executed chapters and the other pages into the source folder that Sphinx reads."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import nbformat
import yaml

from benchmarks.record import load_record
from lib.claims import Claim, load_claims
from tools.benchmarks_page import render_benchmarks_page
from tools.bibliography import cite, read_references
from tools.chapters import ROOT, Chapter, CourseError, title_of
from tools.claims_page import render_claims_page
from tools.colab import read_repository
from tools.contents_map import PLACE, read_stops, render_map
from tools.exercises import without_solutions
from tools.results import THREADS, Executed, Parameters
from tools.syllabus_page import Page, read_syllabus, render_syllabus_page

GENERATED = {"benchmarks", "claims", "syllabus"}  # made here; the other pages are files


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
        CourseError: a chapter lacks its minutes, a claim its cell or an id of its own, a page its
            file, a source its entry in references.bib, or a row of the syllabus its section.
    """
    results = list(results)
    references, repository = read_references(root / "references.bib"), read_repository(root)
    files = written_files(root)
    pages = {
        name.removesuffix(".md"): Page.read(content.decode())
        for name, content in files.items()
        if name.endswith(".md")
    }
    claims = {}
    for result in results:
        document, notebook = result.chapter.docname, result.notebook()
        if solutions == "hide":
            notebook = without_solutions(notebook)
        records = records_of(result, notebook)
        claims[document] = (title_of(notebook), records)
        pages[document] = chapter_page(notebook)
        add_card(notebook, result, parameters, repository.colab_link(result.chapter))
        add_anchors(notebook, [record.id for record in records])
        cite(notebook, references)
        files[f"{document}.ipynb"] = nbformat.writes(notebook).encode()
    files["index.md"] = with_map(files["index.md"], [result.chapter for result in results])
    return files | generated_files(claims, pages, root)


def written_files(root: Path) -> dict[str, bytes]:
    """The files of the book's source that people write, but for chapters, by their paths.

    Raises:
        CourseError: `_toc.yml` lists a page that is no file.
    """
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    listed = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    names = [toc["root"], *(name for name in listed if not name.startswith("chapters/"))]
    pages = [f"{name}.md" for name in names if name not in GENERATED]
    if lost := [page for page in pages if not (root / page).is_file()]:
        raise CourseError(f"_toc.yml lists pages that are no files: {', '.join(lost)}")
    needed = ["_config.yml", "_toc.yml", "references.bib", *pages]
    return {name: (root / name).read_bytes() for name in needed}


def with_map(page: bytes, chapters: Sequence[Chapter]) -> bytes:
    """The page, with a map of the chapters where it has a place for one."""
    if PLACE.encode() not in page:
        return page
    return page.replace(PLACE.encode(), render_map(read_stops(chapters)).encode())


def generated_files(
    claims: Mapping[str, tuple[str, list[Claim]]], pages: Mapping[str, Page], root: Path
) -> dict[str, bytes]:
    """The pages of claims, of the syllabus and of benchmarks.

    Args:
        claims: (title, claims) of each chapter by its document name.
        pages: all others, by document name.

    Raises:
        CourseError: a claim has the id of another one, or a row of the syllabus no section.
    """
    every = [record for _, records in claims.values() for record in records]
    counts = Counter(record.id for record in every)
    if twice := [claim for claim, count in counts.items() if count > 1]:
        raise CourseError(f"two chapters have a claim of the same id: {', '.join(twice)}")
    syllabus = read_syllabus(root / "chapters" / "syllabus.yml")
    return {
        "claims.md": render_claims_page(claims).encode(),
        **render_benchmarks_page(load_record(root / "benchmarks" / "results.json")),
        "syllabus.md": render_syllabus_page(syllabus, pages, every).encode(),
    }


def records_of(result: Executed, notebook: nbformat.NotebookNode) -> list[Claim]:
    """The claims that a chapter's run recorded, in the order of the cells that measure them."""
    code = "\n".join(cell.source for cell in notebook.cells)
    return sorted(load_claims(result.folder / "claims"), key=lambda claim: code.find(claim.id))


def chapter_page(notebook: nbformat.NotebookNode) -> Page:
    """What the syllabus looks at of a chapter."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return Page.read(text, notebook.metadata.get("course", {}).get("rows", []))


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
