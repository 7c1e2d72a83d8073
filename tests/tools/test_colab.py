import os
import subprocess
import sys

import nbformat
import pytest

from tools.chapters import ROOT, Chapter, CourseError, list_chapters
from tools.colab import Repository, read_repository, with_first_cell

COURSE = Repository("https://github.com/someone/course", "main")
SETUP = 'def prepare(*, install):\n    print("prepared, install =", install)\n'


@pytest.fixture
def published(tmp_path):
    """A small repository, and the environment in which git finds it under the course's address."""
    source = tmp_path / "published"
    (source / "lib").mkdir(parents=True)
    (source / "lib" / "__init__.py").touch()
    (source / "lib" / "setup.py").write_text(SETUP)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(source)]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Start"]):
        subprocess.run([*git, *command], check=True)
    return source, os.environ | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{source.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": COURSE.url,
    }


def chapter(**course):
    course = {"compute_minutes": 1.5} | course
    return nbformat.v4.new_notebook(metadata={"course": course})


def run_first_cell(folder, environment):
    notebook = with_first_cell(chapter(), COURSE)
    # -S and -E: not even our own installed lib is there
    command = [sys.executable, "-S", "-E", "-c", notebook.cells[0].source]
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_an_empty_folder_gets_the_course_and_what_it_needs(published, tmp_path):
    _, environment = published
    done = run_first_cell(tmp_path / "empty", environment)
    assert done.stdout == "prepared, install = True\n", done.stderr
    assert (tmp_path / "empty" / "course" / "lib" / "setup.py").is_file()


def test_running_it_again_fetches_nothing(published, tmp_path):
    source, environment = published
    run_first_cell(tmp_path / "empty", environment)
    source.rename(tmp_path / "gone")
    done = run_first_cell(tmp_path / "empty", environment)
    assert done.stdout == "prepared, install = True\n", done.stderr


def test_what_a_cut_attempt_left_is_replaced(published, tmp_path):
    _, environment = published
    (tmp_path / "empty" / "course.part" / "lib").mkdir(parents=True)
    done = run_first_cell(tmp_path / "empty", environment)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["course"]


@pytest.mark.parametrize("inside", [".", "chapters"])
def test_inside_a_clone_nothing_is_fetched_or_installed(published, tmp_path, inside):
    source, environment = published
    done = run_first_cell(source / inside, environment)
    assert done.stdout == "prepared, install = False\n", done.stderr
    assert not list(source.rglob("course"))


def test_without_a_network_it_says_what_to_do_and_leaves_nothing_that_looks_like_a_course(tmp_path):
    nowhere = os.environ | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{tmp_path.as_uri()}/nothing.insteadOf",
        "GIT_CONFIG_VALUE_0": COURSE.url,
    }
    done = run_first_cell(tmp_path / "empty", nowhere)
    assert done.returncode
    assert f"cannot fetch {COURSE.url}; this needs a network, once" in done.stderr
    assert not (tmp_path / "empty" / "course").exists()


def test_every_notebook_fetches_from_where_the_settings_say():
    url = read_repository().url
    for chapter in list_chapters():
        cell = nbformat.read(chapter.notebook, as_version=4).cells[1]
        assert cell.id == "fetch-the-course"
        assert f"URL, BRANCH = '{url}', 'main'" in cell.source


def test_colab_opens_the_chapters_notebook():
    chapter = Chapter(ROOT / "chapters" / "01_activations.py")
    for url in (COURSE.url, f"{COURSE.url}.git"):
        link = Repository(url, "term").colab_link(chapter)
        assert link == (
            "https://colab.research.google.com/github/someone/course/blob/term/"
            "chapters/01_activations.ipynb"
        )
    assert Repository("https://gitlab.com/someone/course", "main").colab_link(chapter) is None


def test_a_notebook_says_how_long_it_computes():
    source = with_first_cell(chapter(compute_minutes=1.5), COURSE).cells[0].source
    assert "computes for about 1.5 minutes on two CPU cores" in source
    with pytest.raises(CourseError, match=r"lacks course\.compute_minutes"):
        with_first_cell(nbformat.v4.new_notebook(), COURSE)


def test_settings_without_a_repository_are_refused(tmp_path):
    (tmp_path / "_config.yml").write_text("title: A\n")
    with pytest.raises(CourseError, match=r"repository\.url"):
        read_repository(tmp_path)
