"""Mutation tests, with faults put into `lib`: `python -m tools.mutants`, or `make mutants`.

Each chapter checks its own code against `lib`. A fault that matters must therefore fail at least
one checked cell when nbval runs the chapter; a fault that no cell detects has survived.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.chapters import ROOT, CourseError

FAILED = re.compile(r"^FAILED (\S+::\S+ ?\d*)", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        name: a description of the fault.
        file: the module's path relative to the repository.
        old, new: text that occurs there exactly once, and its replacement.
        chapter: the chapter that should detect it, such as "04_augmentation".
    """

    name: str
    file: str
    old: str
    new: str
    chapter: str


MUTANTS = (
    Mutant(
        "SELU is not scaled",
        "lib/activations.py",
        "SELU_SCALE = 1.0507009873554805",
        "SELU_SCALE = 1.0",
        "01_activations",
    ),
    Mutant(
        "one standard deviation for all channels",
        "lib/preprocessing/standardization.py",
        "std = average(images, (0, 2, 3), minus=mean).sqrt()[0]",
        "std = average(images, (0, 2, 3), minus=mean).sqrt()[0].mean().expand(mean[0].shape)",
        "02_preprocessing",
    ),
    Mutant(
        "dropout does not scale what it keeps",
        "lib/regularization/noise.py",
        "return x * _keep(x.shape, p, x, generator) / (1 - p)",
        "return x * _keep(x.shape, p, x, generator)",
        "03_regularization",
    ),
    Mutant(
        "early stopping keeps the worst snapshot",
        "lib/training/stopping.py",
        "if value > self.best:",
        "if value < self.best or self._state is None:",
        "03_regularization",
    ),
    Mutant(
        "mixup does not mix the targets",
        "lib/augmentation/mixing.py",
        "partner), _mix(rows, lam[:, None], partner)",
        "partner), rows",
        "03_regularization",
    ),
    Mutant(
        "the moving average looks ahead",
        "chapters/hyperparameters/recipe/curves.py",
        "values[max(0, i + 1 - window) : i + 1].mean()",
        "values[max(0, i + 1 - window) : i + 2].mean()",
        "05_hyperparameters",
    ),
    Mutant(
        "cosine neighbors of vectors that are not normalized",
        "lib/visualization/neighbors.py",
        "units = functional.normalize(rows / unit_scale(rows, 1))",
        "units = rows",
        "06_features",
    ),
    Mutant(
        "saliency averages the colors",
        "lib/visualization/gradients.py",
        "return attributions.abs().amax(dim=1)",
        "return attributions.abs().mean(dim=1)",
        "07_saliency",
    ),
    Mutant(
        "guided backprop lets negative gradients pass",
        "lib/visualization/guided.py",
        "return gradient.clamp(min=0) * slopes, None",
        "return gradient * slopes, None",
        "07_saliency",
    ),
    Mutant(
        "attacks follow the gradient instead of its sign",
        "lib/visualization/adversarial.py",
        "margin_gradient(model, x, classes[rows]).sign()",
        "margin_gradient(model, x, classes[rows])",
        "08_synthesis",
    ),
    Mutant(
        "attention weights do not sum to 1",
        "lib/attention.py",
        "weights = scores.softmax(dim=-1)",
        "weights = scores.sigmoid()",
        "09_seq2seq",
    ),
    Mutant(
        "a gate keeps what it should forget",
        "lib/models/decoder.py",
        "return (1 - z) * n + z * s",
        "return z * n + (1 - z) * s",
        "10_captioning",
    ),
)


def noticed_by(mutant: Mutant, *, root: Path = ROOT) -> str | None:
    """The first checked cell that fails with the fault in place; None if it survived.

    The fault is put into a copy of the course; the original is not changed.

    Raises:
        CourseError: the text to replace does not occur exactly once, or nbval did not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "course")
        for name in ("lib", "chapters", "data", "requirements.txt", "pyproject.toml"):
            source = root / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=_big)
            else:
                copy.mkdir(exist_ok=True)
                shutil.copy(source, copy / name)
        _put_in(mutant, copy)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += ["--nbval-lax", "--nbval-current-env", f"chapters/{mutant.chapter}.ipynb"]
        environment = os.environ | {
            "COURSE_BUDGET": "quick",
            "COURSE_DATA": str(root / "data"),
            "COURSE_PROGRESS": "off",
            "COURSE_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(copy),
        }
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise CourseError(f"nbval did not run on {mutant.chapter}: {done.stdout[-2000:]}")
    found = FAILED.search(done.stdout)
    return found.group(1) if found else None


def _big(folder: str, names: list[str]) -> set[str]:
    """What a copy leaves out: downloads and caches; data is read from its original place."""
    kept = {"README.md", "checksums.json"}
    if Path(folder).name == "data":
        return set(names) - kept
    return {"__pycache__"} & set(names)


def _put_in(mutant: Mutant, course: Path) -> None:
    path = course / mutant.file
    text = path.read_text(encoding="utf-8")
    if (count := text.count(mutant.old)) != 1:
        raise CourseError(f"{mutant.file} has {mutant.old!r} {count} times; expected once")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def main() -> int:
    """Try every fault; return 1 if one survived."""
    survived = []
    for mutant in MUTANTS:
        cell = noticed_by(mutant)
        print(f"{mutant.name}: {cell or 'SURVIVED'}", flush=True)
        if cell is None:
            survived.append(mutant.name)
    if survived:
        print(f"No checked cell noticed: {'; '.join(survived)}", file=sys.stderr)
    return bool(survived)


if __name__ == "__main__":
    sys.exit(main())
