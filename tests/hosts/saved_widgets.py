"""Saves a notebook that holds every kind of widget, run by the interpreter that runs this script.

python saved_widgets.py TARGET.ipynb
"""

import sys
from pathlib import Path

import nbclient
import nbformat

EXPLORER = """\
from matplotlib.figure import Figure
from lib.widgets import Choice, Control, FrameExplorer, Prediction

def render(depth, activation):
    figure = Figure(figsize=(4, 2))
    figure.text(0.5, 0.5, f"{activation}, {depth} layers", ha="center", size=20)
    return figure

FrameExplorer(
    render,
    alt=lambda depth, activation: f"The words {activation}, {depth} layers",
    title="What changes with depth?",
    depth=Control([1, 2, 4], label="Depth"),
    activation=["tanh", "ReLU"],
    start={"depth": 2},
    play="depth",
    progress=False,
)
"""
PREDICTION = """\
Prediction(
    "Which slope does `relu(x)` have at x = −1?",
    [
        Choice("0", why="It is *constant* there: 1 < 2 & <b>no tag</b>.", correct=True),
        Choice("1", why="That is the slope at x = +1."),
    ],
)
"""
COMMAND_CENTER = """\
from lib.widgets import CommandCenter, RunCurves

def run(lr, kind, values):
    config = {"learning rate": lr, "kind": kind}
    return RunCurves(config, {"training loss (nats)": (range(0, 40, 10), values)})

CommandCenter(
    [
        run(0.1, "<b>no tag</b>", [2.0, 4.0, 90.0, float("nan")]),
        run(0.01, "plain", [2.0, 1.0, 0.5, 0.25]),
        run(0.001, "plain", [2.0, 1.9, 1.8, 1.7]),
    ],
    title="Which run is <b>best</b>?",
)
"""
PICTURE_MAP = """\
import numpy as np
from lib.widgets import PictureMap

PictureMap(
    np.linspace(0, 1, 4 * 3 * 64).reshape(4, 3, 8, 8),
    [0, 1, 0, 1],
    ["<b>no tag</b>", "plain"],
    layouts={
        "a line": [[0, 0], [1, 0], [2, 0], [3, 0]],
        "reversed": [[3, 0], [2, 0], [1, 0], [0, 0]],
    },
    neighbors={"features": [[2], [3], [0], [1]], "pixels": [[1], [0], [3], [2]]},
    title="Who is <b>close</b>?",
)
"""
ATTENTION_READER = """\
from lib.widgets import AttentionReader, Reading

AttentionReader(
    [
        Reading(["the", "<b>cat</b>"], ["le", "chat"], [[0.25, 0.75], [0, 1]], {(0, 0), (1, 1)}),
        Reading(["yes"], ["oui"], [[1.0]]),
    ],
    title="Where did it <b>look</b>?",
)
"""
PICTURE_READER = """\
import numpy as np

from lib.widgets import AttentionReader, Viewing

AttentionReader(
    [
        Viewing(np.full((3, 8, 8), 0.6), ["a", "<b>red</b>", "ring"],
                [[0.25, 0.75], [0, 1], [0.5, 0.5]], rows=1, links={(1, 1), (2, 1)},
                truth=["a", "blue", "ring"]),
        Viewing(np.zeros((3, 8, 8)), ["nothing"], [[0.5, 0.5]], rows=1, truth=["nothing"]),
    ],
    title="Where did it look in the picture?",
)
"""
CONVOLUTION_EXPLORER = """\
from lib.widgets import ConvolutionExplorer

ConvolutionExplorer(title="How <b>large</b>?", size=7, filter=3, stride=2)
"""
CELLS = (
    EXPLORER,
    PREDICTION,
    COMMAND_CENTER,
    PICTURE_MAP,
    ATTENTION_READER,
    PICTURE_READER,
    CONVOLUTION_EXPLORER,
)

if __name__ == "__main__":
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.execute(notebook, timeout=120)
    nbformat.write(notebook, Path(sys.argv[1]))
