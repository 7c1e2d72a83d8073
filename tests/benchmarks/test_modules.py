import importlib

import pytest

from tools.chapters import ROOT

MODULES = sorted(p.stem for p in (ROOT / "benchmarks").glob("*.py") if not p.stem.startswith("_"))


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_finds_what_it_measures(name):
    importlib.import_module(f"benchmarks.{name}")
