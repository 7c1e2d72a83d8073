import pytest

from lib.evidence.cards import Card
from lib.evidence.ledger import Ledger, write_found
from tests.evidence import make_claim, make_record
from tools.claims_page.found import agreement, found_cards


@pytest.mark.parametrize(
    ("here", "said"),
    [
        ([[]], "0 claims measured here, all agree with the evidence."),
        ([[5]], "1 claim measured here, it agrees with the evidence."),
        ([[5], [6], [-5]], "3 claims measured here, 2 agree with the evidence; 1 differs: no-2."),
        ([[-5], [-6]], "2 claims measured here, 0 agree with the evidence; 2 differ: no-0, no-1."),
    ],
)
def test_a_build_says_how_it_agrees_with_the_evidence(here, said):
    claims = [make_claim(f"no-{i}", above=0) for i in range(len(here))]
    ledger = Ledger([make_record({claim: [3, 4, 5] for claim in claims})])
    cards = [Card.of(claim, ledger, found) for claim, found in zip(claims, here, strict=True)]
    assert agreement(cards) == said


def test_what_a_run_recorded_becomes_cards(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(tmp_path))
    measured, skipped = make_claim("one-a"), make_claim("one-b")
    write_found(measured, [2.0, 3.0])
    write_found(skipped, [])
    cards = found_cards(tmp_path, Ledger([make_record({measured: [1.0]})]))
    assert list(cards) == ["one-a", "one-b"]
    assert cards["one-a"].here.mean == 2.5
    assert len(cards["one-a"].marks) == 1
    assert cards["one-b"].here is None
