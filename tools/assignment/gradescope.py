"""Autograders for Gradescope: for each chapter a zip with the code that grades it.

The zip follows https://gradescope-autograders.readthedocs.io/en/latest/specs/ (read in 2026):
`setup.sh` runs once, while Gradescope builds an image, and `run_autograder` for each submission.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from lib.colab import NEEDED, pinned
from tools.assignment.copying import copy_from_course
from tools.chapters import ROOT, Chapter
from tools.grading.sandbox import CODE

SECRET = "secret"  # the folder with solutions and hidden tests, which answers cannot read
CPU_TORCH = "--extra-index-url https://download.pytorch.org/whl/cpu"  # saves gigabytes over CUDA
GRADING = ("cloudpickle", "jupytext", "nbformat", "PyYAML")  # what grading imports
EXECUTABLE = 0o755 << 16  # a zip's mark of a file that can be started
SETUP = """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, while it builds the image.
set -euo pipefail
cd "${{AUTOGRADER:-/autograder}}/source"
apt-get update
apt-get install -y --no-install-recommends python3-pip util-linux
export UV_PYTHON_INSTALL_DIR=/opt/pythons  # which the user that runs answers can read
python3 -m pip install uv
uv venv --python {python} /opt/course
uv pip install --python /opt/course/bin/python -r requirements.txt
chmod -R go-rwx {secret}
"""
RUN = """\
#!/usr/bin/env bash
# Gradescope runs this for each submission.
set -euo pipefail
folder="${{AUTOGRADER:-/autograder}}"
cd "$folder/source"
exec "${{COURSE_PYTHON:-/opt/course/bin/python}}" -m tools.grading.gradescope \\
  {secret} "$folder/submission" "$folder/results/results.json"
"""
README = """\
# Autograders for Gradescope

Make a programming assignment for each chapter and upload its zip under "Configure Autograder".
Choose a container of 3 GB or more and a timeout of 10 minutes or more. Students hand in one
notebook. They see at once which exercises have an answer; points and hints follow when you publish
the grades. An assignment's points on Gradescope must be those of the chapter:

{points}

The zip gives the points that `make grade` gives, with the same judge. It also works in a container
of your own: unpack it to `/autograder/source`, run `setup.sh`, put a notebook into
`/autograder/submission`, make `/autograder/results`, and run `/autograder/source/run_autograder`.

Where bubblewrap cannot be used, as in Gradescope's containers, answers run as another user, without
access to the hidden tests and solutions, but with the container's network. `make grade` on a
machine with bubblewrap gives them no network either.
"""


def write_autograders(
    chapters: Sequence[Chapter],
    points: Sequence[float],
    out: Path,
    write_instructor: Callable[[Sequence[Chapter], Path], None],
) -> None:
    """Write a zip for each chapter, and a README on how to use them.

    Args:
        points: of all exercises of each chapter.
        out: a folder that does not exist.
        write_instructor: writes an assignment's part for instructors.
    """
    out.mkdir(parents=True)
    for chapter in chapters:
        stage = out / chapter.name
        _write_files(chapter, stage, write_instructor)
        _zip(stage, out / f"{chapter.name}.zip")
    lines = [f"- `{c.name}.zip`: {p:g} points" for c, p in zip(chapters, points, strict=True)]
    (out / "README.md").write_text(README.format(points="\n".join(lines)), encoding="utf-8")


def _write_files(
    chapter: Chapter, out: Path, write_instructor: Callable[[Sequence[Chapter], Path], None]
) -> None:
    room = chapter.room.relative_to(ROOT).as_posix()
    copy_from_course((*CODE, "tools", room), out)
    write_instructor([chapter], out / SECRET)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"  # version of the pins
    (out / "setup.sh").write_text(SETUP.format(python=version, secret=SECRET), encoding="utf-8")
    (out / "run_autograder").write_text(RUN.format(secret=SECRET), encoding="utf-8")
    names = ("torch", "torchvision", *NEEDED, *GRADING)
    lines = [CPU_TORCH, *map(pinned, names), ""]
    (out / "requirements.txt").write_text("\n".join(lines), encoding="utf-8")


def _zip(folder: Path, target: Path) -> None:
    """Move a folder's files into a zip."""
    with ZipFile(target, "w", ZIP_DEFLATED) as made:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = ZipInfo(path.relative_to(folder).as_posix())
            info.compress_type, info.external_attr = ZIP_DEFLATED, EXECUTABLE
            made.writestr(info, path.read_bytes())
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir()
    folder.rmdir()
