"""Saves a notebook that holds both widgets, run by the interpreter that runs this script.

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

if __name__ == "__main__":
    cells = [nbformat.v4.new_code_cell(source) for source in (EXPLORER, PREDICTION)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.execute(notebook, timeout=120)
    nbformat.write(notebook, Path(sys.argv[1]))
