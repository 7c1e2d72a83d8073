"""Turns executed chapters and the other pages into the source folder that Sphinx reads.

Results of earlier runs are brought up to date: cards and quoted numbers come from the current
ledger. Widgets become places that the pages' own script fills.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import nbformat
import yaml

from benchmarks.record import load_record
from lib.evidence.cards import Card
from lib.evidence.ledger import Ledger
from tools.benchmarks_page import render_benchmarks_page
from tools.bibliography import cite, read_references
from tools.chapters import ROOT, Chapter, CourseError, read_source, title_of
from tools.claims_page.found import found_cards
from tools.claims_page.page import render_claims_page
from tools.claims_page.values import FILE as VALUES
from tools.claims_page.values import write_values
from tools.colab import read_repository
from tools.contents_map import PLACE, read_stops, render_map
from tools.elsewhere import Entry, check_claims, read_elsewhere
from tools.exercises import without_solutions
from tools.figures import EXTRA, place_figures
from tools.places import place_widgets
from tools.predictions import QUESTIONS, add_record, questions_script
from tools.quotes import fill_quotes
from tools.results import THREADS, Executed, Parameters
from tools.syllabus_page import Page, read_syllabus, render_syllabus_page

GENERATED = {"benchmarks", "claims", "syllabus"}  # generated here; the other pages are files


def stage(
    results: Iterable[Executed],
    parameters: Parameters,
    ledger: Ledger,
    *,
    solutions: str = "show",
    root: Path = ROOT,
    waiting: Sequence[Chapter] = (),
) -> dict[str, bytes]:
    """All files of the book's source, keyed by path: settings, contents, chapters and pages.

    Args:
        ledger: the evidence.
        solutions: "show" puts them on the pages, folded; "hide" leaves them out.
        waiting: chapters that are still being executed; their pages have text and code only.

    Raises:
        CourseError: a chapter lacks its minutes, a claim its cell or a unique id, a page its
            file, a source its entry in references.bib, a row of the syllabus its section, or a
            rule of `elsewhere.yml` its claims; or a chapter shows a widget that is not one of the
            course's.
    """
    results = list(results)
    references, repository = read_references(root / "references.bib"), read_repository(root)
    elsewhere = read_elsewhere(root / "chapters" / "elsewhere.yml", [r.key for r in references])
    files = written_files(root)
    pages = {
        name.removesuffix(".md"): Page.read(content.decode())
        for name, content in files.items()
        if name.endswith(".md")
    }
    claims: dict[str, tuple[str, list[Card]]] = {}
    chapters = {result.chapter: result.notebook() for result in results}
    facts = {result.chapter: run_facts(result, parameters) for result in results}
    chapters |= {chapter: read_source(chapter) for chapter in waiting}
    for chapter, notebook in sorted(chapters.items(), key=lambda pair: pair[0].name):
        if solutions == "hide":
            notebook = without_solutions(notebook)
        cards = cards_of(chapter, results, ledger)
        claims[chapter.docname] = (title_of(notebook), list(cards.values()))
        pages[chapter.docname] = chapter_page(notebook)
        link = repository.colab_link(chapter)
        add_card(notebook, chapter, facts.get(chapter, WAITING), link)
        add_anchors(notebook, cards)
        join_folded(notebook)
        add_record(notebook)
        renew_cards(notebook, cards)
        files |= place_widgets(notebook, chapter.name)
        files |= place_figures(notebook, chapter.name)
        fill_quotes(notebook, ledger)
        cite(notebook, references)
        files[f"{chapter.docname}.ipynb"] = nbformat.writes(notebook).encode()
    ordered = sorted(chapters, key=lambda chapter: chapter.name)
    files[f"{EXTRA}/{QUESTIONS}"] = questions_script(ordered).encode()
    files["index.md"] = with_map(files["index.md"], ordered)
    if not waiting:
        check_claims(elsewhere, [card.claim.id for _, cards in claims.values() for card in cards])
    return files | generated_files(claims, pages, ledger, elsewhere, root)


def written_files(root: Path) -> dict[str, bytes]:
    """The hand-written files of the book's source except chapters, keyed by path.

    Raises:
        CourseError: `_toc.yml` lists a page whose file does not exist.
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
    """The page, with a map of the chapters if it has a place for one."""
    if PLACE.encode() not in page:
        return page
    return page.replace(PLACE.encode(), render_map(read_stops(chapters)).encode())


def generated_files(
    claims: Mapping[str, tuple[str, list[Card]]],
    pages: Mapping[str, Page],
    ledger: Ledger,
    elsewhere: Sequence[Entry],
    root: Path,
) -> dict[str, bytes]:
    """The pages of claims, the syllabus and benchmarks, and the file with all values.

    Args:
        claims: (title, cards) for each chapter, keyed by document name.
        pages: all other pages, keyed by document name.
        ledger: the evidence.
        elsewhere: what papers found on the rules that the claims are about.

    Raises:
        CourseError: two claims have the same id, or a row of the syllabus has no section.
    """
    every = [card for _, cards in claims.values() for card in cards]
    counts = Counter(card.claim.id for card in every)
    if twice := [claim for claim, count in counts.items() if count > 1]:
        raise CourseError(f"two chapters have a claim of the same id: {', '.join(twice)}")
    syllabus = read_syllabus(root / "chapters" / "syllabus.yml")
    return {
        "claims.md": render_claims_page(claims, ledger, elsewhere).encode(),
        VALUES: write_values(ledger, {card.claim.id: card.claim for card in every}).encode(),
        **render_benchmarks_page(load_record(root / "benchmarks" / "results.json")),
        "syllabus.md": render_syllabus_page(syllabus, pages, every).encode(),
    }


