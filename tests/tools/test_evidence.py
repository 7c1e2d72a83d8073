import json
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from lib.evidence import Experiment
from lib.evidence.ledger import read_record
from tests.evidence import make_claim, make_record
from tools import evidence
from tools.chapters import ROOT, CourseError
from tools.evidence import Task, add, record_file, select, verify

ONE, TWO = make_claim("one-is-more"), make_claim("two-is-more")
COUNTING = Experiment("counting", simulate=lambda run: None, measure=dict, claims=(ONE,))
ADDING = Experiment("adding", simulate=lambda run: None, measure=dict, claims=(TWO,))
HERE = asdict(make_record({}).run)
PINNED = {"MKL_CBWR": "AVX2"}


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """A folder for evidence; experiments find their seed, and what is measured is noted."""
    measured = []

    def measure(task, processes):
        measured.append(str(task))
        if task.experiment.name in broken:
            return "ZeroDivisionError: division by zero"
        claims = {c.id: asdict(make_record({c: [task.seed + 0.5]}).claims[c.id])
                  for c in task.experiment.claims}  # fmt: skip
        found = {"chapter": task.chapter, "experiment": task.experiment.name, "claims": claims}
        run = HERE | {"seed": task.seed, "pins": PINNED if task.pinned else {}}
        return found | {"run": run, "date": "2026-11-30", "seconds": 1, "digest": "d"}

    broken = set()
    monkeypatch.setattr(evidence, "measure", measure)
    monkeypatch.setattr(
        evidence, "circumstances", lambda device, pinned: HERE | {"pins": PINNED if pinned else {}}
    )
    monkeypatch.setattr(evidence, "pages_file", lambda parameters: tmp_path / "pages.json")
    folder = tmp_path / "evidence"
    folder.mkdir()
    return folder, measured, broken


def tasks(*experiments, seeds=(0,), chapter="01_a", pinned=False):
    return [
        Task(chapter, experiment, seed, "cpu", pinned)
        for seed in seeds
        for experiment in experiments
    ]


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.json"))


def test_each_chapter_and_seed_gets_a_file_of_its_own(ledger):
    folder, measured, _ = ledger
    assert add(tasks(COUNTING, ADDING, seeds=(0, 1)), folder) == 0
    assert [name.split("-")[0] for name in files(folder)] == ["01_a/seed0", "01_a/seed1"]
    record = read_record(folder / files(folder)[1])
    assert record.claims["one-is-more"].values == (1.5,)
    assert set(record.claims) == {"one-is-more", "two-is-more"}
    assert record.experiments["adding"] == {"seconds": 1, "digest": "d"}
    assert len(measured) == 4


def test_what_is_there_is_not_measured_again(ledger):
    folder, measured, _ = ledger
    add(tasks(COUNTING), folder)
    add(tasks(COUNTING, ADDING), folder)
    assert measured == ["01_a counting, seed 0", "01_a adding, seed 0"]


def test_a_claim_of_a_new_version_is_measured_again(ledger):
    folder, measured, _ = ledger
    add(tasks(COUNTING), folder)
    newer = replace(COUNTING, claims=(replace(ONE, version=2),))
    add(tasks(newer), folder)
    assert len(measured) == 2
    (name,) = files(folder)
    assert read_record(folder / name).claims["one-is-more"].version == 2


def test_other_circumstances_get_another_file(ledger):
    folder, *_ = ledger
    path = record_file(folder, "01_a", HERE)
    for other in ({"seed": 1}, {"processor": "Other"}, {"pins": {"A": "1"}}, {"threads": 2}):
        assert record_file(folder, "01_a", HERE | other) != path
    assert record_file(folder, "01_a", dict(reversed(HERE.items()))) == path


def test_a_seed_measured_with_and_without_pins_gets_two_files(ledger):
    folder, measured, _ = ledger
    both = [*tasks(COUNTING, pinned=True), *tasks(COUNTING)]
    add(both, folder)
    add(both, folder)
    assert measured == ["01_a counting, seed 0, pinned", "01_a counting, seed 0"]
    pins = [read_record(folder / name).run.pins for name in files(folder)]
    assert sorted(pins, key=len) == [{}, PINNED]


def test_an_experiment_that_fails_is_named_and_the_others_are_kept(ledger, capsys):
    folder, _, broken = ledger
    broken.add("counting")
    assert add(tasks(COUNTING, ADDING), folder) == 1
    (name,) = files(folder)
    assert set(read_record(folder / name).claims) == {"two-is-more"}
    assert "01_a counting, seed 0 failed:\nZeroDivisionError" in capsys.readouterr().err


def test_what_a_built_page_took_is_noted(ledger, capsys):
    folder, *_ = ledger
    add(tasks(COUNTING), folder)
    assert "'make book SEED=0' first" in capsys.readouterr().out
    page = {"seconds": 41.0, "peak_bytes": 10**9, "bytes": 900_000}
    (folder.parent / "pages.json").write_text(json.dumps({"01_a": page | {"key": "k"}}))
    add(tasks(COUNTING), folder)
    assert read_record(folder / files(folder)[0]).page == page


def test_verifying_says_which_values_come_out(ledger, capsys):
    folder, *_ = ledger
    add(tasks(COUNTING), folder)
    assert verify(tasks(COUNTING), folder) == 0
    path = folder / files(folder)[0]
    path.write_text(path.read_text().replace("0.5", "0.75"))
    assert verify(tasks(COUNTING, ADDING), folder) == 1
    said = capsys.readouterr().out
    assert "one-is-more: the same" in said
    assert "one-is-more: differs by more than rounding" in said
    assert "two-is-more: not in the ledger" in said


def options(**chosen):
    defaults = {"seeds": [0], "chapters": [], "claims": [], "device": "cpu"}
    return type("Options", (), defaults | chosen)


def test_chapters_and_claims_are_selected_by_their_names(monkeypatch):
    monkeypatch.setattr(evidence, "evidence_settings", lambda seed: (False,))
    found = list(select(options(chapters=["01"], claims=["relu-beats-tanh"], seeds=[0, 1])))
    assert [str(task) for task in found] == [
        "01_activations race, seed 0", "01_activations race, seed 1"
    ]  # fmt: skip
    assert {task.chapter for task in select(options(chapters=["activations"]))} == {
        "01_activations"
    }


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"chapters": ["99"]}, "no chapter 99; there are 00_recap"),
        ({"chapters": ["01"], "claims": ["no-such"]}, "no claim no-such in 01_activations"),
    ],
)
def test_a_name_that_nothing_has_is_refused(chosen, said):
    with pytest.raises(CourseError, match=said):
        list(select(options(**chosen)))


def test_one_experiment_is_measured_in_a_process_of_its_own():
    command = [sys.executable, "-m", "tools.measure", "01_activations", "depth", "--seed", "3"]
    done = subprocess.run(
        command, cwd=ROOT, env=evidence.environment(False), capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    assert found["run"]["seed"] == 3
    assert found["run"]["threads"] == 1
    assert len(found["claims"]["depth-relu-he"]["values"]) == 3
