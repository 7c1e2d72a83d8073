"""Measures one experiment with one base seed: `python -m tools.measure CHAPTER EXPERIMENT`.

`tools.evidence` starts one such process after another. What was measured goes to stdout as JSON.
"""

import argparse
import hashlib
import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path

import torch

from lib import runtime
from lib.evidence import Experiment
from lib.evidence.ledger import Circumstances, Values
from tools.chapters import ROOT, CourseError, room_of
from tools.pins import PINS, processor_name
from tools.reach import reached_files

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn", "timm")
BUDGET = "full"  # the budget at which evidence is measured


def main() -> int:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(prog="python -m tools.measure", description=__doc__)
    parser.add_argument("chapter", help="such as 01_activations")
    parser.add_argument("experiment", help="its name; 'all' measures each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--budget", default=BUDGET)
    options = parser.parse_args()
    run = runtime.start(options.budget, seed=options.seed, device=options.device, threads=1)
    found = {experiment.name: experiment for experiment in list_experiments(options.chapter)}
    if options.experiment not in (*found, "all"):
        raise CourseError(f"{options.chapter} has experiments {', '.join(found)}")
    wanted = found.values() if options.experiment == "all" else [found[options.experiment]]
    for experiment in wanted:
        print(json.dumps(measure(options.chapter, experiment, run), ensure_ascii=False))
    return 0


def list_experiments(chapter: str) -> list[Experiment]:
    """The experiments in a chapter's room, in the order in which its module defines them.

    Raises:
        CourseError: two have the same name, or a variable has another name than its experiment.
    """
    module = importlib.import_module(f"chapters.{room_of(chapter)}.experiments")
    found = {name: item for name, item in vars(module).items() if isinstance(item, Experiment)}
    for name, experiment in found.items():
        if name != experiment.name:
            raise CourseError(f"{module.__name__}: {name} is named {experiment.name!r}")
    return list(found.values())


def measure(chapter: str, experiment: Experiment, run: runtime.Run) -> dict:
    """The experiment's result in a run, with the circumstances, as plain values."""
    started = time.monotonic()
    values = experiment.values(experiment(run))
    return {
        "chapter": chapter,
        "run": asdict(circumstances(run)),
        "date": date.today().isoformat(),
        "experiment": experiment.name,
        "seconds": round(time.monotonic() - started, 1),
        "digest": code_digest(chapter),
        "claims": {
            claim.id: asdict(
                Values(
                    values[claim.id],
                    claim.version,
                    claim.statement,
                    claim.estimand,
                    claim.unit,
                    claim.bound,
                )
            )
            for claim in experiment.claims
        },
    }


def circumstances(run: runtime.Run) -> Circumstances:
    """The device, hardware and settings with which this process computes."""
    cuda = run.device.type == "cuda"
    return Circumstances(
        seed=run.seed,
        budget=run.budget,
        device=run.device.type,
        processor=torch.cuda.get_device_name(run.device) if cuda else processor_name(),
        instructions=torch.backends.cpu.get_cpu_capability() if run.device.type == "cpu" else "",
        pins={name: os.environ[name] for name in PINS if name in os.environ},
        threads=run.threads,
        versions={
            "Python": platform.python_version(),
            **{name: version(name) for name in PACKAGES},
        },
    )


def code_digest(chapter: str) -> str:
    """A hash of the code that a chapter's experiments reach; recorded for information only."""
    room = Path(ROOT, "chapters", room_of(chapter), "experiments.py")
    digest = hashlib.sha256()
    for path in [room, *reached_files([room.read_text(encoding="utf-8")], ROOT)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
