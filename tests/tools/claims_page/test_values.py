import csv
import io
import math

from lib.evidence.ledger import Ledger
from tests.evidence import make_claim, make_filled_ledger, make_record
from tools.claims_page.page import columns
from tools.claims_page.values import COLUMNS, write_values

CLAIM = make_claim("a-claim", unit="points")


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_value_of_every_run_comes_back_as_it_was():
    values = [0.1 + 0.2, -1e-300, 1 / 3, 12345678.9]
    other = make_claim("other")
    ledger = Ledger(
        [
            make_record({CLAIM: values, other: [1.0]}, seed=10),
            make_record({CLAIM: [math.pi]}, seed=3, chapter="00_b", withdrawn='Wrong, "so, so".'),
        ]
    )
    lines = read(write_values(ledger, {CLAIM.id: CLAIM, other.id: other}))
    assert [float(line["value"]) for line in lines] == [math.pi, *values, 1.0]
    assert [line["number"] for line in lines] == ["1", "1", "2", "3", "4", "1"]
    assert lines[0]["withdrawn"] == 'Wrong, "so, so".'
    assert {line["seed"] for line in lines[1:]} == {"10"}


def test_the_values_that_count_give_the_mean_of_the_evidence():
    ledger = make_filled_ledger(CLAIM)
    lines = read(write_values(ledger, {CLAIM.id: CLAIM}))
    assert len(lines) == sum(len(v.values) for _, v in ledger.runs_of(CLAIM)) + 1
    by_seed = {}
    for line in lines:
        if line["counts"] == "yes":
            by_seed.setdefault(line["seed"], []).append(float(line["value"]))
    means = [math.fsum(values) / len(values) for values in by_seed.values()]
    assert math.fsum(means) / len(means) == ledger.estimate(CLAIM).mean


def test_pilots_gpus_withdrawn_runs_and_older_versions_do_not_count():
    newer = make_claim("a-claim", version=2)
    ledger = Ledger([*make_filled_ledger(CLAIM).records, make_record({newer: [1.0]}, seed=12)])
    counted = [
        line for line in read(write_values(ledger, {"a-claim": newer})) if line["counts"] == "yes"
    ]
    assert [(line["version"], line["seed"]) for line in counted] == [("2", "12")]
    lines = read(write_values(make_filled_ledger(CLAIM), {CLAIM.id: CLAIM}))
    left = [line for line in lines if line["counts"] == "no"]
    assert [(line["seed"], line["device"], line["withdrawn"] != "") for line in left] == [
        ("0", "cpu", False), ("10", "cuda", False), ("11", "cpu", True),
    ]  # fmt: skip


def test_a_run_is_described():
    record = make_record({CLAIM: [1.0]}, pinned=True, versions={"torch": "2.14.1"})
    (line,) = read(write_values(Ledger([record]), {CLAIM.id: CLAIM}))
    assert list(line) == list(COLUMNS)
    assert line == line | {
        "claim": "a-claim", "chapter": "01_a", "unit": "points", "bound": "above −1 point",
        "processor": "Tester", "instructions": "AVX2", "pinned": "yes", "torch": "2.14.1",
        "python": "3.11", "date": "2026-11-30", "budget": "full", "threads": "1",
    }  # fmt: skip


def test_all_columns_are_explained_on_the_page():
    explained = [line.split("`")[1] for line in columns().splitlines() if "`" in line]
    assert explained == list(COLUMNS)
