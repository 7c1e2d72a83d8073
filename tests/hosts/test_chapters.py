"""Every chapter runs from an empty folder, under the versions that Colab has.

One of them does with every change, the one with most kinds of widgets; all of them do at night.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from anywidget import AnyWidget

from lib import widgets
from lib.colab import pinned
from tests.hosts.conftest import site_packages
from tests.sampling import nightly_but
from tools.chapters import ROOT, list_chapters

WIDGETS = [name for name in widgets.__all__ if issubclass(getattr(widgets, name), AnyWidget)]
EXECUTE = """
import sys
import nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell("import lib\\nprint(lib.__file__)"))
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
kinds = [kind for cell in notebook.cells for output in cell.get("outputs", [])
         for kind in output.get("data", {})]
print(kinds.count("image/png"), kinds.count("application/vnd.jupyter.widget-view+json"))
print(notebook.cells[1].outputs[0].text.strip())
print(notebook.cells[-1].outputs[0].text.strip())
"""


@pytest.mark.parametrize("chapter", nightly_but(list_chapters(), "00_recap"))
def test_a_chapter_runs_from_an_empty_folder(colab, on_colab, chapter, tmp_path):
    environment = on_colab | {
        "CHROMIUM": "none",  # Colab has none, so chapter 5 shows no picture of the dashboard
        "COURSE_BUDGET": "quick",
        "COURSE_DATA": str(ROOT / "data"),  # else the first chapters would fetch theirs
        "COURSE_THREADS": "1",
    }
    shutil.copy(chapter.notebook, tmp_path)
    command = [colab, "-c", EXECUTE, chapter.notebook.name]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    counts, first, module = done.stdout.splitlines()
    figures, widgets = map(int, counts.split())
    source = chapter.source.read_text()
    assert figures == source.count("\nfig\n")
    assert widgets == len(re.findall(rf"(?m)^(?:widgets\.)?(?:{'|'.join(WIDGETS)})\(", source))
    assert first == "Colab draws custom widgets"
    assert module == str(tmp_path / "course" / "lib" / "__init__.py")


def test_a_package_that_is_missing_is_installed_and_torch_is_not_touched(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "bare"], check=True)
    python, ours = tmp_path / "bare" / "bin" / "python", tmp_path / "ours"
    ours.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.lower().startswith(("babel", "pip", "course.pth")):
            (ours / path.name).symlink_to(path)
    (site_packages(python) / "ours.pth").write_text(str(ours))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from lib import colab; colab.prepare(edition=colab.EDITION, install=True)\n"
        "import babel, torch; print(babel.__file__, torch.__file__, sep='\\n')"
    )
    command = [python, "-c", code, ROOT]
    for said in ([f"Installing {pinned('babel')}"], []):  # the second time there is nothing to do
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        *printed, babel, torch = done.stdout.splitlines()
        assert printed == said
        assert Path(babel).is_relative_to(tmp_path / "bare")
        assert Path(torch).is_relative_to(ours)
