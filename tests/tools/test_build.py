import sys

import pytest

from tools import build


def test_a_page_that_is_too_heavy_is_named_with_its_size(tmp_path):
    page = tmp_path / "chapters" / "01_a.html"
    page.parent.mkdir()
    page.write_bytes(b"x" * build.MAX_PAGE)
    build.check_weight(tmp_path)
    page.write_bytes(b"x" * (build.MAX_PAGE + 10_000))
    with pytest.raises(build.BuildError, match=r"chapters/01_a.html 1.51 MB"):
        build.check_weight(tmp_path)


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
