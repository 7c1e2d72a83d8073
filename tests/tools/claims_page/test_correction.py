import pytest

from lib.evidence.cards import Card
from lib.evidence.ledger import Ledger
from tests.evidence import make_claim, make_record
from tools.claims_page.correction import LEVEL, Correction


def make(id, spread, *, count=5, above=0):
    """A card of a claim whose runs lie around 1."""
    claim = make_claim(id, above=above)
    offsets = [-1, -0.5, 0, 0.5, 1][:count]
    runs = [
        make_record({claim: [1 + spread * offset]}, seed=10 + i) for i, offset in enumerate(offsets)
    ]
    return Card.of(claim, Ledger(runs), [])


def test_p_values_are_multiplied_as_by_benjamini_and_yekutieli():
    cards = [make(f"no-{i}", spread) for i, spread in enumerate((0.2, 0.5, 0.8, 4))]
    raw = [card.evidence.p_value(card.claim) for card in cards]
    factor = len(cards) * (1 + 1 / 2 + 1 / 3 + 1 / 4)
    expected = [min(p * factor / (i + 1) for i, p in enumerate(raw) if i >= k) for k in range(4)]
    corrected = Correction.of(cards).corrected
    assert list(corrected.values()) == pytest.approx([min(p, 1) for p in expected])


def test_a_clear_verdict_survives_and_a_narrow_one_among_many_does_not():
    narrow = make("narrow", 0.95)
    assert narrow.verdict.startswith("holds")
    assert Correction.of([narrow]).survivors == {"narrow"}
    many = [make(f"open-{i}", 9) for i in range(20)]
    together = Correction.of([narrow, make("clear", 0.01), *many])
    assert together.survivors == {"clear"}
    assert together.decided == 2
    assert together.corrected["narrow"] > LEVEL


def test_a_claim_that_fails_clearly_survives_too():
    assert Correction.of([make("fails", 0.1, above=5)]).survivors == {"fails"}


def test_an_inconclusive_claim_has_no_verdict_that_could_survive():
    card = make("open", 1.2)
    assert card.evidence.p_value(card.claim) <= LEVEL
    assert card.verdict == "inconclusive"
    assert Correction.of([card]).survivors == frozenset()


def test_claims_without_an_interval_are_not_counted():
    waiting = Card.of(make_claim("waits"), Ledger([]), [])
    one = make("one-run", 1, count=1)
    assert Correction.of([waiting, one]) == Correction({}, frozenset(), 0)
    assert list(Correction.of([waiting, make("clear", 0.1)]).corrected) == ["clear"]
