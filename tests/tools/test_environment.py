import ast
import re
from importlib import metadata

import pytest
from packaging.specifiers import SpecifierSet

from tools import environment
from tools.chapters import ROOT

PYPROJECT = (ROOT / "pyproject.toml").read_text()
ALLOWED = SpecifierSet(re.search(r'requires-python = "([^"]+)"', PYPROJECT)[1])
PYTHONS = [f"3.{minor}.{patch}" for minor in range(9, 16) for patch in range(20)]


@pytest.mark.parametrize("version", [*PYTHONS[::7], "3.11.2", "3.14.1"])
def test_the_running_python_is_held_to_what_pyproject_says(version):
    running = tuple(map(int, version.split(".")))
    if version in ALLOWED:
        environment.check_python(running, PYPROJECT)
        return
    with pytest.raises(environment.SetupError, match=f"is needed; .* is {re.escape(version)}"):
        environment.check_python(running, PYPROJECT)


def locked():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [line.partition("==")[0].strip() for line in lines if "==" in line]


def test_every_locked_package_allows_every_python_that_we_allow():
    refused = {}
    for name in locked():
        try:
            wanted = metadata.metadata(name)["Requires-Python"]
        except metadata.PackageNotFoundError:  # of another system
            continue
        lost = [v for v in PYTHONS if v in ALLOWED and v not in SpecifierSet(wanted or "")]
        if lost:
            refused[name] = (wanted, lost[:3])
    assert not refused


@pytest.mark.parametrize("name", ["environment", "serve"])
def test_what_runs_on_the_systems_python_is_written_for_old_ones(name):
    source = (ROOT / "tools" / f"{name}.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            assert not any(
                n.startswith(("lib", "tools")) for n in [*names, getattr(node, "module", "") or ""]
            )


def test_a_stamp_that_is_older_than_a_list_is_renewed(tmp_path):
    stamp, needed = tmp_path / "stamp", tmp_path / "requirements.txt"
    needed.touch()
    assert not environment.is_fresh(stamp, [needed])
    stamp.touch()
    assert environment.is_fresh(stamp, [needed])


def test_pip_that_fails_leaves_no_stamp(tmp_path, monkeypatch):
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    (venv / ".python").touch()
    monkeypatch.setattr(environment, "VENV", venv)
    monkeypatch.setattr(environment, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(environment, "talk", lambda command: 1)
    with pytest.raises(environment.SetupError, match=r"pip could not install requirements\.txt"):
        environment.make("book")
    assert not (venv / ".book").exists()


def test_a_call_without_sense_is_refused(capsys):
    assert environment.main(["books"]) == 2
    assert "book|test" in capsys.readouterr().err


@pytest.mark.parametrize(("what", "lists"), [("book", 1), ("test", 2), ("lab", 2)])
def test_what_is_asked_for_comes_on_top_of_the_books_requirements(
    what, lists, tmp_path, monkeypatch
):
    venv, asked = tmp_path / ".venv", []
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    (venv / ".python").touch()
    monkeypatch.setattr(environment, "VENV", venv)
    monkeypatch.setattr(environment, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(environment, "talk", lambda command: asked.append(command[5]))
    monkeypatch.setattr(environment, "make_importable", lambda: None)
    environment.make(what)
    names = ["book"] if lists == 1 else ["book", what]
    assert asked == [str(ROOT / environment.WANTED[name]) for name in names]
    environment.make(what)
    assert len(asked) == lists  # the second time there is nothing to do


def test_what_jupyterlab_brings_is_pinned_beside_the_lock():
    lines = (ROOT / "requirements-lab.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    assert not {pin.partition("==")[0].casefold() for pin in pins} & {
        name.casefold() for name in locked()
    }
