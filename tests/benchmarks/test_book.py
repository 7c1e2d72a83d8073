import json
import sys

import pytest

from benchmarks import book


@pytest.fixture
def course(tmp_path):
    """A course whose build takes no time."""
    course = tmp_path / "course"
    for name in ("tools/__init__.py", "tools/build.py", "chapters/00_a.py", "chapters/01_b.py"):
        path = course / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    entries = "".join(f"\n      - file: chapters/{name}" for name in ("00_a", "01_b"))
    (course / "_toc.yml").write_text(f"parts:\n  - chapters:{entries}\n")
    return course


def test_a_copy_holds_what_a_clone_does_and_the_data(tmp_path):
    root = tmp_path / "root"
    kept = ["lib/a.py", "data/README.md", "data/fashion-mnist/images", "tests/data/networks/b"]
    left = [".git/HEAD", ".venv/bin/python", "_build/html/index.html", "data/networks/a.pt"]
    for name in [*kept, *left, "data/cifar-10/batch", "lib/__pycache__/a.pyc"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    book.copy_course(root, tmp_path / "copy")
    files = [p for p in (tmp_path / "copy").rglob("*") if p.is_file()]
    assert sorted(str(p.relative_to(tmp_path / "copy")) for p in files) == sorted(kept)


def test_a_build_is_run_by_this_python_in_the_copy(course):
    said = 'import lib_is_here, os, sys; open("told", "w").write(sys.executable + os.getcwd())'
    (course / "tools" / "build.py").write_text(said)
    (course / "lib_is_here.py").write_text("")
    assert book.build(course) > 0
    assert (course / "told").read_text() == f"{sys.executable}{course}"


def test_a_build_that_fails_says_why(course):
    (course / "tools" / "build.py").write_text("raise SystemExit('no paper')")
    with pytest.raises(RuntimeError, match=r"(?s)the build ended with 1:.*no paper"):
        book.build(course)


def test_an_edit_changes_one_chapters_code_and_leaves_out_its_own_time(course, monkeypatch):
    kept = course / "_build" / "executed" / "standard-0-cpu" / "01_b" / "key"
    kept.mkdir(parents=True)
    (kept / "run.json").write_text(json.dumps({"seconds": 7.5}))
    monkeypatch.setattr(book, "build", lambda _: 10.0)
    assert book.build_after_edit(course) == 2.5
    assert (course / "chapters" / "01_b.py").read_text() == "\n# %%\npass\n"
    assert (course / "chapters" / "00_a.py").read_text() == ""


def test_a_build_is_measured_once():
    calls = []
    measured = book.Build("all", lambda: calls.append(1) or 4.0, 5.0, "slow").measure()
    assert (measured.seconds, measured.verdict, calls) == (4.0, "met", [1])
