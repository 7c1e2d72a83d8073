"""The tools work in a clone whose path has spaces and umlauts."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.programs import find_program
from tools.chapters import ROOT

pytestmark = pytest.mark.nightly
CHAPTER = "00_recap"
ONE_CHAPTER = f"""\
format: jb-book
root: index
parts:
  - caption: Foundations
    chapters:
      - file: chapters/{CHAPTER}
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of the working tree, whether committed or not."""
    folder = tmp_path_factory.mktemp("clone") / "Kurs für KI"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def run(clone):
    """Runs a program of the tools in the clone."""

    def run_tool(name, *arguments):
        subprocess.run(
            [sys.executable, "-m", f"tools.{name}", *arguments], cwd=clone, check=True,
            timeout=900, env=os.environ | {"COURSE_DATA": str(ROOT / "data")},
        )  # fmt: skip

    return run_tool


@pytest.fixture(scope="module")
def assignment(run, clone):
    """An assignment of one chapter."""
    run("assignment", CHAPTER, "--out", "Übung 1")
    return clone / "Übung 1"


def test_a_chapter_becomes_a_page(run, clone):
    run("chapter", CHAPTER, "--closed")
    assert list((clone / "_build/chapter").rglob(f"{CHAPTER}.html"))


def test_notebooks_are_brought_up_to_date(run, clone):
    contents, notebook = clone / "_toc.yml", f"chapters/{CHAPTER}.ipynb"
    before = contents.read_text(encoding="utf-8")
    (clone / notebook).unlink()
    contents.write_text(ONE_CHAPTER)  # the others would take minutes
    run("pair")
    contents.write_text(before, encoding="utf-8")
    assert (clone / notebook).read_bytes() == (ROOT / notebook).read_bytes()


def test_a_new_chapter_is_started(run, clone):
    run("new_chapter", "sequences")
    assert list((clone / "chapters").glob("*_sequences.py"))


@pytest.mark.parametrize("sandbox", [True, False])
def test_answers_are_graded(sandbox, run, clone, assignment):
    if sandbox:
        find_program(["bwrap"], package="bubblewrap", needed_by="the tests of grading")
    handed_in, grades = clone / f"Abgaben für {sandbox}", clone / f"Noten für {sandbox}"
    handed_in.mkdir()
    shutil.copy(assignment / f"student/{CHAPTER}.ipynb", handed_in / "Jürgen Müller.ipynb")
    options = ["--out", grades.name, *([] if sandbox else ["--unsandboxed"])]
    run("grading", assignment.name, handed_in.name, *options)
    rows = (grades / "grades.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert rows and all(row.startswith("Jürgen Müller.ipynb,00_recap,") for row in rows)
    assert all(row.endswith("not attempted") for row in rows)
