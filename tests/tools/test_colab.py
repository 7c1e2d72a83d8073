import os
import subprocess
import sys

import nbformat
import pytest

from lib.colab import EDITION
from lib.evidence.ledger import load_ledger
from tools.chapters import ROOT, Chapter, CourseError, list_chapters, read_source
from tools.colab import Repository, read_repository, with_first_cell

COURSE = Repository("https://github.com/someone/course", "main")
PREPARE = """\
def prepare(*, edition, install):
    print("prepared, edition =", edition, "install =", install)
"""


def git(folder, *command):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *who, "-C", folder, *command], check=True)


def commit(folder):
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "A change")


@pytest.fixture
def published(tmp_path):
    """A small repository, and the environment in which git finds it under the course's address."""
    source = tmp_path / "published"
    (source / "lib").mkdir(parents=True)
    (source / "lib" / "__init__.py").touch()
    (source / "lib" / "colab.py").write_text(PREPARE)
    (source / "lib" / "edition.txt").write_text(f"{EDITION}\n")
    git(source, "init", "-q", "-b", "main")
    commit(source)
    return source, os.environ | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{source.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": COURSE.url,
    }


def chapter(**course):
    course = {"compute_minutes": 1.5, "memory_gb": 2} | course
    return nbformat.v4.new_notebook(metadata={"course": course})


def run_first_cell(folder, environment, before=""):
    notebook = with_first_cell(chapter(), COURSE)
    # -S and -E: not even our own lib is there
    command = [sys.executable, "-S", "-E", "-c", before + notebook.cells[0].source]
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_an_empty_folder_gets_the_course_and_what_it_needs(published, tmp_path):
    _, environment = published
    done = run_first_cell(tmp_path / "empty", environment)
    assert done.stdout == f"prepared, edition = {EDITION} install = True\n", done.stderr
    assert (tmp_path / "empty" / "course" / "lib" / "colab.py").is_file()


def test_running_it_again_fetches_nothing(published, tmp_path):
    source, environment = published
    run_first_cell(tmp_path / "empty", environment)
    source.rename(tmp_path / "gone")
    done = run_first_cell(tmp_path / "empty", environment)
    assert done.stdout == f"prepared, edition = {EDITION} install = True\n", done.stderr


def test_what_a_cut_attempt_left_is_replaced(published, tmp_path):
    _, environment = published
    (tmp_path / "empty" / "course.part" / "lib").mkdir(parents=True)
    done = run_first_cell(tmp_path / "empty", environment)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["course"]


def make_old(course):
    """Turn a fetched course into one of the first edition, which knew no editions."""
    (course / "lib" / "edition.txt").unlink()
    commit(course)


def test_a_course_of_an_earlier_edition_is_brought_up_to_date(published, tmp_path):
    source, environment = published
    course = tmp_path / "empty" / "course"
    run_first_cell(tmp_path / "empty", environment)
    make_old(course)
    (course / "mine.txt").write_text("kept")
    (source / "new.txt").write_text("new")
    commit(source)
    done = run_first_cell(tmp_path / "empty", environment)
    assert done.stdout == f"prepared, edition = {EDITION} install = True\n", done.stderr
    assert (course / "mine.txt").read_text() == "kept"
    assert (course / "new.txt").is_file()


def test_changes_that_an_update_would_overwrite_are_kept_and_named(published, tmp_path):
    source, environment = published
    course = tmp_path / "empty" / "course"
    run_first_cell(tmp_path / "empty", environment)
    make_old(course)
    (source / "new.txt").write_text("theirs")
    commit(source)
    (course / "new.txt").write_text("mine")
    done = run_first_cell(tmp_path / "empty", environment)
    assert done.returncode
    assert "new.txt" in done.stderr
    assert (course / "new.txt").read_text() == "mine"


@pytest.mark.parametrize("url", [None, "https://github.com/someone/other"])
def test_another_folder_named_course_is_left_alone_and_named(published, tmp_path, url):
    _, environment = published
    course = tmp_path / "empty" / "course"
    course.mkdir(parents=True)
    (course / "notes.txt").write_text("mine")
    if url:
        git(course, "init", "-q")
        git(course, "remote", "add", "origin", url)
    done = run_first_cell(tmp_path / "empty", environment)
    assert done.returncode
    assert f"{course} is another folder; rename it" in done.stderr
    assert (course / "notes.txt").read_text() == "mine"


