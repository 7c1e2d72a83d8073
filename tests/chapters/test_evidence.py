"""The authors' gates: what the texts say stands in the ledger, and pages keep to their limits."""

import ast
import re

import pytest

from lib.evidence import OPEN
from lib.evidence.ledger import load_ledger
from tools.chapters import ROOT, list_chapters, read_source
from tools.measure import list_experiments
from tools.quotes import QUOTE

CHAPTERS = list_chapters()
LEDGER = load_ledger()
MARGIN = 1.15  # records of other machines may exceed a limit by this much
MAX_SECONDS = 120
MAX_MEMORY = 4e9  # bytes
MAX_PAGE = 1_500_000  # bytes of HTML; heavier pages are slow on a phone
CLAIMS = [
    (chapter, claim)
    for chapter in CHAPTERS
    for experiment in list_experiments(chapter.name)
    for claim in experiment.claims
]
PAGES = [record for record in LEDGER.records if record.page]


def rooms():
    return sorted(path for chapter in CHAPTERS for path in chapter.room.rglob("*.py"))


@pytest.mark.parametrize(("chapter", "claim"), CLAIMS, ids=lambda value: getattr(value, "id", ""))
def test_the_evidence_says_what_the_text_relies_on(chapter, claim):
    estimate = LEDGER.estimate(claim)
    assert estimate, f"make evidence CLAIMS={claim.id}"
    assert estimate.verdict(claim) == claim.expect, estimate.words(claim)


def test_claims_have_names_of_their_own():
    names = [claim.id for _, claim in CLAIMS]
    assert len(names) == len(set(names))
    assert len(names) >= 100


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_every_experiment_is_called_by_its_chapter(chapter):
    code = "\n".join(c.source for c in read_source(chapter).cells if c.cell_type == "code")
    for experiment in list_experiments(chapter.name):
        assert f"experiments.{experiment.name}.cards(" in code


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_numbers_quoted_in_prose_are_measured(chapter):
    for cell in read_source(chapter).cells:
        if cell.cell_type == "markdown":
            for id, _ in QUOTE.findall(cell.source):
                assert LEDGER.latest(id), f"{chapter.name} quotes {id}, which no run measured"


@pytest.mark.parametrize(
    "record", PAGES, ids=lambda record: f"{record.chapter} seed {record.run.seed}"
)
def test_a_recorded_page_keeps_to_the_limits(record):
    assert record.page["seconds"] <= MARGIN * MAX_SECONDS
    assert record.page["peak_bytes"] <= MARGIN * MAX_MEMORY
    assert record.page["bytes"] <= MARGIN * MAX_PAGE


def test_every_chapter_has_a_recorded_page():
    assert {record.chapter for record in PAGES} == {chapter.name for chapter in CHAPTERS}


@pytest.mark.parametrize("record", LEDGER.records, ids=lambda r: f"{r.chapter} {r.run.seed}")
def test_a_record_of_the_ledger_says_where_it_was_measured(record):
    assert record.run.processor and record.run.versions["torch"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", record.date)
    assert set(record.experiments) and all(e["digest"] for e in record.experiments.values())


@pytest.mark.parametrize("path", rooms(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_is_documented_small_and_serves_its_chapter_alone(path):
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= 300
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}: {node.name} has no docstring"
    imported = re.findall(r"^(?:from|import) (\w+)(?:\.(\w+))?", text, re.M)
    others = {room for package, room in imported if package == "chapters"}
    others -= {path.relative_to(ROOT).parts[1]}
    assert not others
    assert not {package for package, _ in imported} & {"tools", "tests"}


def test_a_claim_that_is_inconclusive_is_not_told_as_a_fact():
    """Its card has to stand on the page, so that readers see how sure it is."""
    for chapter, claim in CLAIMS:
        if claim.expect == OPEN:
            code = "\n".join(c.source for c in read_source(chapter).cells if c.cell_type == "code")
            assert f'"{claim.id}"' in code
