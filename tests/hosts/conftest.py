"""A second environment with Colab's versions, notebooks saved under both, pages that open them."""

import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from playwright import sync_api

from tests.browser import serve
from tools.colab import read_repository
from tools.lock import exclusive
from tools.vendor import vendor

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / "_build" / "hosts"
# Of Colab's own module what the course calls.
OUTPUT = """\
def enable_custom_widget_manager():
    print("Colab draws custom widgets")
"""
STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Saved widgets</title><link rel="icon" href="data:,">
<script src="require.js"></script>
<script>require.config({{paths: {{anywidget: "anywidget"}}}})</script>
<script src="embed-amd.js"></script>
<script type="{STATE}">{state}</script>
<body>
{views}"""


@pytest.fixture(scope="session")
def colab() -> Path:
    """The interpreter of an environment with Colab's versions; built once, then reused."""
    folder, pins = BUILD / "colab", HERE / "requirements-colab.txt"
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    with exclusive(BUILD):
        if not stamp.is_file() or stamp.read_text() != pins.read_text():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", pins], check=True)
            # What it doesn't pin, PyTorch above all, is taken from ours: 5 GB aren't needed twice.
            (site_packages(python) / "ours.pth").write_text(sysconfig.get_path("purelib"))
            shutil.copy(pins, stamp)
    return python


@pytest.fixture(scope="session")
def on_colab(colab, tmp_path_factory) -> dict[str, str]:
    """The environment of a kernel on Colab: its packages, its own module, the course on GitHub.

    The working tree, whether committed or not, stands in for what GitHub has.
    """
    published, modules = (tmp_path_factory.mktemp(name) for name in ("published", "modules"))
    git = ["git", "-c", "user.name=course", "-c", "user.email=course@localhost", "-C"]
    listing = [*git, ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (published / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, published / name)
    repository = read_repository()
    for command in (["init", "-qb", repository.branch], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run([*git, published, *command], check=True)
    (modules / "google" / "colab").mkdir(parents=True)
    (modules / "google" / "colab" / "__init__.py").touch()
    (modules / "google" / "colab" / "output.py").write_text(OUTPUT)
    return os.environ | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{published.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": repository.url,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PATH": os.pathsep.join([str(colab.parent), os.environ["PATH"]]),
        "PYTHONPATH": str(modules),
    }


@pytest.fixture(scope="session")
def saved(colab, tmp_path_factory) -> Callable[[str], dict]:
    """Gives the notebook saved under "ipywidgets 8" or "ipywidgets 7", each executed once."""
    pythons = {"ipywidgets 8": Path(sys.executable), "ipywidgets 7": colab}

    @functools.cache
    def save(host: str) -> dict:
        target = tmp_path_factory.mktemp("saved") / "widgets.ipynb"
        python = pythons[host]
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]]),
        }
        command = [python, HERE / "saved_widgets.py", target]
        subprocess.run(command, check=True, env=environment, timeout=300)
        return nbformat.read(target, as_version=4)

    return save


@pytest.fixture(scope="session")
def site(colab, tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """A folder that holds Colab's widget manager and its anywidget, and the address it's at."""
    folder = tmp_path_factory.mktemp("site")
    manager = BUILD / "ipywidgets-7"
    vendor(manager, group="ipywidgets-7", pins=HERE / "vendor.json")
    shutil.copytree(manager, folder, dirs_exist_ok=True)
    module = site_packages(colab) / "anywidget" / "nbextension" / "index.js"
    shutil.copy(module, folder / "anywidget.js")
    with serve(folder) as address:
        yield folder, address


def site_packages(python: Path) -> Path:
    """Where the environment of that interpreter holds its packages."""
    (folder,) = python.parents[1].glob("lib/python*/site-packages")
    return folder


@pytest.fixture
def open_saved(saved, site, browser) -> Iterator[Callable[[str], sync_api.Page]]:
    """Opens a saved notebook's widgets in Colab's manager; a console error fails the test."""
    folder, address = site
    page, errors = browser.new_page(), []
    page.set_default_timeout(10_000)
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))

    def open_(host: str) -> sync_api.Page:
        (folder / "index.html").write_text(_page(saved(host)), encoding="utf-8")
        page.goto(address)
        return page

    yield open_
    page.close()
    assert errors == []


def _page(notebook: dict) -> str:
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    views = [output.data[VIEW] for output in outputs if VIEW in output.get("data", {})]
    # A `<` would let a text of ours end the script early.
    state, *views = (json.dumps(x).replace("<", "\\u003c") for x in (_state(notebook), *views))
    scripts = [f'<script type="{VIEW}">{view}</script>' for view in views]
    return PAGE.format(STATE=STATE, state=state, views="\n".join(scripts))


def _state(notebook: dict) -> dict:
    return notebook.metadata.widgets[STATE]
