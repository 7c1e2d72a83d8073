import ast
import os
import subprocess
import sys

import nbformat
import pytest

from lib.datasets.downloads import DownloadError, is_verified
from lib.datasets.fashion_mnist_files import CHECKSUMS
from tools.assignment import __main__ as command
from tools.assignment import find_chapter, parts, write_assignment
from tools.assignment.parts import needs_fashion_mnist
from tools.chapters import ROOT, CourseError, list_chapters, read_source
from tools.colab import Repository, read_repository
from tools.exercises import list_exercises
from tools.grading.assignments import read_assignment
from tools.variants import constants

EXECUTE = """
import sys
import nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell("import lib\\nprint(lib.__file__)"))
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""
TERMS = """\
title: Networks
timezone: Europe/Berlin
late: {percent_per_day: 20, most_days: 2}
chapters:
  09_seq2seq: {due: 2026-10-01 23:59, weight: 2}
"""


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """An assignment of all chapters."""
    out = tmp_path_factory.mktemp("assigned") / "term"
    write_assignment(list_chapters(), out)
    return out


def texts_of(folder):
    return {
        path: path.read_text(encoding="utf-8", errors="replace")
        for path in folder.rglob("*")
        if path.is_file()
    }


def bodies(source):
    """The text of each function's body that is long enough to give something away."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and len(node.body) > 1:
            yield "\n".join(ast.unparse(statement) for statement in node.body)


def test_no_solution_and_no_hidden_test_is_in_what_students_get(everything):
    given = []
    for path, text in texts_of(everything / "student").items():
        if path.suffix == ".ipynb":
            cells = nbformat.reads(text, as_version=4).cells
            assert not [c for c in cells if "exercise-solution" in c.metadata.get("tags", [])]
            code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
            given.append("\n".join(ast.unparse(node) for node in ast.parse(code).body))
        elif path.suffix == ".py":
            given.append(ast.unparse(ast.parse(text)))
    given = "\n".join(line.strip() for text in given for line in text.splitlines())
    looked_for = 0
    for chapter in list_chapters():
        secrets = [c.source for c in read_source(chapter).cells
                   if "exercise-solution" in c.metadata.get("tags", [])]  # fmt: skip
        secrets.append((ROOT / "chapters" / "hidden" / chapter.source.name).read_text())
        for body in (body for source in secrets for body in bodies(source)):
            looked_for += 1
            assert "\n".join(line.strip() for line in body.splitlines()) not in given, body
    assert looked_for > 100


def test_instructors_get_solutions_hidden_tests_and_points(everything):
    kept = texts_of(everything / "instructor")
    assert {path.name for path in kept} >= {"points.csv", "10_captioning.ipynb", "10_captioning.py"}
    rows = (everything / "instructor" / "points.csv").read_text().splitlines()
    assert len(rows) == 1 + sum(len(list_exercises(chapter)) for chapter in list_chapters())
    assert "exercise-solution" in kept[everything / "instructor" / "01_activations.ipynb"]


def test_the_plan_states_outcomes_minutes_and_points(everything):
    plan = (everything / "plan.md").read_text()
    assert "- predict what twenty layers do to a signal" in plan
    assert "50 minutes of reading, 45 of exercises" in plan
    assert "| swish | ★☆☆ | 10 | 4 |" in plan
    total = sum(e.points for chapter in list_chapters() for e in list_exercises(chapter))
    assert f"{total} points in all." in plan


