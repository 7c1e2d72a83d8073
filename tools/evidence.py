"""Adds runs to the ledger of evidence: `python -m tools.evidence`, or `make evidence SEEDS="0 1"`.

One experiment with one seed is measured at a time, each in a process of its own with one thread.
What is done is kept at once, so the command can be interrupted and given again: it measures what is
missing. `--verify` measures again and says whether the ledger's values come out.
"""

import argparse
import functools
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lib.evidence import Claim, Experiment
from lib.evidence.ledger import (
    Circumstances,
    Ledger,
    LedgerError,
    Record,
    Values,
    evidence_folder,
    load_ledger,
    read_record,
    write_record,
)
from tools.agreement import ROUNDED, SAME, agreement
from tools.build import BUILD, DEVICES, at_least, find_device, pages_file, reporting
from tools.chapters import ROOT, CourseError, list_chapters
from tools.lock import exclusive
from tools.measure import list_experiments
from tools.pins import PINS, evidence_settings
from tools.results import Parameters

WORKERS = 2


@dataclass(frozen=True)
class Task:
    """One experiment of a chapter with one base seed, with or without the pins."""

    chapter: str
    experiment: Experiment
    seed: int
    device: str
    pinned: bool

    def __str__(self) -> str:
        pinned = ", pinned" if self.pinned else ""
        return f"{self.chapter} {self.experiment.name}, seed {self.seed}{pinned}"


def main() -> int:
    """Measure what is missing; return 1 if an experiment failed."""
    options = parse_arguments()
    folder = options.folder or evidence_folder()
    with reporting("Not everything was measured.") as status:
        options.device = find_device(options.device)
        tasks = list(select(options))
        with exclusive(BUILD / "evidence"):
            if options.verify:
                status.code = verify(tasks, folder)
            else:
                status.code = add(tasks, folder)
    return status.code


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.evidence", description=__doc__)
    parser.add_argument("--seeds", type=at_least(0, "SEEDS"), nargs="+", default=[0])
    parser.add_argument("--chapters", nargs="*", default=[], help="names or numbers; all if none")
    parser.add_argument("--claims", nargs="*", default=[], help="measure the experiments of these")
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument("--folder", type=Path, help="of the ledger; COURSE_EVIDENCE names it, too")
    parser.add_argument("--verify", action="store_true")
    return parser.parse_args()


def select(options: argparse.Namespace) -> Iterator[Task]:
    """The requested experiments, each with every seed and its settings.

    Raises:
        CourseError: there is no such chapter or claim.
    """
    names = [chapter.name for chapter in list_chapters()]
    asked = {c: [n for n in names if c in (n, *n.split("_", 1))] for c in options.chapters}
    if unknown := [chapter for chapter, found in asked.items() if not found]:
        raise CourseError(f"no chapter {', '.join(unknown)}; there are {', '.join(names)}")
    chosen = [name for name in names if not asked or [name] in asked.values()]
    experiments = [(name, each) for name in chosen for each in list_experiments(name)]
    known = {claim.id for _, experiment in experiments for claim in experiment.claims}
    if unknown := set(options.claims) - known:
        raise CourseError(f"no claim {', '.join(sorted(unknown))} in {', '.join(chosen)}")
    for seed in options.seeds:
        for name, experiment in experiments:
            ids = {claim.id for claim in experiment.claims}
            if not options.claims or ids & set(options.claims):
                for pinned in evidence_settings(seed):
                    yield Task(name, experiment, seed, options.device, pinned)


def add(tasks: Sequence[Task], folder: Path) -> int:
    """Measure what the ledger lacks, and record the pages' costs; return the exit status."""
    kept = {task: kept_file(task, folder) for task in tasks}
    missing = [task for task in tasks if not is_kept(task, kept[task])]
    print(f"{len(tasks) - len(missing)} measured before, {len(missing)} to measure")
    failed = 0
    for number, (task, found) in enumerate(measured(missing), start=1):
        if isinstance(found, str):
            failed += 1
            print(f"{task} failed:\n{found}", file=sys.stderr)
            continue
        keep(found, folder)
        print(f"{number} of {len(missing)}: {task} ({found['seconds']:.0f} s)", flush=True)
    for path, seed in sorted({(kept[task], task.seed) for task in tasks}):
        note_page(path, Parameters("standard", seed, tasks[0].device))
    return 1 if failed else 0


def verify(tasks: Sequence[Task], folder: Path) -> int:
    """Measure again and compare with the ledger.

    Returns:
        1 if values are missing, or differ by more than rounding.
    """
    ledger, wrong = load_ledger(folder), 0
    for task, found in measured(tasks):
        if isinstance(found, str):
            raise CourseError(f"{task} failed:\n{found}")
        for claim in task.experiment.claims:
            kept = kept_values(claim, task, ledger)
            values = found["claims"][claim.id]["values"]
            said = agreement(claim, values, kept, ledger) if kept else "not in the ledger"
            wrong += said not in (SAME, ROUNDED)
            print(f"{claim.id}: {said}", flush=True)
    return 1 if wrong else 0


