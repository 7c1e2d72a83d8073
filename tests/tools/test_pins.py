import os
import subprocess
import sys

import pytest

from tools import pins as module
from tools.pins import PINS, evidence_pins, has_avx2, page_pins, processor_name

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


@pytest.mark.parametrize(("asked", "page", "evidence"), [("", 0, 1), ("on", 1, 1), ("off", 0, 0)])
def test_evidence_is_pinned_and_pages_are_where_it_is_asked_for(asked, page, evidence, monkeypatch):
    monkeypatch.setenv("PINS", asked)
    monkeypatch.setattr(module, "has_avx2", lambda: True)
    assert page_pins() == (PINS if page else {})
    assert evidence_pins() == (PINS if evidence else {})
    monkeypatch.setattr(module, "has_avx2", lambda: False)
    assert page_pins() == evidence_pins() == {}


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
