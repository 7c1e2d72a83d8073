"""Which instructions the numeric libraries may use, so that like machines find like numbers.

These variables, set before torch is imported, removed every difference that was seen between two
generations of x86. Evidence is measured with them. Pages are not, since training a convolutional
network takes some 15% longer: there PINS=on in the environment sets them, as PINS=off leaves them
out of evidence. They say nothing to other processors, where no pin is set.
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
    """The variables to set where evidence is measured on this machine."""
    return PINS if os.environ.get("PINS") != "off" and has_avx2() else {}


def has_avx2(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this is an x86 processor that knows AVX2: asked for elsewhere, it would crash."""
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.is_file():
        return False
    return " avx2 " in cpuinfo.read_text(encoding="utf-8", errors="replace")


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name as the system tells it, or the kind of machine."""
    if sys.platform == "darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
        return said or platform.machine()
    text = cpuinfo.read_text(encoding="utf-8", errors="replace") if cpuinfo.is_file() else ""
    named = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return named[0] if named else platform.machine()
