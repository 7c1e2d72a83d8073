import math
from dataclasses import replace

import pytest
import torch

from lib import runtime
from lib.evidence import Experiment
from lib.evidence.ledger import Ledger, load_found
from tests.evidence import VALUES, make_claim, make_ledger

RUN = runtime.Run("standard", seed=7, device=torch.device("cpu"), threads=1)
ONE, TWO = make_claim("one-is-more"), make_claim("two-is-more", needs="full")


def make(values=None, claims=(ONE, TWO)):
    values = values or {"one-is-more": [1.0, 2.0], "two-is-more": torch.tensor([3.0])}
    return Experiment("counting", simulate=lambda run: values, measure=dict, claims=claims)


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(tmp_path / "claims"))
    return tmp_path / "claims"


def test_it_gives_what_figures_need_and_the_values_of_each_claim():
    counting = make()
    result = counting(RUN)
    assert set(result) == {"one-is-more", "two-is-more"}
    assert counting.values(result) == {"one-is-more": (1.0, 2.0), "two-is-more": (3.0,)}


def test_options_of_a_chapter_reach_the_simulation():
    asked = Experiment("asked", lambda run, dataset: dataset, lambda found: {}, ())
    assert asked(RUN, dataset="cifar10") == "cifar10"


@pytest.mark.parametrize(
    "values",
    [{"one-is-more": [1]}, {"one-is-more": [1], "two-is-more": []},
     {"one-is-more": [1], "two-is-more": [1], "three-is-more": [1]}],
)  # fmt: skip
def test_a_measurement_that_forgets_a_claim_is_refused(values):
    with pytest.raises(ValueError, match="should give values for one-is-more, two-is-more; got"):
        make(values).values(make(values)(RUN))


def test_cards_show_the_evidence_and_what_this_run_found(folder):
    counting = make()
    cards = counting.cards(counting(RUN), RUN, ledger=make_ledger({ONE: VALUES}))
    assert cards["one-is-more"].here.mean == 1.5
    assert cards["one-is-more"].evidence.mean == 2
    assert cards["two-is-more"].here is None  # it needs more than this budget computed
    assert load_found(folder) == [(ONE, (1.0, 2.0)), (TWO, ())]


def test_what_did_not_run_shows_the_evidence_alone(folder):
    cards = make().cards(None, RUN, ledger=make_ledger({ONE: VALUES}))
    assert cards["one-is-more"].here is None
    assert cards["one-is-more"].verdict == "holds"
    assert [claim for claim, _ in load_found(folder)] == [ONE, TWO]


def test_other_data_than_the_texts_is_not_compared():
    counting, other = make(), replace(RUN, as_written=False)
    assert counting.cards(counting(other), other, ledger=Ledger([]))["one-is-more"].here is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -1e300, 0.0])
def test_no_number_stops_a_reader(value, folder):
    counting = make({"one-is-more": [value] * 3, "two-is-more": [value]})
    cards = counting.cards(counting(RUN), RUN, ledger=make_ledger({ONE: VALUES}))
    assert "one-is-more" in repr(cards["one-is-more"])
    assert len(load_found(folder)) == 2
