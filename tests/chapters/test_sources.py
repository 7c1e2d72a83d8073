"""What every chapter keeps: its pair in step, cells and prose short, figures described."""

import re

import nbformat
import pytest

from tools.chapters import is_checked, list_chapters, read_source
from tools.pair import is_in_step

CHAPTERS = list_chapters()
LINES, WORDS = 20, 120
COLUMNS = 78  # that a page shows without scrolling
REMOVED = "remove-input"  # the page does not show such a cell's code
FOLDED = {REMOVED, "remove-cell", "hide-input", "hide-cell"}
PROOFS = re.compile(r"lib's|\bagrees?\b.*(?:True|allclose)|# fmt: skip|noqa")


@pytest.fixture(params=CHAPTERS, ids=lambda chapter: chapter.name)
def chapter(request):
    return request.param


def tags(cell):
    return cell.metadata.get("tags", [])


def words(markdown):
    """Words of running text: without display maths, tables and headings."""
    maths = r"\$\$.*?\$\$|\\begin\{equation\*\}.*?\\end\{equation\*\}"
    text = re.sub(maths, "", markdown, flags=re.DOTALL)
    return len(re.sub(r"(?m)^[|#].*$", "", text).split())


def test_the_notebook_is_in_step_with_its_source(chapter):
    assert is_in_step(chapter), f"run 'make notebooks' after editing {chapter.source.name}"


def test_the_notebook_holds_small_text_outputs_of_checked_cells_only(chapter):
    notebook = nbformat.read(chapter.notebook, as_version=4)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert is_checked(cell)
            assert output.output_type == "stream" or list(output.data) == ["text/plain"]
            assert len(str(output)) < 3000


def test_some_cells_are_checked(chapter):
    assert sum(map(is_checked, read_source(chapter).cells)) >= 5


def test_code_cells_fit_on_a_screen(chapter):
    for cell in read_source(chapter).cells:
        if cell.cell_type == "code" and REMOVED not in tags(cell):
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= LINES, cell.source


def test_open_code_fits_the_column_and_proves_nothing(chapter):
    cells = [cell for cell in read_source(chapter).cells if cell.cell_type == "code"]
    shown = [cell for cell in cells if not FOLDED & set(tags(cell))]
    lines = [line for cell in shown for line in cell.source.splitlines()]
    assert not [line for line in lines if len(line) > COLUMNS]
    assert not [line for line in lines if PROOFS.search(line)]


def test_prose_between_cells_is_short(chapter):
    count = 0
    for cell in read_source(chapter).cells:
        if cell.cell_type == "code":
            count = 0
            continue
        count += words(cell.source)
        closing = "## Summary" in cell.source
        assert closing or count <= WORDS, f"{count} words up to: {cell.source[-80:]}"


def test_numbered_equations_of_several_lines_are_environments(chapter):
    # Sphinx puts what stands between dollars and holds a line break into one that allows no \\tag.
    for cell in read_source(chapter).cells:
        if cell.cell_type == "markdown":
            # Sphinx would give an unstarred one a second number.
            assert "\\begin{equation}" not in cell.source
            for equation in re.findall(r"\$\$(.*?)\$\$", cell.source, re.DOTALL):
                assert not ("\\\\" in equation and "\\tag" in equation), equation


def test_every_figure_has_an_alt_text(chapter):
    for cell in read_source(chapter).cells:
        if cell.cell_type == "code" and re.search(r"(?m)^fig$", cell.source):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 60, cell.source


def test_every_exercise_has_stub_check_and_solution(chapter):
    cells = [cell for cell in read_source(chapter).cells if cell.cell_type == "code"]
    stubs = {cell.metadata["exercise"] for cell in cells if "exercise" in tags(cell)}
    solutions = {cell.metadata["exercise"] for cell in cells if "exercise-solution" in tags(cell)}
    assert stubs == solutions
    assert len(stubs) >= 3
    assert sum("checks.check_" in cell.source for cell in cells) == 2 * len(stubs)


def test_the_notebook_shows_every_solution_passing(chapter):
    notebook = nbformat.read(chapter.notebook, as_version=4)
    reports = [
        output.data["text/plain"].splitlines()[0]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "execute_result" and "Exercise" in output.data["text/plain"]
    ]
    stubs = [cell for cell in notebook.cells if "exercise" in tags(cell)]
    assert len(reports) == len(stubs)
    for report in reports:
        passed, total = re.search(r"(\d+) of (\d+) checks passed", report).groups()
        assert passed == total


def test_what_is_checked_says_something(chapter):
    """At `quick` an open exercise and a claim say nothing that a fault would change."""
    notebook = nbformat.read(chapter.notebook, as_version=4)
    for cell in notebook.cells:
        said = "".join(str(output) for output in cell.get("outputs", []))
        for empty in ("not attempted yet", "not assessed", "Evidence:"):
            assert empty not in said, cell.source
