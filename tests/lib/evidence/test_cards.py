import re

import pytest

from lib.evidence import cards
from lib.evidence.cards import Card
from lib.evidence.claims import FAILS, HOLDS, NO_EVIDENCE, OPEN
from lib.evidence.estimates import Estimate
from lib.evidence.ledger import Ledger
from tests.evidence import VALUES, make_claim, make_filled_ledger, make_record


def make(here=(), values=VALUES, **options):
    evidence = Estimate.of([values]) if values else None
    return Card(make_claim(**options), evidence, Estimate.of([here]) if here else None)


def words(card):
    return re.sub(r"<[^>]*>", "\n", card._repr_html_())


@pytest.mark.parametrize(
    ("bound", "verdict", "icon"), [(-1, HOLDS, "✓"), (9, FAILS, "✗"), (0, OPEN, "?")]
)
def test_the_verdict_is_told_in_words_and_by_a_sign_not_by_color_alone(bound, verdict, icon):
    card = make(above=bound)
    assert re.search(rf"{re.escape(icon)}\s+Claim: {verdict}", words(card))
    assert f'style="color:{cards.COLORS[verdict]}">{icon}</span>' in card._repr_html_()
    assert f"Asked for: above {bound}.".replace("-", "−") in words(card)


def test_the_verdict_is_that_of_the_evidence_whatever_was_found_here():
    card = make(here=[-9, -9.1, -9.2])
    assert card.verdict == HOLDS
    assert card.differs
    assert "Differs on this machine: −9.10 (95% interval" in words(card)
    assert "Evidence: 2.0 (95% interval" in words(card)
    assert "Differs on this machine" in repr(card)


def test_a_run_that_agrees_is_told_quietly():
    card = make(here=[2.5])
    assert not card.differs
    assert "This run: 2.5 (1 value)." in words(card)


def test_a_run_that_computed_too_little_is_not_mentioned():
    assert make().found == ""
    assert "run:" not in words(make())


def test_a_claim_without_evidence_says_so():
    card = make(values=(), here=[1, 2])
    assert card.verdict == NO_EVIDENCE
    assert "Evidence: none recorded yet." in words(card)
    assert not card.differs


def test_a_verdict_on_fewer_than_three_base_seeds_is_called_provisional():
    runs = [make_record({make_claim(): VALUES}, seed=seed) for seed in (10, 11, 12)]
    for count, expected in ((2, "holds (provisional)"), (3, "holds")):
        card = Card.of(make_claim(), Ledger(runs[:count]), [])
        assert f"Claim: {expected}\n" in words(card)
        assert f"[two-is-more: {expected}]" in repr(card)


def test_a_card_shows_all_runs_and_this_one_among_them():
    claim = make_claim(unit="points")
    ledger = make_filled_ledger(claim)
    card = Card.of(claim, ledger, [1.0])
    assert len(card.marks) == len(ledger.runs_of(claim)) == 13
    shown = card._repr_html_()
    assert shown.count('class="course-strip"') == 1
    assert shown.count('class="course-run-here"') == 1
    assert "\n" not in shown
    assert Card.of(claim, Ledger([]), []).strip() == ""


def test_a_card_escapes_its_text_and_stays_one_line():
    card = make(statement="a < b & c > d", unit="<b>")._repr_html_()
    assert "a &lt; b &amp; c &gt; d" in card
    assert "<b>" not in card
    assert "\n" not in card