def kept_values(claim: Claim, task: Task, ledger: Ledger) -> Sequence[float]:
    """What the ledger has of a claim with the task's base seed and pins; empty if nothing."""
    for record, kept in ledger.runs_of(claim):
        run = record.run
        if (run.seed, run.device, bool(run.pins)) == (task.seed, task.device, task.pinned):
            return kept.values
    return ()


def measured(tasks: Sequence[Task]) -> Iterator[tuple[Task, dict | str]]:
    """Each task with its result or its error, in the order in which they finish."""
    processes: list[subprocess.Popen] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        running = {pool.submit(measure, task, processes): task for task in tasks}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        except BaseException:  # on an interrupt, the pool would wait for running tasks
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            raise


def measure(task: Task, processes: list[subprocess.Popen]) -> dict | str:
    """The result of a separate process, or its error; the process is added to `processes`."""
    command = [sys.executable, "-m", "tools.measure", task.chapter, task.experiment.name]
    process = subprocess.Popen(
        [*command, "--seed", str(task.seed), "--device", task.device],
        cwd=ROOT,
        env=environment(task.pinned),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    processes.append(process)
    said, complaint = process.communicate()
    return complaint[-3000:] if process.returncode else json.loads(said.splitlines()[-1])


def environment(pinned: bool) -> dict[str, str]:
    """Environment variables: one thread, no worker processes, the pins or none."""
    threads = {"COURSE_WORKERS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    quiet = {"COURSE_PROGRESS": "off", "PYTHONPATH": str(ROOT)}
    inherited = {name: value for name, value in os.environ.items() if name not in PINS}
    return {**inherited, **(PINS if pinned else {}), **threads, **quiet}


@functools.cache
def circumstances(device: str, pinned: bool) -> Mapping[str, object]:
    """The circumstances of a process that measures on this machine, with seed 0."""
    program = (
        "import json, sys; from dataclasses import asdict; from lib import runtime; "
        "from tools.measure import BUDGET, circumstances; "
        "run = runtime.start(BUDGET, device=sys.argv[1], threads=1); "
        "print(json.dumps(asdict(circumstances(run))))"
    )
    command = [sys.executable, "-c", program, device]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(pinned), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def record_file(folder: Path, chapter: str, run: Mapping[str, object]) -> Path:
    """The file of a run, determined by its seed and circumstances."""
    digest = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:8]
    return folder / chapter / f"seed{run['seed']}-{digest}.json"


def kept_file(task: Task, folder: Path) -> Path:
    """The file in which this machine keeps what the task measures."""
    here = circumstances(task.device, task.pinned)
    return record_file(folder, task.chapter, {**here, "seed": task.seed})


def is_kept(task: Task, path: Path) -> bool:
    """Whether a file has the task's claims in their current version."""
    if not path.is_file():
        return False
    kept = read_record(path).claims
    return all(
        claim.id in kept and kept[claim.id].version == claim.version
        for claim in task.experiment.claims
    )


def keep(found: Mapping, folder: Path) -> None:
    """Add a result to the file of its run.

    Raises:
        LedgerError: that file holds something else.
    """
    path = record_file(folder, found["chapter"], found["run"])
    if path.is_file():
        record = read_record(path)
    else:
        record = Record(found["chapter"], Circumstances(**found["run"]), found["date"])
    if asdict(record.run) != found["run"]:
        raise LedgerError(f"{path} is of another run: {record.run}")
    claims = {id: Values(**values) for id, values in found["claims"].items()}
    noted = {name: found[name] for name in ("seconds", "digest")}
    write_record(
        replace(
            record,
            date=found["date"],
            claims=dict(record.claims) | claims,
            experiments=dict(record.experiments) | {found["experiment"]: noted},
        ),
        path,
    )


def note_page(path: Path, parameters: Parameters) -> None:
    """Add the cost of the chapter's page at budget standard, if such a book was built here."""
    if not path.is_file():
        return
    record, pages = read_record(path), pages_file(parameters)
    taken = json.loads(pages.read_text("utf-8")) if pages.is_file() else {}
    if record.chapter not in taken:
        seed = parameters.seed
        print(f"{record.chapter}: no page of seed {seed} to note; 'make book SEED={seed}' first")
        return
    page = {name: taken[record.chapter][name] for name in ("seconds", "peak_bytes", "bytes")}
    write_record(replace(record, page=page), path)


if __name__ == "__main__":
    sys.exit(main())
