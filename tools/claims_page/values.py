"""Every value of every run as one file for readers: a CSV with a line per value."""

import csv
import io
from collections.abc import Iterator, Mapping

from lib.evidence.claims import Claim
from lib.evidence.ledger import Kept, Ledger, counting

FILE = "claims.csv"
COLUMNS = {
    "claim": "the name of the claim, as in its address on this page",
    "version": "version of what is measured; only values of the newest count",
    "chapter": "the chapter that the claim belongs to",
    "seed": "the base seed of the run",
    "number": "number of the value within its run, from 1",
    "value": "the value, in full precision",
    "unit": "the unit of the value and of the bound",
    "bound": "what was asked for when the run was made",
    "counts": "yes if the value enters the verdict; pilots and runs on GPUs do not",
    "withdrawn": "the reason why the run was withdrawn; empty if it was not",
    "budget": "how much was computed",
    "device": "cpu, or the kind of GPU",
    "processor": "the name of the processor or GPU",
    "instructions": "the instructions that torch used on a CPU",
    "pinned": "yes if the run was confined to instructions that all x86 processors share",
    "threads": "number of threads",
    "date": "date of the run",
    "python": "version of Python",
    "torch": "version of torch",
}


def write_values(ledger: Ledger, claims: Mapping[str, Claim]) -> str:
    """The text of the file.

    Args:
        claims: the claims as they stand now, by ID; values of others do not count.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(_lines(ledger, claims))
    return text.getvalue()


def _lines(ledger: Ledger, claims: Mapping[str, Claim]) -> Iterator[dict[str, object]]:
    counted = {id: counting(ledger.runs_of(claim)) for id, claim in claims.items()}
    records = [*ledger.records, *ledger.withdrawn]
    for record in sorted(records, key=lambda r: (r.chapter, r.run.seed, r.date)):
        for id, values in record.claims.items():
            kept = (record, values)
            shared = {"claim": id, "counts": _yes(kept in counted.get(id, []))}
            shared |= _circumstances(kept)
            for number, value in enumerate(values.values, start=1):
                yield shared | {"number": number, "value": repr(value)}


def _circumstances(kept: Kept) -> dict[str, object]:
    """The columns that all values of a run share."""
    record, values = kept
    run = record.run
    return {
        "version": values.version,
        "chapter": record.chapter,
        "seed": run.seed,
        "unit": values.unit,
        "bound": values.bound,
        "withdrawn": record.withdrawn,
        "budget": run.budget,
        "device": run.device,
        "processor": run.processor,
        "instructions": run.instructions,
        "pinned": _yes(bool(run.pins)),
        "threads": run.threads,
        "date": record.date,
        "python": run.versions.get("Python", ""),
        "torch": run.versions.get("torch", ""),
    }


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
