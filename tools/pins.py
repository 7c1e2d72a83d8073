"""Pins the instructions that the numeric libraries may use, for comparable results.

These variables, set before torch is imported, removed every observed difference between two
generations of x86. Evidence is measured with and without them by turns, so that it covers how
processors round. Pages are not pinned, since training a convolutional network takes some 15%
longer. PINS=on in the environment sets them, and PINS=off leaves them out. Other processors ignore
them, so no pin is set there.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lib.evidence.ledger import PILOTS

PINS = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
BOTH = (10, 11)  # base seeds of evidence that are measured with and without the pins


def page_pins() -> Mapping[str, str]:
    """The variables to set for a page's kernel on this machine."""
    return PINS if os.environ.get("PINS") == "on" and has_avx2() else {}


def evidence_settings(seed: int) -> tuple[bool, ...]:
    """Whether to pin when evidence is measured on this machine; one run for each answer.

    Pilots are pinned, so that they can be compared with each other. Of the other base seeds, even
    ones are pinned and odd ones are not; those in `BOTH` are measured both ways, which tells
    rounding from randomness. PINS=on or off in the environment overrides this.
    """
    asked = os.environ.get("PINS")
    if not has_avx2():
        return (False,)
    if asked in ("on", "off"):
        return (asked == "on",)
    if seed in BOTH:
        return (True, False)
    return (seed in PILOTS or seed % 2 == 0,)


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