def cards_of(chapter: Chapter, results: Sequence[Executed], ledger: Ledger) -> dict[str, Card]:
    """The cards of a chapter's claims, keyed by ID, in the order of the cells that show them."""
    folder = next((r.folder for r in results if r.chapter == chapter), None)
    if folder is None:
        return {}
    code = chapter.source.read_text(encoding="utf-8")
    cards = found_cards(folder / "claims", ledger)
    return dict(sorted(cards.items(), key=lambda pair: _place(pair[0], code)))


def _place(claim: str, code: str) -> int:
    """The position of a claim's ID in its chapter's code, or the end if it is not there."""
    place = code.find(f'"{claim}"')
    return place if place >= 0 else len(code)


def chapter_page(notebook: nbformat.NotebookNode) -> Page:
    """The parts of a chapter that the syllabus refers to."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return Page.read(text, notebook.metadata.get("course", {}).get("rows", []))


WAITING = {
    "This page": "is still being computed: its figures appear when <code>make book</code> has "
    "run the chapter"
}


def run_facts(result: Executed, parameters: Parameters) -> dict[str, str]:
    """The cost of a chapter's run, with labels for readers."""
    return {
        "Computed in": f"{result.seconds:.0f} s, {result.peak_bytes / 1e9:.1f} GB",
        "on": f"{parameters.device.upper()}, {THREADS} thread",
        "with": f"budget {parameters.budget}, seed {parameters.seed}",
    }


def add_card(
    notebook: nbformat.NotebookNode, chapter: Chapter, facts: Mapping[str, str], colab: str | None
) -> None:
    """Insert the chapter's times after its opening: minutes for readers, and the run's cost.

    Args:
        facts: facts about the run, as HTML, keyed by label.
        colab: the address that opens the notebook on Colab; None leaves the link out.

    Raises:
        CourseError: the chapter's header does not state its minutes.
    """
    course = notebook.metadata.get("course", {})
    missing = [key for key in ("reading_minutes", "exercise_minutes") if key not in course]
    if missing:
        raise CourseError(f"{chapter.name}: its header lacks course.{', course.'.join(missing)}")
    shown = {
        "Reading": f"{course['reading_minutes']} minutes",
        "Exercises": f"{course['exercise_minutes']} minutes",
        **facts,
    }
    if colab:
        shown["Run it"] = f'<a href="{escape(colab)}">on Colab</a>'
    rows = "\n".join(f"<div><dt>{name}</dt><dd>{fact}</dd></div>" for name, fact in shown.items())
    card = f'\n<dl class="course-facts">\n{rows}\n</dl>\n'
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(card, id="course-card"))


def join_folded(notebook: nbformat.NotebookNode) -> None:
    """Join each folded cell that shows no output with the folded cell below it."""
    joined: list[nbformat.NotebookNode] = []
    for cell in notebook.cells:
        before = joined[-1] if joined else None
        if before is not None and _is_silent(before) and _is_folded(cell):
            cell.source = f"{before.source}\n\n\n{cell.source}"
            joined.pop()
        joined.append(cell)
    notebook.cells = joined


def _is_folded(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and "hide-input" in cell.metadata.get("tags", [])


def _is_silent(cell: nbformat.NotebookNode) -> bool:
    shown = cell.get("outputs") and "remove-output" not in cell.metadata.get("tags", [])
    return _is_folded(cell) and not shown


def add_anchors(notebook: nbformat.NotebookNode, ids: Iterable[str]) -> None:
    """Put a link target before the cell that shows each claim, or else the first with any cards.

    Raises:
        CourseError: claims were recorded, but no cell shows cards.
    """
    for claim in ids:
        index = _first(notebook, f'"{claim}"')
        if index is None:
            index = _first(notebook, ".cards(")
        if index is None:
            raise CourseError(f"claim {claim!r} was recorded, but no cell shows cards")
        anchor = f'<span id="claim-{claim}"></span>'
        cell = nbformat.v4.new_markdown_cell(anchor, id=f"anchor-{claim}"[:64])
        notebook.cells.insert(index, cell)


def _first(notebook: nbformat.NotebookNode, text: str) -> int | None:
    """The index of the first code cell that contains the text."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and text in cell.source:
            return index
    return None


def renew_cards(notebook: nbformat.NotebookNode, cards: Mapping[str, Card]) -> None:
    """Redraw the cards in a notebook's outputs with the current evidence."""
    for output in _outputs(notebook):
        text = output.get("data", {}).get("text/html", "")
        _, found, rest = text.partition('<div class="course-claim" data-claim="')
        card = cards.get(rest.partition('"')[0]) if found else None
        if card is not None:
            output.data["text/html"], output.data["text/plain"] = card._repr_html_(), repr(card)


def _outputs(notebook: nbformat.NotebookNode) -> Iterable[nbformat.NotebookNode]:
    return (output for cell in notebook.cells for output in cell.get("outputs", []))
