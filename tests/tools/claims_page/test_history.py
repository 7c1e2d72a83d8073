from dataclasses import replace

from lib.evidence.estimates import Estimate
from lib.evidence.ledger import Ledger
from tests.evidence import make_claim, make_filled_ledger, make_record
from tools.claims_page.history import brief, by_torch, withdrawn_runs, wordings

OLD = make_claim("a-claim", above=3, statement="As it was.", unit="points")
REWORDED = replace(OLD, statement="As it is.")
NEWER = replace(REWORDED, version=2, above=1.0)


def test_wordings_come_oldest_first_each_with_its_own_mean_and_dates():
    ledger = Ledger(
        [
            make_record({NEWER: [8.0]}, seed=2, date="2026-12-03"),
            make_record({REWORDED: [5.0]}, seed=3, date="2026-12-02"),
            make_record({OLD: [1.0]}, seed=0, date="2026-11-30"),
            make_record({OLD: [2.0]}, seed=1, date="2026-12-01"),
        ]
    )
    stood = wordings(ledger, NEWER)
    assert [(w.version, w.statement, w.bound) for w in stood] == [
        (1, "As it was.", "above 3 points"),
        (1, "As it is.", "above 3 points"),
        (2, "As it is.", "above 1 point"),
    ]
    assert [w.evidence.mean for w in stood] == [1.5, 5.0, 8.0]
    assert (stood[0].first, stood[0].last) == ("2026-11-30", "2026-12-01")
    assert [w.is_of(NEWER) for w in stood] == [False, False, True]


def test_a_wording_measured_on_gpus_only_has_no_mean():
    ledger = Ledger([make_record({OLD: [1.0]}, device="cuda")])
    assert wordings(ledger, OLD)[0].found == "no run on a CPU"


def test_withdrawn_runs_are_those_of_the_claim():
    ledger = make_filled_ledger(OLD)
    ((record, values),) = withdrawn_runs(ledger, OLD)
    assert (record.withdrawn, values.values) == ("Shuffled labels.", (99.0,))
    assert withdrawn_runs(ledger, make_claim("other-claim")) == []


def test_runs_are_pooled_by_version_of_torch():
    runs = [
        make_record({OLD: [float(seed)]}, seed=seed, versions=versions)
        for seed, versions in ((10, {"torch": "2.1"}), (11, {"torch": "2.2"}), (12, {}))
    ]
    gpu = make_record({OLD: [9.0]}, seed=13, device="cuda", versions={"torch": "3.0"})
    found = by_torch(Ledger([*runs, gpu]), OLD)
    assert {name: estimate.mean for name, estimate in found.items()} == {
        "2.1": 10, "2.2": 11, "unknown": 12,
    }  # fmt: skip


def test_an_estimate_is_told_briefly():
    assert brief(Estimate.of([[1.0]]), "points") == "1 point (1 run)"
    three = Estimate.of([[1.0], [2.0], [3.0]])
    assert brief(three, "%") == "2.0% (95% interval −0.5 to 4.5; 3 runs)"
