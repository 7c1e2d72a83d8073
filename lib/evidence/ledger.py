"""The ledger of evidence: what every kept run measured, one small JSON file per run and chapter.

The files are in data/evidence/CHAPTER/; COURSE_EVIDENCE names another folder, such as a fork's own.
`python -m tools.evidence` writes them. An invalid run is marked as withdrawn, never deleted.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lib.evidence.claims import NO_EVIDENCE, Claim
from lib.evidence.estimates import Estimate
from lib.files import write_atomically

PILOTS = range(10)  # base seeds for designing an experiment; all others are for its verdict
EVIDENCE = Path(__file__).resolve().parents[2] / "data" / "evidence"


class LedgerError(ValueError):
    """A file of the ledger cannot be read; the message names it and what is wrong."""


@dataclass(frozen=True)
class Circumstances:
    """The run in which something was measured.

    Attributes:
        seed: the base seed that all random numbers derive from.
        budget: how much was computed.
        device, processor, instructions: such as "CPU", "Intel(R) Xeon(R)", "AVX2".
        pins: the variables that fix which instructions are used, see `tools.pins`.
        threads: CPU threads of each operation.
        versions: of Python and the packages that compute.
    """

    seed: int
    budget: str
    device: str
    processor: str
    instructions: str
    pins: Mapping[str, str]
    threads: int
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Values:
    """What one run measured for one claim, and the claim as it was then.

    Attributes:
        values: one number for each replicate within the run.
        version, statement, estimand, unit, bound: from the claim.
    """

    values: tuple[float, ...]
    version: int
    statement: str
    estimand: str
    unit: str
    bound: str


@dataclass(frozen=True)
class Record:
    """One file of the ledger.

    Attributes:
        chapter: such as "01_activations".
        run: the circumstances.
        date: date of the last measurement in it, such as "2026-11-30".
        claims: values by claim ID.
        experiments: by name, {"seconds": …, "digest": of the code}; the digest is not enforced.
        page: the chapter's page at budget standard, {"seconds", "peak_bytes", "bytes"}; empty if
            no book was built in this run.
        withdrawn: why the run does not count; empty if it does.
    """

    chapter: str
    run: Circumstances
    date: str
    claims: Mapping[str, Values] = field(default_factory=dict)
    experiments: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    page: Mapping[str, float] = field(default_factory=dict)
    withdrawn: str = ""


Kept = tuple[Record, Values]  # a run, and what it measured for one claim


class Ledger:
    """The records of all runs; withdrawn ones stand apart and never count."""

    def __init__(self, records: Sequence[Record]) -> None:
        """Store the records, the withdrawn ones apart."""
        self.records = [record for record in records if not record.withdrawn]
        self.withdrawn = [record for record in records if record.withdrawn]

    @property
    def processors(self) -> list[str]:
        """The names of all processors that measured something, sorted."""
        return sorted({record.run.processor for record in self.records})

    def runs_of(self, claim: Claim) -> list[Kept]:
        """Every run that measured the claim as it stands now, by base seed."""
        found = [(r, r.claims[claim.id]) for r in self.records if claim.id in r.claims]
        found = [(record, kept) for record, kept in found if kept.version == claim.version]
        return sorted(found, key=lambda pair: (pair[0].run.seed, pair[0].date))

    def estimate(self, claim: Claim) -> Estimate | None:
        """What the runs on CPUs say about the claim; None if none measured it.

        The base seeds in `PILOTS` shaped the experiment, so they count only while there are no
        others. Runs with the same base seed, on several processors, are one run.
        """
        return pool(self.runs_of(claim), independent=claim.independent)

    def verdict(self, claim: Claim) -> str:
        """The claim's verdict."""
        estimate = self.estimate(claim)
        return NO_EVIDENCE if estimate is None else estimate.verdict(claim)

    def latest(self, id: str) -> tuple[Estimate, str] | None:
        """The estimate of a claim's newest version, and its unit; None if there is none."""
        kept = [(record, record.claims[id]) for record in self.records if id in record.claims]
        newest = max((values.version for _, values in kept), default=0)
        kept = [(record, values) for record, values in kept if values.version == newest]
        estimate = pool(kept, independent=False)
        return None if estimate is None else (estimate, kept[0][1].unit)


def counting(runs: Sequence[Kept]) -> list[Kept]:
    """The runs that count: those on CPUs, and pilots only while there are no others."""
    on_cpu = [kept for kept in runs if kept[0].run.device == "cpu"]
    return [kept for kept in on_cpu if kept[0].run.seed not in PILOTS] or on_cpu


def pool(runs: Sequence[Kept], *, independent: bool) -> Estimate | None:
    """The estimate from the runs that count, one unit per base seed; None if there are none.

    Args:
        independent: see `Claim`.
    """
    values: dict[int, list[float]] = {}
    for record, kept in counting(runs):
        values.setdefault(record.run.seed, []).extend(kept.values)
    return Estimate.of(list(values.values()), independent=independent) if values else None


def evidence_folder() -> Path:
    """The folder of the ledger."""
    return Path(os.environ.get("COURSE_EVIDENCE") or EVIDENCE)


def load_ledger(folder: Path | None = None, *, chapter: str = "*") -> Ledger:
    """The ledger in a folder, or in `evidence_folder()`; empty if there is no such folder.

    Args:
        chapter: reads only this chapter's runs.

    Raises:
        LedgerError: a file there is not a record of a run.
    """
    files = sorted((folder or evidence_folder()).glob(f"{chapter}/*.json"))
    return Ledger([read_record(path) for path in files])


def read_record(path: Path) -> Record:
    """The record in a file.

    Raises:
        LedgerError: the file is not a record of a run.
    """
    try:
        fields = json.loads(path.read_text("utf-8"))
        fields["run"] = Circumstances(**fields["run"])
        fields["claims"] = {
            id: Values(**(kept | {"values": tuple(map(float, kept["values"]))}))
            for id, kept in fields["claims"].items()
        }
        return Record(**fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise LedgerError(f"{path} is no record of a run: {error!r}") from error


def write_record(record: Record, path: Path) -> None:
    """Write the record atomically."""
    text = json.dumps(asdict(record), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, text + "\n")


def write_found(claim: Claim, values: Sequence[float]) -> None:
    """Keep what this run found in the folder COURSE_CLAIMS_DIR, if that variable is set."""
    if folder := os.environ.get("COURSE_CLAIMS_DIR"):
        kept = [value if math.isfinite(value) else None for value in values]
        text = json.dumps({"claim": asdict(claim), "values": kept}, ensure_ascii=False)
        write_atomically(Path(folder) / f"{claim.id}.json", text)


def load_found(folder: Path) -> list[tuple[Claim, tuple[float, ...]]]:
    """The claims that a run kept in a folder, by ID, each with the values found there.

    Raises:
        LedgerError: a file there does not hold a claim.
    """
    return [_read_found(path) for path in sorted(folder.glob("*.json"))]


def _read_found(path: Path) -> tuple[Claim, tuple[float, ...]]:
    try:
        found = json.loads(path.read_text("utf-8"))
        fields = found["claim"]
        for name in ("rows", "between"):
            fields[name] = tuple(fields[name]) if fields[name] is not None else None
        values = tuple(math.nan if value is None else float(value) for value in found["values"])
        return Claim(**fields), values
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise LedgerError(f"{path} is no record of a claim: {error!r}") from error
