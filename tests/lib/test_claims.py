import dataclasses
import errno
import json
import math
import re
import subprocess
import sys

import pytest
import torch

from lib import claims, runtime
from lib.claims import ClaimError, claim, load_claims

RUN = runtime.Run("standard", seed=7, device=torch.device("cpu"), threads=2)
VALUES = [1.0, 2.0, 3.0]  # mean 2, interval -0.484 to 4.484


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CLAIMS_DIR", str(tmp_path / "claims"))
    return tmp_path / "claims"


def make(values=VALUES, *, id="two-is-more", run=RUN, **options):
    bound = {} if {"above", "below", "between"} & set(options) else {"above": -1}
    return claim(id, "Two is more than nothing.", values, run=run, **bound, **options)


def test_mean_interval_and_count_are_those_worked_out_by_hand():
    result = make()
    assert (result.mean, result.low, result.high) == pytest.approx((2, -0.484, 4.484), abs=5e-4)
    assert result.n == 3


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [
        ({"above": -0.5}, "holds"),
        ({"above": 0}, "inconclusive"),
        ({"above": 4.5}, "does not hold here"),
        ({"below": 4.5}, "holds"),
        ({"below": 4}, "inconclusive"),
        ({"below": -0.5}, "does not hold here"),
        ({"between": (-0.5, 4.5)}, "holds"),
        ({"between": (0, 5)}, "inconclusive"),
        ({"between": (1, 3)}, "inconclusive"),
        ({"between": (5, 6)}, "does not hold here"),
        ({"between": (-6, -5)}, "does not hold here"),
    ],
)
def test_the_verdict_says_where_the_whole_interval_lies(bound, verdict):
    assert make(**bound, expect=verdict).verdict == verdict


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [
        ({"above": 1}, "does not hold here"),
        ({"above": 0.9}, "holds"),
        ({"below": 1}, "does not hold here"),
        ({"below": 1.1}, "holds"),
        ({"between": (0, 1)}, "holds"),
    ],
)
def test_values_that_are_all_the_same_get_a_verdict_even_on_the_bound(bound, verdict):
    assert make([1, 1, 1], **bound, expect=verdict).verdict == verdict


def test_one_coarse_line_is_printed(capsys):
    make()
    assert capsys.readouterr() == ("claim two-is-more: holds\n", "")


def test_another_verdict_than_the_text_relies_on_is_an_error_with_the_numbers(capsys, folder):
    with pytest.raises(ClaimError) as caught:
        make(above=0)
    for part in (
        "relies on 'holds'",
        "the verdict is 'inconclusive'",
        "[two-is-more]",
        "2.0 (95% interval −0.5 to 4.5, 3 seeds)",
        "above 0",
    ):
        assert part in str(caught.value)
    assert capsys.readouterr().out == "claim two-is-more: inconclusive\n"
    assert load_claims(folder)[0].verdict == "inconclusive"


def test_a_rule_that_fails_as_the_text_says_is_no_error():
    assert make(above=9, expect="does not hold here").expect == "does not hold here"


def test_on_other_data_a_verdict_is_reported_and_not_enforced(capsys):
    elsewhere = dataclasses.replace(RUN, as_written=False)
    assert make(above=9, run=elsewhere).verdict == "does not hold here"
    assert "does not hold here" in capsys.readouterr().out
    with pytest.raises(ClaimError):
        make(above=9)


@pytest.mark.parametrize(
    ("budget", "needs", "assessed"),
    [
        ("quick", "quick", True),
        ("quick", "standard", False),
        ("quick", "full", False),
        ("standard", "quick", True),
        ("standard", "standard", True),
        ("standard", "full", False),
        ("full", "quick", True),
        ("full", "standard", True),
        ("full", "full", True),
    ],
)
def test_only_a_budget_that_suffices_assesses(capsys, budget, needs, assessed):
    result = make(run=dataclasses.replace(RUN, budget=budget), needs=needs)
    assert (result.verdict == "holds") is assessed
    line = "holds" if assessed else f"not assessed at {budget} (needs {needs})"
    assert capsys.readouterr().out == f"claim two-is-more: {line}\n"


@pytest.mark.parametrize("values", [[], [5], [math.nan] * 3, [-9, -9, -9]])
def test_what_is_not_assessed_shows_no_evidence_and_never_fails(values, folder):
    result = make(values, run=dataclasses.replace(RUN, budget="quick"), above=0)
    assert (result.verdict, result.mean, result.low, result.high) == ("not assessed", *[None] * 3)
    assert "nothing at budget quick, since the evidence takes standard" in str(result)
    for value in values:
        assert f"{value:g}" not in result._repr_html_().partition("Measured")[2]
    assert load_claims(folder)[0].n == len(values)


