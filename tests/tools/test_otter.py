"""The autograders: what they hold, and that otter gives the points of `make grade` with them.

Docker is not needed: a folder is laid out as in otter's containers and on Gradescope, and the
program that those start is run in it.
"""

import ast
import json
import os
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest
import yaml
from otter.cli import grade_cli
from packaging.requirements import Requirement

from tests.tools.test_grading import ALL, CHAPTER, FIRST, HOSTILE, hand_in
from tools.assignment import autograders, find_chapter, write_assignment
from tools.chapters import CourseError, list_chapters, read_source
from tools.exercises import SOLUTION, STUB, definitions, list_exercises, without_solutions
from tools.grading import otter_plugin
from tools.grading.grade import Row, grade, read_assignment
from tools.grading.otter_plugin import UNANSWERED, read_chapter, verdicts

HALF = """
def gain(phi):
    return 1.0 if phi is torch.abs else 2.0
"""
# Imports the plugin where no packages are installed but those named.
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
import files.tools.grading.otter_plugin
"""


@pytest.fixture(scope="module")
def assigned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assigned") / "term"
    write_assignment([find_chapter(CHAPTER)], folder, autograders=True)
    return folder


@pytest.fixture(scope="module")
def unzipped(assigned, tmp_path_factory):
    """The folder that an autograder unpacks to."""
    folder = tmp_path_factory.mktemp("unzipped")
    with ZipFile(assigned / f"instructor/otter/{CHAPTER}/autograder.zip") as made:
        made.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def solutions():
    cells = read_source(find_chapter(CHAPTER)).cells
    return {cell.metadata["exercise"]: cell.source for cell in cells
            if SOLUTION in cell.metadata.get("tags", [])}  # fmt: skip


@pytest.fixture(scope="module")
def submissions(assigned, solutions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("handed-in")
    hand_in(assigned, folder / "perfect.ipynb", solutions)
    hand_in(assigned, folder / "blank.ipynb", {})
    half = solutions | {"gain": HALF, FIRST: HOSTILE["vanishes"][0]}
    hand_in(assigned, folder / "half.ipynb", half)
    nbformat.write(read_source(find_chapter("02")), folder / "other.ipynb")
    return folder


@pytest.fixture(scope="module")
def expected(assigned, submissions):
    """The points that `make grade` gives: (submission, exercise) to points."""
    rows = grade(read_assignment(assigned), submissions, sandbox=False)
    return {(row.submission, row.exercise): row.points for row in rows}


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return kept | {"JUPYTER_PREFER_ENV_PATH": "1", "OMP_NUM_THREADS": "1"} | more


def run_container(autograder, submission, folder):
    """Otter's results for a submission, from a folder laid out as in its container."""
    for name in ("source", "submission", "results"):
        (folder / name).mkdir(parents=True)
    with ZipFile(autograder) as made:
        made.extractall(folder / "source")
    (folder / "submission" / submission.name).write_bytes(submission.read_bytes())
    setup = (folder / "source" / "setup.sh").read_text().splitlines()[-1]
    (folder / "submission_metadata.json").touch()  # as otter's Dockerfile does
    subprocess.run(["bash", "-c", setup.replace("/autograder", str(folder))], check=True)
    program = folder / "source" / "run_otter.py"
    program.write_text(program.read_text().replace("/autograder", str(folder)))
    done = subprocess.run([sys.executable, program], env=environment(), capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "results" / "results.json").read_text())["tests"]


@pytest.mark.parametrize("name", ["blank.ipynb", "half.ipynb"])
def test_otter_gives_the_points_of_make_grade(assigned, submissions, expected, tmp_path, name):
    autograder = assigned / f"instructor/otter/{CHAPTER}/autograder.zip"
    public, *tests = run_container(autograder, submissions / name, tmp_path / "course")
    points = {(name, test["name"]): pytest.approx(test["score"], abs=0.005) for test in tests}
    assert points == {key: value for key, value in expected.items() if key[0] == name}
    assert sum(test["max_score"] for test in tests) == ALL
    if name == "half.ipynb":
        assert sorted(expected[name, exercise] for _, exercise in points) == [0, 1.2, 5]
    # what students see at once says nothing of the hidden tests
    assert {test["visibility"] for test in tests} == {"after_published"}
    assert public["status"] == "failed" and "expected" not in public["output"]


