"""Every chapter runs under the versions of IPython, ipywidgets and matplotlib that Colab has."""

import os
import subprocess

import pytest

from tools.chapters import ROOT, list_chapters

EXECUTE = """
import sys
import nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
kinds = [kind for cell in notebook.cells for output in cell.get("outputs", [])
         for kind in output.get("data", {})]
print(kinds.count("image/png"), kinds.count("application/vnd.jupyter.widget-view+json"))
"""


@pytest.mark.parametrize("chapter", list_chapters(), ids=lambda chapter: chapter.name)
def test_a_chapter_runs_and_shows_its_figures_and_widgets(colab, chapter, tmp_path):
    environment = os.environ | {
        "CHROMIUM": "none",  # Colab has none, so chapter 5 shows no picture of the dashboard
        "COURSE_BUDGET": "quick",
        "COURSE_DATA": str(ROOT / "data"),
        "COURSE_THREADS": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PATH": os.pathsep.join([str(colab.parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
    }
    command = [colab, "-c", EXECUTE, chapter.notebook]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    source = chapter.source.read_text()
    figures, widgets = map(int, done.stdout.split())
    assert figures == source.count("\nfig\n")
    names = ("AttentionReader", "CommandCenter", "FrameExplorer", "PictureMap", "Prediction")
    calls = [f"\n{name}(" for name in names]
    assert widgets == sum(map(source.count, calls))
