"""Ratios against peers: `make bench`, or `python -m benchmarks NAME …` for some of them.

Same work, same numbers out, side by side in one process: rounds are interleaved, and the median of
the ratios counts. Each comparison first asserts that both sides computed the same. What is measured
replaces its part of `benchmarks/results.json`, from which the book's page is made.
"""

import argparse
import platform
from collections.abc import Sequence
from importlib.metadata import version
from types import ModuleType

import torch

from benchmarks import (
    augmentation,
    book,
    decoders,
    gradients,
    grading,
    mixing,
    occlusion,
    scenes,
    sweeps,
)
from benchmarks.compare import CORES
from benchmarks.record import RESULTS, Duration, Row, Section, load_record, save_record

MODULES = (occlusion, gradients, augmentation, mixing, sweeps, decoders, scenes, book, grading)
BENCHMARKS = {module.__name__.rpartition(".")[2]: module for module in MODULES}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the named benchmarks, or all of them, and record each as soon as it is done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = f"some of {', '.join(BENCHMARKS)}; none is all"
    parser.add_argument("names", nargs="*", metavar="NAME", help=names)
    chosen = parser.parse_args(arguments).names
    if unknown := set(chosen) - set(BENCHMARKS):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; give {names}")
    print(f"{machine()}, torch {torch.__version__}")
    for name in chosen or BENCHMARKS:
        record(name, measured(BENCHMARKS[name]))


def measured(benchmark: ModuleType) -> Section:
    """Run a benchmark's comparisons, printing each as it finishes."""
    results = []
    for comparison in benchmark.comparisons():
        results.append(comparison.measure())
        print(results[-1], flush=True)
    versions = {"Python": platform.python_version()}
    versions |= {name: version(name).partition("+")[0] for name in ("torch", *benchmark.PEERS)}
    rows, durations = (
        tuple(result for result in results if isinstance(result, kind)) for kind in (Row, Duration)
    )
    return Section(benchmark.TITLE, benchmark.ABOUT, machine(), versions, rows, durations)


def record(name: str, section: Section) -> None:
    """Replace the section of that name."""
    sections = load_record() if RESULTS.exists() else {}
    sections[name] = section
    save_record({each: sections[each] for each in BENCHMARKS if each in sections})


def machine() -> str:
    """The cores and instruction set of this computer, in words."""
    kind = platform.machine().replace("_", "-")
    return f"{CORES} cores, {kind} ({torch.backends.cpu.get_cpu_capability()})"


if __name__ == "__main__":
    main()
