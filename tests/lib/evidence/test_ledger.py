import json
import math
from dataclasses import replace

import pytest

from lib.evidence.claims import NO_EVIDENCE
from lib.evidence.ledger import (
    Ledger,
    LedgerError,
    counting,
    evidence_folder,
    load_found,
    load_ledger,
    read_record,
    write_found,
    write_record,
)
from tests.evidence import VALUES, make_claim, make_record

CLAIM = make_claim(unit="points", rows=("M05", "M06"))


def test_a_record_comes_back_as_it_was(tmp_path):
    record = make_record({CLAIM: VALUES})
    write_record(record, tmp_path / "01_a" / "seed0.json")
    assert read_record(tmp_path / "01_a" / "seed0.json") == record


def test_a_ledger_pools_the_runs_of_all_files(tmp_path):
    for seed, values in enumerate([[1, 2, 3], [4, 5, 6]]):
        record = make_record({CLAIM: values}, seed=seed)
        write_record(record, tmp_path / "01_a" / f"{seed}.json")
    ledger = load_ledger(tmp_path)
    estimate = ledger.estimate(CLAIM)
    assert (estimate.mean, estimate.values, estimate.runs) == (3.5, 6, 2)
    assert [record.run.seed for record, _ in ledger.runs_of(CLAIM)] == [0, 1]
    assert load_ledger(tmp_path, chapter="02_b").estimate(CLAIM) is None


def test_runs_of_one_seed_on_two_processors_are_one_run():
    ledger = Ledger(
        [
            make_record({CLAIM: [1.0, 3.0]}, seed=10),
            make_record({CLAIM: [5.0, 7.0]}, seed=10, processor="Other"),
            make_record({CLAIM: [2.0, 2.0]}, seed=11),
        ]
    )
    assert ledger.estimate(CLAIM).means == (4.0, 2.0)


def test_pilots_count_only_while_there_is_no_other_run():
    pilots = [make_record({CLAIM: [9.0]}, seed=seed) for seed in (0, 1)]
    assert Ledger(pilots).estimate(CLAIM).runs == 2
    confirmed = Ledger([*pilots, make_record({CLAIM: [1.0]}, seed=10)])
    assert confirmed.estimate(CLAIM).means == (1.0,)
    assert confirmed.latest(CLAIM.id)[0].means == (1.0,)


def test_a_verdict_counts_neither_pilots_nor_gpus():
    pilot = make_record({CLAIM: [9.0]})
    gpu = make_record({CLAIM: [9.0]}, seed=10, device="mps")
    confirming = make_record({CLAIM: [1.0]}, seed=10)
    ledger = Ledger([pilot, gpu, confirming])
    assert [record for record, _ in counting(ledger.runs_of(CLAIM))] == [confirming]
    assert [record for record, _ in counting(Ledger([pilot, gpu]).runs_of(CLAIM))] == [pilot]


def test_processors_are_listed_once():
    runs = [make_record({CLAIM: [1]}, seed=i, processor="BAB"[i]) for i in range(3)]
    assert Ledger(runs).processors == ["A", "B"]


def test_runs_on_a_gpu_stand_apart():
    gpu = make_record({CLAIM: [9.0]}, seed=10, device="cuda")
    assert Ledger([gpu]).estimate(CLAIM) is None
    both = Ledger([gpu, make_record({CLAIM: [1.0]}, seed=10)])
    assert both.estimate(CLAIM).means == (1.0,)
    assert len(both.runs_of(CLAIM)) == 2


def test_a_withdrawn_run_stays_on_record_and_does_not_count(tmp_path):
    wrong = make_record({CLAIM: [99, 99, 99]}, withdrawn="The labels were shuffled.")
    write_record(wrong, tmp_path / "01_a" / "wrong.json")
    ledger = load_ledger(tmp_path)
    assert ledger.verdict(CLAIM) == NO_EVIDENCE
    assert ledger.withdrawn == [wrong]


def test_evidence_of_another_version_does_not_count():
    ledger = Ledger([make_record({CLAIM: VALUES}), make_record({CLAIM: [7]}, seed=1)])
    newer = replace(CLAIM, version=2)
    assert ledger.estimate(newer) is None
    assert ledger.verdict(newer) == NO_EVIDENCE
    ledger = Ledger([*ledger.records, make_record({newer: [4, 5]}, seed=2)])
    assert ledger.estimate(newer).mean == 4.5
    estimate, unit = ledger.latest(CLAIM.id)
    assert (estimate.mean, unit) == (4.5, "points")
    assert ledger.latest("nothing-known") is None


def test_where_there_is_no_ledger_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_EVIDENCE", str(tmp_path / "own"))
    assert evidence_folder() == tmp_path / "own"
    assert load_ledger().verdict(CLAIM) == NO_EVIDENCE


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"run": {}}', "<<<<<<< ours"])
def test_a_file_that_is_no_record_is_named(tmp_path, text):
    path = tmp_path / "01_a" / "broken.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(LedgerError, match=r"broken\.json is no record of a run"):
        load_ledger(tmp_path)


def test_a_value_that_is_no_number_is_never_kept(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_record(make_record({CLAIM: [math.nan]}), tmp_path / "seed0.json")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def found(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(tmp_path / "claims"))
    return tmp_path / "claims"


@pytest.mark.parametrize("bound", [{"above": -1}, {"below": 5}, {"between": (-1, 5)}])
def test_what_a_run_found_comes_back_as_it_was(found, bound):
    claim = make_claim(**bound, rows=("M05",))
    write_found(claim, (1.0, 2.0))
    assert load_found(found) == [(claim, (1.0, 2.0))]


def test_a_number_that_is_none_is_found_again(found):
    write_found(CLAIM, [math.inf])
    ((_, (value,)),) = load_found(found)
    assert math.isnan(value)


def test_measuring_again_replaces_what_was_found(found):
    write_found(CLAIM, [1.0])
    write_found(CLAIM, [2.0])
    assert load_found(found) == [(CLAIM, (2.0,))]


def test_without_a_folder_nothing_is_written(found, monkeypatch):
    monkeypatch.delenv("COURSE_CLAIMS_DIR")
    write_found(CLAIM, [1.0])
    assert not found.exists()
    assert load_found(found) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"claim": {"id": "a-b"}, "values": []}'])
def test_a_file_that_holds_no_claim_is_named(found, text):
    found.mkdir()
    (found / "broken.json").write_text(text)
    with pytest.raises(LedgerError, match=r"broken\.json is no record of a claim"):
        load_found(found)


def test_files_are_small_and_readable(tmp_path):
    write_record(make_record({CLAIM: VALUES}), tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text("utf-8")
    assert json.loads(text)["claims"]["two-is-more"]["estimand"] == "a number of the test's"
    assert len(text) < 1000
