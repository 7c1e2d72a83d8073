"""The autograders: what they hold, and that they give the points of `make grade`.

A folder is laid out as Gradescope lays out `/autograder`, and the program that it starts is run.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest

from tests.tools.submitted import CHAPTER, assign, notebook, saved, solutions
from tools.assignment import find_chapter
from tools.chapters import CourseError, read_source
from tools.exercises import list_exercises
from tools.grading import gradescope
from tools.grading.grade import Row, grade, read_assignment
from tools.grading.sandbox import NOBODY, RUNNER, as_user

FIRST, ALL = "swish", 15
HALF = "def gain(phi): return 1.0 if phi is torch.abs else 2.0"
# Imports a module where no packages are installed but those named.
IMPORT = """
import sys
from importlib import metadata
owners, there = metadata.packages_distributions(), set(sys.argv[1:])
class Missing:
    def find_spec(self, name, path=None, target=None):
        owned = {owner.lower().replace("_", "-") for owner in owners.get(name.split(".")[0], [])}
        if owned and not owned & there:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
import tools.grading.gradescope, tools.grading.trials.judge, tools.grading.trials.runner
"""


@pytest.fixture(scope="module")
def assigned(tmp_path_factory):
    return assign(tmp_path_factory.mktemp("assigned") / "term")


@pytest.fixture(scope="module")
def container(assigned, tmp_path_factory):
    """A folder laid out as `/autograder`, without a submission."""
    folder = tmp_path_factory.mktemp("autograder")
    for name in ("source", "submission", "results"):
        (folder / name).mkdir()
    with ZipFile(assigned / f"instructor/gradescope/{CHAPTER}.zip") as made:
        made.extractall(folder / "source")
    for name in ("setup.sh", "run_autograder"):
        subprocess.run(["bash", "-n", folder / "source" / name], check=True)
        (folder / "source" / name).chmod(0o755)
    return folder


def run(container, path=None):
    """The results for a submission."""
    for old in (container / "submission").iterdir():
        old.unlink()
    if path:
        (container / "submission" / path.name).write_bytes(path.read_bytes())
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"AUTOGRADER": str(container), "COURSE_PYTHON": sys.executable}
    done = subprocess.run([container / "source" / "run_autograder"], env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((container / "results" / "results.json").read_text("utf-8"))


def test_it_gives_the_points_of_make_grade(assigned, container, tmp_path):
    half = solutions() | {"gain": HALF, FIRST: "import os; os._exit(0)"}
    for name, answers in (("perfect", solutions()), ("half", half), ("blank", {})):
        (tmp_path / f"{name}.ipynb").write_bytes(saved(notebook(answers)))
    rows = grade(read_assignment(assigned), tmp_path, sandbox=False)
    for name, said in (("perfect", "swish, gain"), ("half", "gain, "), ("blank", "No exercise")):
        found = run(container, tmp_path / f"{name}.ipynb")
        expected = {row.exercise: row.points for row in rows if row.submission == f"{name}.ipynb"}
        assert {test["number"]: test["score"] for test in found["tests"]} == expected
        assert sum(test["max_score"] for test in found["tests"]) == ALL
        assert {test["visibility"] for test in found["tests"]} == {"after_published"}
        # what students see at once says nothing of the tests
        assert said in found["output"] and "expected" not in found["output"]


def test_what_is_no_notebook_of_the_chapter_gets_a_reason(container, tmp_path):
    assert {test["output"] for test in run(container)["tests"]} == {"there is no notebook"}
    nbformat.write(read_source(find_chapter("02")), tmp_path / "other.ipynb")
    reason = f"no exercise of {CHAPTER} is in it"
    assert {test["output"] for test in run(container, tmp_path / "other.ipynb")["tests"]} == {
        reason
    }


def test_a_judge_that_fails_is_no_submission_without_points():
    failed = [Row("a.ipynb", "", "", 0.0, 0, "its judge gave no verdict", final=False)]
    with pytest.raises(CourseError, match=r"a\.ipynb was not graded: its judge gave no"):
        gradescope.best([failed])


def test_the_code_that_answers_run_with_has_neither_hidden_tests_nor_solutions(container):
    source = container / "source"
    assert (source / "secret/instructor/hidden" / f"{CHAPTER}.py").is_file()
    readable = [p.read_text("utf-8") for p in source.rglob("*.py") if "secret" not in p.parts]
    assert readable and len(solutions()) == len(list_exercises(find_chapter(CHAPTER)))
    hidden = (source / "secret/instructor/hidden" / f"{CHAPTER}.py").read_text("utf-8")
    secrets = [*solutions().values(), hidden]
    assert not [secret for secret in secrets if any(secret in text for text in readable)]
    assert not list(source.rglob("__pycache__"))
    assert "chmod -R go-rwx secret" in (source / "setup.sh").read_text("utf-8")
    command = as_user(RUNNER, NOBODY, source)
    assert command[:2] == ["setpriv", f"--reuid={NOBODY}"] and f"PYTHONPATH={source}" in command


@pytest.mark.skipif(os.geteuid() != 0, reason="only root, as on Gradescope, can be another user")
def test_the_user_that_runs_answers_cannot_read_what_only_root_may(tmp_path):
    with tempfile.TemporaryDirectory() as folder:
        open_to_all, secret = Path(folder, "open"), Path(folder, "secret")
        for path, mode in ((Path(folder), 0o755), (open_to_all, 0o644), (secret, 0o600)):
            path.touch()
            path.chmod(mode)
        read = [subprocess.run(as_user(["cat", str(path)], NOBODY), check=False).returncode
                for path in (open_to_all, secret)]  # fmt: skip
    assert read == [0, 1]


def test_the_packages_are_our_versions_and_all_that_grading_imports(container):
    lines = (container / "source" / "requirements.txt").read_text("utf-8").splitlines()
    names = [line for line in lines if not line.startswith("--")]
    for line in names:
        name, _, version = line.partition("==")
        assert metadata.version(name) == version
    there = required(names)
    assert importing(container / "source", there) == ""
    assert "No module named 'cloudpickle'" in importing(
        container / "source", there - {"cloudpickle"}
    )


def required(names):
    """The distributions that pip installs for these requirements, from what is installed here."""
    found, left = set(), [re.split("[=<>]", name)[0] for name in names]
    while left:
        name = left.pop().lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of another system
        left += [re.split(r"[\s\[<>=!~;(]", line)[0] for line in lines if "extra ==" not in line]
    return found


def importing(folder, there):
    """What goes wrong where only these packages are."""
    done = subprocess.run([sys.executable, "-c", IMPORT, *there], cwd=folder,
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done.stderr if done.returncode else ""
