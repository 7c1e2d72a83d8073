import re

import nbformat
import pytest

from lib.evidence.ledger import Ledger, load_ledger
from tests.evidence import make_claim, make_ledger, make_record
from tests.tools.conftest import markdown
from tools.chapters import CourseError, list_chapters, read_source
from tools.quotes import QUOTE, fill_quotes

POINTS = make_claim("mixup-helps", unit="points")
LEDGER = make_ledger({POINTS: [-11.9, -12.5, -12.4]})


def filled(text, ledger=LEDGER):
    notebook = nbformat.v4.new_notebook(cells=[markdown(text)])
    fill_quotes(notebook, ledger)
    return notebook.cells[0].source


@pytest.mark.parametrize(
    ("quote", "number"),
    [
        ("{{mixup-helps}}", "−12.3 points"),
        ("{{mixup-helps size}}", "12.3 points"),
        ("{{mixup-helps number}}", "−12.3"),
        ("{{mixup-helps interval}}", "−13.1 to −11.5"),
    ],
)
def test_a_quote_becomes_the_number_of_the_ledger(quote, number):
    assert filled(f"It costs {quote}, twice {quote}.") == f"It costs {number}, twice {number}."


def test_a_wide_interval_rounds_more():
    ledger = make_ledger({POINTS: [10.2, 15.1, 12.4]})
    assert filled("{{mixup-helps}}", ledger) == "13 points"


def test_formulas_and_code_stay_as_they_are():
    for text in (r"$\frac{{a}}{b}$", "{{word}}", "{ {mixup-helps} }"):
        assert filled(text) == text
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("f'{{mixup-helps}}'")])
    fill_quotes(notebook, LEDGER)
    assert notebook.cells[0].source == "f'{{mixup-helps}}'"


def test_what_is_not_measured_is_said_and_stops_nobody(capsys):
    assert filled("It costs {{new-claim}}.") == "It costs (not measured yet)."
    assert "no run that measured new-claim" in capsys.readouterr().err


def test_an_unknown_form_is_refused():
    with pytest.raises(CourseError, match="form of mean, size, number, interval; got 'median'"):
        filled("{{mixup-helps median}}")


@pytest.mark.parametrize("chapter", list_chapters(), ids=lambda chapter: chapter.name)
def test_with_other_evidence_no_chapter_keeps_a_number_of_the_old(chapter):
    """Numbers with a unit that come from the ledger are nowhere typed by hand."""
    ledger = load_ledger(chapter=chapter.name)
    other = Ledger(
        [
            make_record(
                {
                    make_claim(id, unit=kept.unit, version=kept.version): [
                        1.37 * value + 3.1 for value in kept.values
                    ]
                    for id, kept in record.claims.items()
                }
            )
            for record in ledger.records
        ]
    )
    before, after = read_source(chapter), read_source(chapter)
    quotes = {match[0] for cell in before.cells for match in QUOTE.finditer(cell.source)}
    fill_quotes(before, ledger)
    fill_quotes(after, other)
    text = "\n".join(cell.source for cell in after.cells if cell.cell_type == "markdown")
    assert not QUOTE.search(text)
    for quote in quotes:
        old, new = filled(quote, ledger), filled(quote, other)
        assert old != new
        measured = re.search(r"\d+\.\d+ (?:points|%)|\d+\.\d+%", old)
        if measured:
            assert measured[0] not in text, f"{measured[0]!r} is typed where {quote} is meant"
