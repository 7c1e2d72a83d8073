"""What the ledger says comes out again: with each commit one experiment, drawn by lot, is repeated.

It is drawn from those whose code has changed since they were measured, or else from all. The ledger
has its values at a base seed; the values of the repetition are compared with them in pairs.
"""

import subprocess

from lib.evidence.ledger import load_ledger
from tools.agreement import ROUNDED, SAME, agreement
from tools.chapters import ROOT
from tools.evidence import Task, kept_values, measure
from tools.measure import code_digest, list_experiments
from tools.pins import has_avx2

SEED = 10
LONGEST = 60  # seconds that the ledger's run took
LEDGER = load_ledger()


def repeatable():
    """The short experiments that were measured at that seed, and whether their code has changed."""
    for record in LEDGER.records:
        run = record.run
        if (run.seed, run.device, bool(run.pins)) != (SEED, "cpu", has_avx2()):
            continue
        for experiment in list_experiments(record.chapter):
            noted = record.experiments.get(experiment.name)
            task = Task(record.chapter, experiment, SEED, "cpu", has_avx2())
            current = all(kept_values(claim, task, LEDGER) for claim in experiment.claims)
            if noted and noted["seconds"] <= LONGEST and current:
                yield task, noted["digest"] != code_digest(record.chapter)


def test_an_experiment_drawn_by_lot_comes_out_as_the_ledger_says():
    found = list(repeatable())
    assert found, f"no short experiment was measured at seed {SEED}"
    drawn = [task for task, changed in found if changed] or [task for task, _ in found]
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True,
                          check=False).stdout.strip()  # fmt: skip
    task = drawn[int(head or "0", 16) % len(drawn)]
    measured = measure(task, [])
    assert not isinstance(measured, str), measured
    for claim in task.experiment.claims:
        kept = kept_values(claim, task, LEDGER)
        values = measured["claims"][claim.id]["values"]
        said = agreement(claim, values, kept, LEDGER)
        assert said in (SAME, ROUNDED), f"{task}, {claim.id}: {said}; {values}, ledger {kept}"
