"""Autograders for instructors: a zip for each chapter, for Gradescope and for `otter grade`.

Each contains the course's code, the chapter without its solutions, its hidden tests, and an otter
test file for each exercise. `tools/grading/otter_plugin.py` judges answers as `make grade` does;
a test file passes or fails on the judge's verdict.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import jupytext

from lib.colab import NEEDED, pinned
from tools.assignment.copying import copy_from_course
from tools.chapters import Chapter, CourseError, read_source, room_of
from tools.exercises import list_exercises, without_solutions
from tools.grading.sandbox import CODE

PLUGIN = "files.tools.grading.otter_plugin.Judged"
CPU_TORCH = "--extra-index-url https://download.pytorch.org/whl/cpu"  # saves gigabytes over CUDA
# Otter leaves this file empty in its own containers, then fails to read it when a plugin runs.
METADATA = b'\necho "{}" > /autograder/submission_metadata.json\n'
# Shown to students at once; otter would only say that all tests passed.
ANSWERED = "there is an answer that runs; the hidden tests say whether it is right"
TEST = '''\
"""Passes on what the judge found for exercise {name}; files/chapters/hidden has the tests."""

import json
from pathlib import Path

from otter.test_files import test_case

OK_FORMAT = False
name, points = {name!r}, {points}


def case(title, problem, **options):
    def test():
        assert not problem, problem

    return test_case(title, **options)(test)


found = json.loads(Path("verdicts.json").read_text("utf-8"))[name]
answered = case(
    "answered", found["unanswered"], points=0,
    success_message={answered!r},
)
hidden = [case(title, problem, hidden=True) for title, problem in found["cases"]]
globals().update({{f"hidden_{{number}}": one for number, one in enumerate(hidden)}})
'''
README = """\
# Autograders

`autograder.zip` in a chapter's folder grades notebooks of that chapter. It gives the points that
`make grade` gives: the same judge runs the answers and nothing else of a notebook, so grading takes
seconds, and the share of hidden tests passed counts.

## On Gradescope

Make a programming assignment for each chapter, and upload its `autograder.zip` under "Configure
Autograder" (Ubuntu 22.04). Choose a container of 3 GB or more and a timeout of 10 minutes or more.
Students hand in one notebook. At once they see for each exercise whether there is an answer that
runs; points and what went wrong follow when you publish the grades.

## For a class, in Docker

On each machine, with a share of a chapter's notebooks in a folder with the chapter's name in
`submissions`:

```bash
pip install otter-grader=={version}
{commands}
```

The first run builds an image, which needs a network. Grades are in `final_grades.csv` beside the
autograder; join the machines' tables. Otter takes `*.ipynb` from the folder itself, not from
folders within, and a notebook that could not be graded has the reason as its `grading_status`.

## One notebook, without Docker

In the course's environment, only for notebooks that you trust:

```bash
unzip -q {first}/autograder.zip -d {first}/unzipped
PYTHONPATH={first}/unzipped otter run -a {first}/autograder.zip notebook.ipynb
```

## What these do not do

An answer can read the files of its container, the hidden tests among them, and use the network on
Gradescope; a module that is uploaded there beside the notebook can stand in for one of otter's.
`make grade` allows none of it. Look at what else was handed in where points surprise you.
"""
GRADE = (
    "otter grade -n {name} -a {name}/autograder.zip -o {name} --no-network --timeout 600 "
    "submissions/{name}"
)


def write_autograders(chapters: Sequence[Chapter], out: Path) -> None:
    """Write a folder with an autograder for each chapter and a README on how to use them.

    Raises:
        CourseError: otter failed to build one; the message includes its output.
    """
    for chapter in chapters:
        (out / chapter.name).mkdir(parents=True)
        write_autograder(chapter, out / chapter.name / "autograder.zip")
    text = README.format(
        version=metadata.version("otter-grader"),
        commands="\n".join(GRADE.format(name=chapter.name) for chapter in chapters),
        first=chapters[0].name,
    )
    (out / "README.md").write_text(text, encoding="utf-8")


def write_autograder(chapter: Chapter, target: Path) -> None:
    """Write a chapter's zip, with the environment it needs; uses no network and no GPU.

    Raises:
        CourseError: otter failed to build it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        stage = Path(scratch)
        write_files(chapter, stage / "files")
        write_tests(chapter, stage / "tests")
        config = {"show_hidden": True, "plugins": [{PLUGIN: {"chapter": chapter.name}}]}
        (stage / "otter_config.json").write_text(json.dumps(config), encoding="utf-8")
        lines = [CPU_TORCH, *map(pinned, ("torch", "torchvision", *NEEDED))]
        (stage / "requirements.txt").write_text("\n".join(lines), encoding="utf-8")
        _generate(stage)
        _add_metadata(stage / "autograder.zip", target)


def write_files(chapter: Chapter, out: Path) -> None:
    """Write what the judge needs, laid out as in the course: code, chapter, hidden tests."""
    hidden = f"chapters/hidden/{chapter.source.name}"
    copy_from_course((*CODE, "tools", f"chapters/{room_of(chapter.name)}", hidden), out)
    notebook = without_solutions(read_source(chapter))
    jupytext.write(notebook, out / "chapters" / chapter.source.name, fmt="py:percent")


def write_tests(chapter: Chapter, out: Path) -> None:
    """Write a test file for each exercise, with its points."""
    out.mkdir()
    for exercise in list_exercises(chapter):
        text = TEST.format(name=exercise.name, points=exercise.points, answered=ANSWERED)
        (out / f"{exercise.name}.py").write_text(text, encoding="utf-8")


def _generate(stage: Path) -> None:
    """Let otter build its zip; it takes files with their paths in the working directory."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"  # version of the pins
    files = sorted(path.name for path in (stage / "files").iterdir())
    command = [sys.executable, "-m", "otter", "generate", "--python-version", version,
               "--tests-dir", "../tests", "--config", "../otter_config.json", "--no-environment",
               "--requirements", "../requirements.txt", "--output-path", "../autograder.zip",
               *files]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(stage), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=stage / "files", env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CourseError(f"otter could not make an autograder:\n{done.stderr[-1500:]}")


def _add_metadata(made: Path, target: Path) -> None:
    """Copy the zip; make its setup.sh also write the metadata that otter expects."""
    with ZipFile(made) as source, ZipFile(target, "w") as copy:
        for item in source.infolist():
            more = METADATA if item.filename == "setup.sh" else b""
            copy.writestr(item, source.read(item) + more, compress_type=ZIP_DEFLATED)
