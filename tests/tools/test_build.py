import json
import sys

import pytest
import torch

from tools import build
from tools.chapters import Chapter
from tools.results import Executed, Parameters


def test_what_a_page_took_and_weighs_is_noted_and_refuses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BUILD", tmp_path / "_build")
    page = tmp_path / "html" / "chapters" / "01_a.html"
    page.parent.mkdir(parents=True)
    page.write_bytes(b"x" * 9_000_000)
    result = Executed(Chapter(tmp_path / "01_a.py"), tmp_path / "key", 999.0, 10**11)
    build.note_pages([result], Parameters("standard", 3), tmp_path / "html")
    noted = json.loads(build.pages_file(Parameters("standard", 3)).read_text())
    assert noted["01_a"] == {
        "key": "key", "seconds": 999.0, "peak_bytes": 10**11, "bytes": 9_000_000
    }  # fmt: skip


@pytest.mark.parametrize("changed", [{"a.md": b"2"}, {"b.md": b"1"}, {}])
def test_the_key_covers_every_page(changed):
    assert build.build_key(changed) != build.build_key({"a.md": b"1"})


def test_complaints_are_the_warnings_or_else_the_end(tmp_path):
    log = tmp_path / "log"
    log.write_text(f"reading\n{tmp_path}/x.md:3: WARNING: unknown target\nwriting\n")
    assert build.complaints(log, tmp_path) == "x.md:3: WARNING: unknown target"
    log.write_text("".join(f"{line}\n" for line in range(99)))
    assert build.complaints(log, tmp_path).startswith("69\n")


def test_a_folder_with_something_else_is_never_replaced(tmp_path):
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("years of work")
    with pytest.raises(build.BuildError, match="holds something else than a book"):
        build.render(minimal_book(b"# New\n"), tmp_path, "key")
    assert thesis.read_text() == "years of work"


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [(build.BuildError("no data"), 1, "no data"), (KeyboardInterrupt(), 130, "Interrupted")],
)
def test_what_goes_wrong_becomes_a_message_and_a_status(raised, code, said, capsys):
    with build.reporting("Nothing was built.") as status:
        raise raised
    assert status.code == code
    assert said in (message := capsys.readouterr().err)
    assert "Nothing was built." in message


def minimal_book(page):
    toc = b"format: jb-book\nroot: index\n"
    return {"_toc.yml": toc, "_config.yml": b"title: T\n", "index.md": page}


def test_a_warning_fails_the_build_and_leaves_the_old_book(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "BUILD", tmp_path)
    out = tmp_path / "html"
    build.render(minimal_book(b"# Old\n"), out, "key")
    with pytest.raises(build.BuildError, match="WARNING"):
        build.render(minimal_book(b"# New\n\n[lost](nowhere.md)\n"), out, "other")
    assert "Old" in (out / "index.html").read_text()
    assert (out / build.KEY).read_text() == "key"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["html", "sphinx.log"]


def test_the_command_line_has_the_makefiles_defaults(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["build"])
    options = build.parse_arguments()
    assert (options.budget, options.seed, options.device) == ("standard", 0, "cpu")
    assert options.out == build.BUILD / "html"
    assert options.jobs is None


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--jobs=0", "JOBS must be a whole number of at least 1; got '0'"),
        ("--jobs=two", "JOBS must be a whole number of at least 1; got 'two'"),
        ("--seed=-1", "SEED must be a whole number of at least 0; got '-1'"),
        ("--seed=1.5", "SEED must be"),
        ("--device=tpu", "invalid choice: 'tpu'"),
        ("--budget=long", "invalid choice: 'long'"),
    ],
)
def test_a_bad_option_is_refused_at_once(option, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["build", option])
    with pytest.raises(SystemExit) as refused:
        build.parse_arguments()
    assert refused.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused_before_any_chapter_starts():
    with pytest.raises(build.BuildError, match=r"finds 0 CUDA device.*Leave DEVICE out"):
        build.find_device("cuda")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="there is an Apple GPU")
def test_an_apple_gpu_that_is_not_there_is_refused_before_any_chapter_starts():
    with pytest.raises(build.BuildError, match=r"finds no Apple GPU.*Leave DEVICE out"):
        build.find_device("mps")


@pytest.mark.parametrize(("asked", "found"), [("cpu", "cpu"), ("auto", "mps"), ("mps", "mps")])
def test_results_are_kept_under_the_device_that_auto_finds(asked, found, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert build.find_device(asked) == found
