"""The benchmark results stored in `benchmarks/results.json` and shown on the book's page."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lib.files import write_atomically

RESULTS = Path(__file__).with_name("results.json")
MET, MISSED, REPORTED = "met", "missed", "no target"


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        work, peer: what was computed, and the library it is compared with.
        threads: number of threads of each side.
        target: how many times as fast ours should be; None means no target.
        ratio, low, high: how many times as fast ours was: median, minimum and maximum over rounds.
        rounds: number of rounds in which the sides took turns.
        seconds: median time of our code, in seconds.
        images: number of images produced; None if that is not of interest.
        limit: what keeps ours from being faster.
    """

    work: str
    peer: str
    threads: int
    target: float | None
    ratio: float
    low: float
    high: float
    rounds: int
    seconds: float
    images: int | None
    limit: str

    @property
    def verdict(self) -> str:
        """Whether the median meets the target."""
        if self.target is None:
            return REPORTED
        return MET if self.ratio >= self.target else MISSED

    def __str__(self) -> str:
        asked = f", target {self.target:g}: {self.verdict}" if self.target else ""
        return (
            f"{self.work}, {self.threads} thread(s): {1000 * self.seconds:.3g} ms, "
            f"{self.ratio:.2f} times as fast as {self.peer} ({self.low:.2f} to {self.high:.2f}"
            f"{asked})"
        )


@dataclass(frozen=True)
class Duration:
    """The duration of work that has no peer.

    Attributes:
        work: what was done.
        seconds: the time it took, in seconds.
        target: the time it may take, in seconds.
        limit: what keeps it from being faster.
    """

    work: str
    seconds: float
    target: float
    limit: str

    @property
    def verdict(self) -> str:
        """Whether it was done in time."""
        return MET if self.seconds <= self.target else MISSED

    def __str__(self) -> str:
        return f"{self.work}: {self.seconds:.3g} s (target {self.target:g}: {self.verdict})"


@dataclass(frozen=True)
class Section:
    """The comparisons of one benchmark, measured in one process.

    Attributes:
        title: title of the benchmark.
        about: how both sides are made to do the same work, in Markdown.
        machine: a description such as "2 cores, x86-64 (AVX512)".
        versions: versions of the libraries compared.
        rows: one row for each comparison.
        durations: durations of work that has no peer.
    """

    title: str
    about: str
    machine: str
    versions: dict[str, str]
    rows: tuple[Row, ...] = ()
    durations: tuple[Duration, ...] = ()


def load_record(path: Path = RESULTS) -> dict[str, Section]:
    """The sections, keyed by benchmark name, in the order in which they are shown.

    Raises:
        FileNotFoundError: nothing has been measured yet.
        ValueError: the file is not a valid record.
    """
    try:
        sections = json.loads(path.read_text("utf-8"))
        return {name: _section(**fields) for name, fields in sections.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is no record of benchmarks: {error!r}") from error


def _section(*, rows: list[dict], durations: list[dict], **fields) -> Section:
    return Section(
        **fields,
        rows=tuple(Row(**row) for row in rows),
        durations=tuple(Duration(**duration) for duration in durations),
    )


def save_record(sections: dict[str, Section], path: Path = RESULTS) -> None:
    """Write the record as a whole."""
    fields = {name: asdict(section) for name, section in sections.items()}
    write_atomically(path, json.dumps(fields, indent=1, ensure_ascii=False) + "\n")