def test_the_readmes_command_for_a_class_is_one_that_otter_knows(assigned, monkeypatch, tmp_path):
    readme = (assigned / "instructor" / "otter" / "README.md").read_text()
    install, *commands = readme.split("```bash\n")[1].split("```")[0].splitlines()
    assert install == f"pip install otter-grader=={metadata.version('otter-grader')}"
    (command,) = (shlex.split(line)[2:] for line in commands)
    (tmp_path / "submissions" / CHAPTER).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    options = grade_cli.make_context("grade", command).params  # what it would grade with
    assert options["name"] == options["output_dir"] == CHAPTER and options["no_network"]
    assert options["autograder"] == f"{CHAPTER}/autograder.zip"
    assert options["paths"] == (f"submissions/{CHAPTER}",)


def test_the_readmes_command_grades_one_notebook(assigned, submissions, tmp_path):
    folder = assigned / "instructor" / "otter"
    readme = (folder / "README.md").read_text()
    _, run = readme.split("```bash\n")[2].split("```")[0].splitlines()
    with ZipFile(folder / CHAPTER / "autograder.zip") as made:
        made.extractall(tmp_path)
    run = run.replace(f"{CHAPTER}/unzipped", str(tmp_path))
    run = run.replace("notebook.ipynb", f"{submissions / 'perfect.ipynb'} -o {tmp_path}")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(["bash", "-c", run], cwd=folder, check=True, env=environment(PATH=path),
                   capture_output=True)  # fmt: skip
    public, *tests = json.loads((tmp_path / "results.json").read_text())["tests"]
    assert sum(test["score"] for test in tests) == ALL
    assert public["status"] == "passed" and autograders.ANSWERED in public["output"]


def test_an_autograder_has_a_test_file_with_points_for_each_exercise(unzipped):
    for exercise in list_exercises(find_chapter(CHAPTER)):
        tree = ast.parse((unzipped / "tests" / f"{exercise.name}.py").read_text())
        (given,) = [node.value for node in tree.body if isinstance(node, ast.Assign)
                    and isinstance(node.targets[0], ast.Tuple)]  # fmt: skip
        assert ast.literal_eval(given) == (exercise.name, exercise.points)
    assert len(list((unzipped / "tests").iterdir())) == len(list_exercises(find_chapter(CHAPTER)))


def test_an_autograder_has_the_hidden_tests_and_no_solution(unzipped, solutions):
    assert (unzipped / "files/chapters/hidden" / f"{CHAPTER}.py").is_file()
    texts = "".join(path.read_text() for path in unzipped.rglob("*.py"))
    assert len(solutions) == len(list_exercises(find_chapter(CHAPTER)))
    assert not [name for name, source in solutions.items() if source in texts]
    assert not list(unzipped.rglob("__pycache__"))


