import os
import subprocess
import sys

import pytest

from tools import pins as module
from tools.pins import PINS, evidence_settings, has_avx2, page_pins, processor_name

INTEL = "processor\t: 0\nmodel name\t: Intel(R) Xeon(R)\nflags\t\t: sse4_2 avx avx2 fma\n"


@pytest.fixture
def cpuinfo(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text(INTEL)
    return path


def test_only_a_processor_that_knows_avx2_is_pinned_to_it(cpuinfo, monkeypatch):
    monkeypatch.setattr(module.platform, "machine", lambda: "x86_64")
    assert has_avx2(cpuinfo)
    cpuinfo.write_text(INTEL.replace(" avx2", ""))
    assert not has_avx2(cpuinfo)
    assert not has_avx2(cpuinfo.with_name("nowhere"))
    monkeypatch.setattr(module.platform, "machine", lambda: "aarch64")
    cpuinfo.write_text(INTEL)
    assert not has_avx2(cpuinfo)


@pytest.mark.parametrize(("asked", "page", "pilot"), [("", 0, 1), ("on", 1, 1), ("off", 0, 0)])
def test_pilots_are_pinned_and_pages_are_where_it_is_asked_for(asked, page, pilot, monkeypatch):
    monkeypatch.setenv("PINS", asked)
    monkeypatch.setattr(module, "has_avx2", lambda: True)
    assert page_pins() == (PINS if page else {})
    assert evidence_settings(0) == (bool(pilot),)
    monkeypatch.setattr(module, "has_avx2", lambda: False)
    assert page_pins() == {}
    assert evidence_settings(0) == evidence_settings(10) == (False,)


def test_half_of_the_evidence_is_pinned_and_two_seeds_are_measured_both_ways(monkeypatch):
    monkeypatch.delenv("PINS", raising=False)
    monkeypatch.setattr(module, "has_avx2", lambda: True)
    settings = [evidence_settings(seed) for seed in range(10, 20)]
    assert settings[:2] == [(True, False)] * 2
    assert settings[2:] == [(True,), (False,)] * 4
    monkeypatch.setenv("PINS", "on")
    assert evidence_settings(10) == (True,)


def test_the_processor_is_named_where_the_system_tells(cpuinfo, tmp_path):
    assert processor_name(cpuinfo) == "Intel(R) Xeon(R)"
    assert processor_name(tmp_path / "nowhere")


def test_on_macos_the_system_is_asked_for_the_processors_name(tmp_path, monkeypatch):
    sysctl = tmp_path / "sysctl"
    sysctl.write_text('#!/bin/sh\necho "Apple M3, asked for $2"\n')
    sysctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(module.sys, "platform", "darwin")
    assert processor_name() == "Apple M3, asked for machdep.cpu.brand_string"


@pytest.mark.skipif(not has_avx2(), reason="this processor can't be pinned")
def test_torch_obeys():
    program = "import torch; print(torch.backends.cpu.get_cpu_capability())"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | PINS, capture_output=True, text=True
    )
    assert done.stdout.strip() == "AVX2"
