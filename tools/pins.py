"""Pins the instructions that the numeric libraries may use, for comparable results.

These variables, set before torch is imported, removed every observed difference between two
generations of x86. Evidence is measured with them. Pages are not, since training a convolutional
network takes some 15% longer; PINS=on in the environment sets them for pages, and PINS=off leaves
them out for evidence. Other processors ignore them, so no pin is set there.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PINS = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}


def page_pins() -> Mapping[str, str]:
    """The variables to set for a page's kernel on this machine."""
    return PINS if os.environ.get("PINS") == "on" and has_avx2() else {}


def evidence_pins() -> Mapping[str, str]:
    """The variables to set when evidence is measured on this machine."""
    return PINS if os.environ.get("PINS") != "off" and has_avx2() else {}


def has_avx2(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this is an x86 processor with AVX2; the pins would crash on any other."""
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.is_file():
        return False
    return " avx2 " in cpuinfo.read_text(encoding="utf-8", errors="replace")


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name as reported by the system, or else the machine type."""
    if sys.platform == "darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
        return said or platform.machine()
    text = cpuinfo.read_text(encoding="utf-8", errors="replace") if cpuinfo.is_file() else ""
    named = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return named[0] if named else platform.machine()