def test_a_students_notebook_runs_beside_its_lib_and_checks_answers(everything, tmp_path):
    student = everything / "student"
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COURSE_DATA")}
    environment = kept | {
        "http_proxy": "http://127.0.0.1:9",  # no network: the data is in the folder
        "https_proxy": "http://127.0.0.1:9",
        "COURSE_BUDGET": "quick",
        "COURSE_THREADS": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    target = tmp_path / "done.ipynb"
    command = [sys.executable, "-c", EXECUTE, "01_activations.ipynb", target]
    done = subprocess.run(command, cwd=student, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    cells = nbformat.read(target, as_version=4).cells
    assert cells[-1].outputs[0].text.strip() == str(student / "lib" / "__init__.py")
    said = [output.data["text/plain"] for cell in cells for output in cell.get("outputs", [])
            if output.output_type == "execute_result"]  # fmt: skip
    assert sum("not attempted yet" in text for text in said) == 3


def test_notebooks_fetch_and_open_what_the_instructor_published(tmp_path):
    published = Repository("https://github.com/someone/term", "fall")
    write_assignment([find_chapter("saliency")], tmp_path / "out", published=published)
    cells = nbformat.read(tmp_path / "out/student/07_saliency.ipynb", as_version=4).cells
    link = "https://colab.research.google.com/github/someone/term/blob/fall/07_saliency.ipynb"
    assert cells[1].source == f"[Open on Colab]({link})"
    assert "URL, BRANCH, EDITION = 'https://github.com/someone/term', 'fall', " in cells[2].source
    assert link in (tmp_path / "out/student/README.md").read_text()


def test_without_a_repository_it_says_that_nothing_is_fetched(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["assignment", "saliency", "--out", str(tmp_path / "out")])
    assert command.main() == 0
    assert "Without PUBLISHED=address, notebooks fetch nothing" in capsys.readouterr().err
    assert (tmp_path / "out/instructor/points.csv").is_file()


def test_it_says_which_chapters_are_the_same_for_all_students(monkeypatch, tmp_path, capsys):
    def constants_of(chapter, variant):  # every chapter has some
        return {} if chapter.name == "07_saliency" else constants(chapter, variant)

    monkeypatch.setattr(command, "constants", constants_of)
    (tmp_path / "roster.csv").write_text("name,id\nAnn,1\nBob,2\n")
    arguments = ["activations", "saliency", "--variants", str(tmp_path / "roster.csv")]
    monkeypatch.setattr(sys, "argv", ["assignment", *arguments, "--out", str(tmp_path / "out")])
    assert command.main() == 0
    assert "The same for all students" in (said := capsys.readouterr().err)
    assert "07_saliency" in said and "01_activations" not in said
    assert {p.name for p in (tmp_path / "out/variants").iterdir()} == {"Ann", "Bob"}


def test_nothing_that_students_get_promises_a_solution(everything):
    for path in (everything / "student").glob("*.ipynb"):
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells
                         if cell.cell_type == "markdown")  # fmt: skip
        assert "solution" not in text.lower(), path.name
    opened = (everything / "student/01_activations.ipynb").read_text("utf-8")
    assert "Each has a stub to fill in and a check that runs it on small tensors." in opened


def test_without_a_repository_of_the_instructors_nothing_is_fetched(everything, tmp_path, capsys):
    url = read_repository().url
    for path, text in texts_of(everything / "student").items():
        if path.suffix == ".ipynb":
            assert url not in text and "git" not in nbformat.reads(text, 4).cells[1].source
    own = Repository(f"{url.upper()}.git", "main")
    with pytest.raises(CourseError, match="is the course itself"):
        write_assignment([find_chapter("01")], tmp_path / "out", published=own)
    assert not list(tmp_path.iterdir())


def test_a_notebook_that_was_moved_away_says_where_it_belongs(everything, tmp_path):
    cell = nbformat.read(everything / "student/01_activations.ipynb", as_version=4).cells[1]
    done = subprocess.run([sys.executable, "-c", cell.source], cwd=tmp_path, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert "keep the notebook in the folder you were given" in done.stderr
    beside = subprocess.run([sys.executable, "-c", cell.source], cwd=everything / "student",
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert beside.returncode == 0, beside.stderr


def test_students_get_the_data_that_their_chapters_read(everything, tmp_path):
    for name, digests in CHECKSUMS.items():
        assert is_verified(
            everything / "student/data/fashion-mnist" / name, sha256=digests.values()
        )
    needing = [chapter.name for chapter in list_chapters() if needs_fashion_mnist(chapter)]
    assert needing == ["00_recap", "01_activations"]
    write_assignment([find_chapter("seq2seq")], tmp_path / "out")
    assert not (tmp_path / "out/student/data/fashion-mnist").exists()


def test_without_the_data_no_assignment_is_written(monkeypatch, tmp_path):
    def fail(**_):
        raise DownloadError("no source has it")

    monkeypatch.setattr(parts, "fetch_fashion_mnist", fail)
    with pytest.raises(CourseError, match="need Fashion-MNIST without a network: no source"):
        write_assignment([find_chapter("01")], tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_due_dates_weights_and_policy_reach_students_the_plan_and_the_rubric(tmp_path):
    terms = tmp_path / "terms.yml"
    terms.write_text(TERMS)
    out = tmp_path / "out"
    write_assignment([find_chapter("seq2seq")], out, course=terms)
    readme, plan, rubric = (
        (out / name).read_text()
        for name in ("student/README.md", "plan.md", "instructor/rubric.md")
    )
    assert readme.startswith("# Networks\n")
    for text in (readme, plan):
        assert "Due 2026-10-01 23:59 CEST; weight 2." in text
    for text in (readme, plan, rubric):
        assert "20% of the points earned are taken off; after 2 days nothing counts" in text
    for exercise in list_exercises(find_chapter("seq2seq")):
        assert f"### {exercise.title}: {exercise.points} points" in rubric
    write_assignment([find_chapter("seq2seq")], out)  # keeps what was said
    assert (out / "course.yml").read_text() == terms.read_text()
    with pytest.raises(CourseError, match="cannot be read"):
        write_assignment([find_chapter("seq2seq")], out, course=tmp_path / "nothing.yml")
    terms.write_text("late: {percent_per_day: much}")
    with pytest.raises(CourseError, match="expected a number"):
        write_assignment([find_chapter("seq2seq")], out, course=terms)
    assert "CEST" in (out / "plan.md").read_text()


def test_what_grades_is_in_the_instructors_part_and_has_a_digest(everything, tmp_path):
    there = read_assignment(everything)
    assert there.root == everything / "instructor/code"
    for chapter in list_chapters():
        copy = there.chapters[chapter.name]
        assert copy.source.is_relative_to(everything)
        assert copy.source.read_text() == chapter.source.read_text()
        assert list_exercises(copy)[0].title == list_exercises(chapter)[0].title
    digest = (everything / "instructor/digest.txt").read_text().strip()
    assert digest == there.digest
    assert len(digest) == 64


def test_an_unknown_chapter_is_refused_with_those_there_are():
    with pytest.raises(
        CourseError, match=r"no chapter 'salience'; there are .*activations, .*saliency"
    ):
        find_chapter("salience")


def test_an_assignment_is_replaced_and_anything_else_left_alone(tmp_path):
    chapter, out = find_chapter("01"), tmp_path / "out"
    write_assignment([find_chapter("02")], out)
    write_assignment([chapter], out)
    assert [path.name for path in (out / "student").glob("*.ipynb")] == ["01_activations.ipynb"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(CourseError, match="no assignment; name another folder"):
        write_assignment([chapter], tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"


@pytest.mark.parametrize("names", [[], ["01", "01"]])
def test_no_chapters_or_one_twice_is_refused(names, tmp_path):
    with pytest.raises(CourseError, match="different chapters"):
        write_assignment([find_chapter(name) for name in names], tmp_path / "out")