def test_budgets_are_those_of_a_run():
    assert claims.BUDGETS == runtime.BUDGETS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"id": "Two is more"}, "kebab-case, such as 'relu-beats-sigmoid'; got 'Two is more'"),
        ({"id": "two-is-more\n"}, "kebab-case"),
        ({"id": "../two"}, "kebab-case"),
        ({"values": [1, 2]}, r"3 or more finite numbers; got \[1.0, 2.0\]"),
        ({"values": [1, 2, math.nan]}, "3 or more finite numbers; got .*nan"),
        ({"above": 1, "below": 2}, "exactly one of above, below and between; got {'above': 1, 'be"),
        ({"above": None}, "exactly one of above, below and between; got {}"),
        ({"above": math.nan}, "a bound must be finite; got"),
        ({"between": (0, math.inf)}, "a bound must be finite; got"),
        ({"between": (2, 1)}, r"between must be \(lowest, highest\); got \(2, 1\)"),
        ({"needs": "long"}, "needs must be one of quick, standard, full; got 'long'"),
        ({"expect": "true"}, "expect must be 'holds', 'does not hold here' or 'inconclusive'; got"),
        ({"expect": "not assessed"}, "expect must be"),
        ({"rows": "M06"}, "rows must be several IDs"),
    ],
)
def test_bad_arguments_are_named_and_nothing_is_recorded(options, message, folder):
    with pytest.raises(ValueError, match=message):
        make(**options)
    assert load_claims(folder) == []


def test_tensors_are_numbers_too():
    assert make(torch.tensor([1, 2, 3])).values == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("bound", [{"above": -1}, {"below": 5}, {"between": (-1, 5)}])
def test_a_record_comes_back_as_it_was(folder, bound):
    result = make(**bound, unit="points", rows=["M05", "M06"])
    assert load_claims(folder) == [result]
    assert [path.name for path in folder.iterdir()] == ["two-is-more.json"]


def test_a_record_states_the_run_that_measured_it(folder):
    make(rows=["M06"])
    record = json.loads((folder / "two-is-more.json").read_text())
    expected = {"budget": "standard", "seed": 7, "device": "CPU", "threads": 2, "rows": ["M06"]}
    assert {name: record[name] for name in expected} == expected
    assert torch.__version__.startswith(record["versions"]["torch"])


def test_measuring_again_replaces_the_record(folder):
    make()
    again = make([2, 2, 2])
    assert load_claims(folder) == [again]


def test_a_record_that_cannot_be_finished_leaves_the_old_one(folder, monkeypatch):
    first = make()

    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(claims.Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        make([2, 2, 2])
    assert load_claims(folder) == [first]
    assert len(list(folder.iterdir())) == 1


def test_without_a_folder_nothing_is_recorded(folder, monkeypatch):
    monkeypatch.delenv("COURSE_CLAIMS_DIR")
    make()
    assert not folder.exists()
    assert load_claims(folder) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"id": "two-is-more"}'])
def test_a_file_that_is_no_record_is_named(folder, text):
    folder.mkdir()
    (folder / "broken.json").write_text(text)
    with pytest.raises(ValueError, match=r"broken\.json is no record of a claim"):
        load_claims(folder)


@pytest.mark.parametrize(
    ("options", "bound", "measured"),
    [
        ({"above": -1}, "above −1", "2.0 (95% interval −0.5 to 4.5, 3 seeds)"),
        ({"below": 9, "unit": "points"}, "below 9 points", "2.0 points (95% interval −0.5"),
        ({"between": (-1, 9), "unit": "%"}, "between −1 and 9%", "2.0% (95% interval"),
        ({"values": [88.64, 88.6, 88.68]}, "above −1", "88.640 (95% interval 88.541 to 88.739"),
        ({"values": [1000, 2000, 3000]}, "above −1000", "2000 (95% interval −484 to 4484"),
        ({"values": [0.25, 0.25, 0.25]}, "above −1", "0.25 (95% interval 0.25 to 0.25"),
    ],
)
def test_numbers_show_as_many_digits_as_the_interval_supports(options, bound, measured):
    result = make(**({"above": -1000} if 1000 in options.get("values", []) else {}) | options)
    assert result.bound == bound
    assert result.measured.startswith(measured)


@pytest.mark.parametrize(
    ("bound", "verdict", "icon"),
    [(-1, "holds", "✓"), (9, "does not hold here", "✗"), (0, "inconclusive", "?")],
)
def test_a_card_tells_the_verdict_in_words_and_by_a_sign_not_by_color_alone(bound, verdict, icon):
    card = make(above=bound, expect=verdict)._repr_html_()
    words = re.sub(r"<[^>]*>", "", card)
    assert f"{icon} Claim: {verdict}" in words
    assert f'aria-hidden="true" style="color:{claims.COLORS[verdict]}">{icon}</span>' in card
    assert f"Asked for: above {bound}.".replace("-", "−") in words


def test_a_card_escapes_its_text_and_stays_one_line():
    result = claim("less", "a < b & c > d", VALUES, run=RUN, above=-1, unit="<b>")
    card = result._repr_html_()
    assert "a &lt; b &amp; c &gt; d" in card
    assert "<b>" not in card
    assert "\n" not in card


def test_reading_records_needs_no_torch():
    program = "import sys, lib.claims; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_cuda_device_is_recorded_by_its_name():
    result = make(run=dataclasses.replace(RUN, device=torch.device("cuda")))
    assert result.device == torch.cuda.get_device_name()