def test_another_package_named_lib_that_is_loaded_is_named(published, tmp_path):
    _, environment = published
    other = tmp_path / "other" / "lib" / "__init__.py"
    other.parent.mkdir(parents=True)
    other.touch()
    before = f"import sys; sys.path.insert(0, {str(other.parents[1])!r}); import lib\n"
    done = run_first_cell(tmp_path / "empty", environment, before)
    assert done.returncode
    assert f"another lib is loaded, {other}: restart the kernel" in done.stderr


def test_a_notebook_of_the_first_edition_is_told_what_to_do(tmp_path):
    code = "from lib import setup; setup.prepare(install=False)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode
    assert "Open the current chapter" in done.stderr


@pytest.mark.parametrize("inside", [".", "chapters"])
def test_inside_a_clone_nothing_is_fetched_or_installed(published, tmp_path, inside):
    source, environment = published
    done = run_first_cell(source / inside, environment)
    assert done.stdout == f"prepared, edition = {EDITION} install = False\n", done.stderr
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
        assert f"URL, BRANCH, EDITION = '{url}', 'main', {EDITION}\n" in cell.source


def test_colab_opens_the_chapters_notebook():
    chapter = Chapter(ROOT / "chapters" / "01_activations.py")
    for url in (COURSE.url, f"{COURSE.url}.git"):
        link = Repository(url, "term").colab_link(chapter)
        assert link == (
            "https://colab.research.google.com/github/someone/course/blob/term/"
            "chapters/01_activations.ipynb"
        )
    assert Repository("https://gitlab.com/someone/course", "main").colab_link(chapter) is None


@pytest.mark.parametrize(("count", "said"), [(1, "a minute"), (1.5, "1.5 minutes")])
def test_a_notebook_says_what_it_costs_and_how_to_keep_it(count, said):
    source = (
        with_first_cell(chapter(compute_minutes=count), COURSE, page="https://x").cells[0].source
    )
    assert f"computes for about {said} on two CPU cores" in source
    assert "needs 2 GB of memory" in source
    assert "on its page: https://x" in source and "Save a copy in Drive" in source
    with pytest.raises(CourseError, match=r"lacks course\.compute_minutes, course\.memory_gb"):
        with_first_cell(nbformat.v4.new_notebook(), COURSE)


def test_a_notebook_hides_what_the_page_folds_and_leaves_the_source_alone():
    tags = ([], ["hide-cell"], ["remove-input"], ["nbval-check-output", "remove-cell"])
    notebook = chapter()
    notebook.cells = [nbformat.v4.new_code_cell("1", metadata={"tags": found}) for found in tags]
    made = with_first_cell(notebook, None)
    hidden = [cell.metadata.get("cellView") == "form" for cell in made.cells]
    assert hidden == [False, True, True, True, True]  # the second one fetches the course
    assert made.cells[2].metadata.jupyter == {"source_hidden": True}
    assert not any("jupyter" in cell.metadata for cell in notebook.cells)


def test_the_page_of_a_chapter_is_where_github_publishes_it():
    found = list_chapters()[0]
    link = Repository("https://github.com/someone/course.git", "main").page_link(found)
    assert link == f"https://someone.github.io/course/chapters/{found.name}.html"
    assert Repository("https://gitlab.com/someone/course", "main").page_link(found) is None


def test_the_memory_that_a_chapter_names_is_enough():
    records = load_ledger().records
    for found in list_chapters():
        pages = [record.page for record in records if record.chapter == found.name and record.page]
        assert pages
        most = max(page["peak_bytes"] for page in pages) / 1e9
        assert most <= read_source(found).metadata.course["memory_gb"] <= most + 1


def test_settings_without_a_repository_are_refused(tmp_path):
    (tmp_path / "_config.yml").write_text("title: A\n")
    with pytest.raises(CourseError, match=r"repository\.url"):
        read_repository(tmp_path)
