import re
from dataclasses import replace

import pytest

from lib.evidence.cards import Card
from lib.evidence.ledger import Ledger
from tests.evidence import make_claim, make_filled_ledger, make_record
from tools.claims_page.correction import Correction
from tools.claims_page.details import percent, render_details

CLAIM = make_claim("a-claim", unit="points", rows=("M05",))


def render(claim, ledger, here=()):
    card = Card.of(claim, ledger, here)
    return render_details(card, ledger, Correction.of([card]), "chapters/01_a", "Chapter A")


def tables(text):
    """{caption: its lines}, each line a list of cells."""
    found = {}
    for table in re.findall(r"<table>.*?</table>", text):
        caption = re.search("<caption>(.*?)</caption>", table)[1]
        lines = re.findall("<tr>(.*?)</tr>", table)
        found[caption] = [re.findall("<td>(.*?)</td>", line) for line in lines[1:]]
    return found


def test_every_run_has_a_line_and_says_whether_it_counts():
    ledger = make_filled_ledger(CLAIM)
    lines = tables(render(CLAIM, ledger))["Runs of a-claim"]
    assert len(lines) == len(ledger.runs_of(CLAIM)) == 13
    assert [line[-1] for line in lines].count("yes") == 11
    settings = "CPU, AVX2, pinned"
    assert ["12", "2 points", settings, "2", "2026-11-30", "unknown", "A", "yes"] in lines
    assert ["10", "3.5 points", "CUDA, AVX2", "1", "2026-11-30", "unknown", "H", "no"] in lines


def test_facts_say_what_one_value_is_where_the_claim_stands_and_how_sure_it_is():
    text = render(CLAIM, make_filled_ledger(CLAIM), [1.5])
    for fact in (
        "<dt>One value</dt><dd>a number of the test&#x27;s</dd>",
        "<dt>This build</dt><dd>1.5 points (1 value)</dd>",
        '<a href="chapters/01_a.html#claim-a-claim">Chapter A</a>',
        '<a href="syllabus.html#M05">M05</a>',
        "<dt>Replication</dt><dd>over 99%: the probability",
        "<dt>p-value</dt><dd>under 0.0001; corrected for 1 claim, under 0.0001</dd>",
    ):
        assert fact in text


def test_without_an_interval_nothing_is_said_about_certainty():
    text = render(CLAIM, Ledger([make_record({CLAIM: [1.0]})]))
    assert "p-value" not in text
    assert "Replication" not in text
    assert "<table>" not in render(CLAIM, Ledger([]))


def test_a_withdrawn_run_is_shown_with_its_reason():
    lines = tables(render(CLAIM, make_filled_ledger(CLAIM)))["Withdrawn runs of a-claim"]
    assert [(line[0], line[-1]) for line in lines] == [("11", "Shuffled labels.")]


def test_earlier_wordings_and_bounds_are_shown():
    newer = replace(CLAIM, version=2, above=1.0, statement="Two is < three.")
    ledger = Ledger([make_record({CLAIM: [5.0]}, seed=1), make_record({newer: [6.0]}, seed=2)])
    text = render(newer, ledger)
    assert tables(text)["Earlier forms of a-claim"] == [
        ["1", "2026-11-30", "2026-11-30", "Two is more than nothing.",
         "a number of the test&#x27;s", "above −1 point", "5 points (1 run)"],
    ]  # fmt: skip
    assert len(tables(text)["Runs of a-claim"]) == 1


def test_a_claim_that_never_changed_says_so():
    text = render(CLAIM, make_filled_ledger(CLAIM))
    assert "Measure, wording and bound are as in the first run (2026-11-30)." in text
    assert "Earlier forms" not in text


def test_drift_over_versions_of_torch_is_shown_if_there_are_several():
    runs = [make_record({CLAIM: [float(seed)]}, seed=seed, versions={"torch": f"2.{seed // 12}"})
            for seed in range(10, 14)]  # fmt: skip
    lines = tables(render(CLAIM, Ledger(runs)))["Versions of torch: a-claim"]
    assert lines == [["2.0", "10.5 points (2 runs)"], ["2.1", "12.5 points (2 runs)"]]
    assert "Versions of torch" not in render(CLAIM, Ledger(runs[:2]))


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0, "under 1%"), (0.5, "50%"), (0.99, "99%"), (0.996, "over 99%"), (1.0, "over 99%")],
)
def test_nothing_is_certain(probability, text):
    assert percent(probability) == text