def test_students_get_the_same_with_autograders_and_without(assigned, tmp_path):
    write_assignment([find_chapter(CHAPTER)], tmp_path / "plain")
    with_them, without = (
        {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        | {path.name: b"" for path in folder.iterdir() if path.is_dir()}
        for folder in (assigned / "student", tmp_path / "plain" / "student")
    )
    assert with_them == without
    assert {"lib", f"{CHAPTER}.ipynb"} <= set(without)
    assert not (tmp_path / "plain" / "instructor" / "otter").exists()


@pytest.mark.parametrize("chapter", list_chapters(), ids=lambda chapter: chapter.name)
def test_a_chapter_without_solutions_is_judged_as_the_chapter_is(chapter, tmp_path):
    autograders.write_files(chapter, tmp_path)
    there = read_chapter(chapter.name, tmp_path)
    assert there.points == read_chapter(chapter.name).points
    assert there.hidden == read_chapter(chapter.name).hidden
    copy = there.chapters[chapter.name]
    assert definitions(copy) == definitions(chapter)
    given = [(c.source, c.metadata) for c in without_solutions(read_source(chapter)).cells]
    assert [(c.source, c.metadata) for c in read_source(copy).cells] == given
    assert any(STUB in metadata.get("tags", []) for _, metadata in given)


def required(names):
    """The distributions that pip installs for these requirements, from what is installed here."""
    found, left = set(), [(Requirement(name), "") for name in names]
    while left:
        wanted, extra = left.pop()
        if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
            continue
        name = wanted.name.lower().replace("_", "-")
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of an extra that this environment does without
        for more in {"", *wanted.extras}:
            if (name, more) not in found:
                found.add((name, more))
                left += [(Requirement(line), more) for line in lines]
    return {name for name, _ in found}


def test_the_environment_pins_our_versions_and_holds_all_that_the_plugin_imports(unzipped):
    dependencies = yaml.safe_load((unzipped / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    lines = [line for line in pip if not line.startswith("--")]
    assert f"otter-grader[grading,plugins]=={metadata.version('otter-grader')}" in lines
    for line in lines:
        name, _, version = line.partition("==")
        assert metadata.version(name.split("[")[0]) == version
    there = required(lines) | {"making-neural-networks-work"}
    assert import_plugin(unzipped, there) == ""
    assert "No module named 'IPython'" in import_plugin(unzipped, there - {"ipython"})


def import_plugin(folder, there):
    """What goes wrong where only these packages are."""
    done = subprocess.run([sys.executable, "-c", IMPORT, *there], cwd=folder, env=environment(),
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done.stderr if done.returncode else ""


@pytest.fixture
def plugin(monkeypatch, submissions, tmp_path):
    """A function that runs the plugin on a submission for which the judge returns some rows."""

    def run(name, row):
        path = tmp_path / name
        path.write_bytes((submissions / name).read_bytes())
        monkeypatch.setattr(otter_plugin, "grade_file", lambda *_, **__: [row])
        made = otter_plugin.Judged(str(path), {}, {"chapter": CHAPTER})
        notebook = made.before_execution(nbformat.read(path, as_version=4))
        return notebook, json.loads((tmp_path / "verdicts.json").read_text())

    return run


def test_otter_executes_no_cell_of_a_submission(plugin):
    row = Row("perfect.ipynb", CHAPTER, FIRST, 4.0, 4, "", (("any shape", ""),))
    notebook, found = plugin("perfect.ipynb", row)
    assert notebook.cells == []
    assert found[FIRST] == {"unanswered": "", "cases": [["any shape", ""]]}


def test_a_notebook_of_another_chapter_gets_a_reason_for_every_exercise(plugin):
    _, found = plugin("other.ipynb", None)
    reason = f"no exercise of {CHAPTER} is in it"
    assert set(found) == {exercise.name for exercise in list_exercises(find_chapter(CHAPTER))}
    for verdict in found.values():
        assert verdict == {"unanswered": UNANSWERED, "cases": [["hidden tests", reason]]}


def test_a_judge_that_fails_is_no_submission_without_points(plugin):
    row = Row("perfect.ipynb", "", "", 0.0, 0, "its judge gave no verdict: no memory")
    with pytest.raises(CourseError, match=r"perfect.ipynb was not graded: its judge gave no"):
        plugin("perfect.ipynb", row)


def test_a_passed_case_counts_only_where_make_grade_gives_points():
    cases = (("small", ""), ("large", "expected 2; got 1"))
    rows = [
        Row("a", "c", "gone", 0.0, 4, "its cell is not there", cases),
        Row("a", "c", "half", 2.0, 4, "an added cell raised KeyError", cases),
    ]
    found = verdicts(rows, ["gone", "half"])
    assert all(problem for _, problem in found["gone"]["cases"])
    assert found["half"]["cases"] == [
        ["small", ""],
        ["large", "expected 2; got 1 (an added cell raised KeyError)"],
    ]


def test_an_autograder_that_otter_cannot_make_leaves_no_assignment(monkeypatch, tmp_path):
    monkeypatch.setattr(autograders, "PLUGIN", "files.tools.grading.nothing.Judged")
    with pytest.raises(CourseError, match=r"otter could not make an autograder:[\s\S]*nothing"):
        write_assignment([find_chapter(CHAPTER)], tmp_path / "term", autograders=True)
    assert list(tmp_path.iterdir()) == []
