"""Widgets of the book: one call that works on the built page, in JupyterLab and in Colab.

    FrameExplorer(render, alt=…, title=…, depth=[1, 2, 3], activation=["tanh", "ReLU"],
                  start={"depth": 3}, play="depth")
    FrameExplorer(render, alt=…, title=…, lr=Control([1e-3, 1e-2], label="learning rate", show=…))
    Prediction("Which …?", [Choice("A", why="…"), Choice("B", why="…", correct=True)])
    CommandCenter([RunCurves({"learning rate": 0.01}, {"loss (nats)": (steps, losses)}), …],
                  metric="loss")
    PictureMap(images, labels, classes, layouts={"t-SNE": places},
               neighbors={"feature space": indices})
    AttentionReader([Reading(["the", "cat"], ["le", "chat"], weights, links={(0, 0), (1, 1)})])
    AttentionReader([Viewing(picture, ["a", "red", "ring"], weights, rows=6)])
    Playground("What does a fourth layer add?", start={"data": "spirals"}, controls=["layers"])
    ConvolutionExplorer(size=32, filter=5, channels=3, filters=6)

Each draws its own HTML with JavaScript from `js` and needs no kernel once it is shown.
"""

from lib.widgets.attention_reader import AttentionReader, Reading, Viewing
from lib.widgets.command_center import CommandCenter, RunCurves
from lib.widgets.controls import Control
from lib.widgets.convolution_explorer import ConvolutionExplorer
from lib.widgets.frame_explorer import FrameExplorer
from lib.widgets.picture_map import PictureMap
from lib.widgets.playground import Playground
from lib.widgets.prediction import Choice, Prediction

__all__ = [
    "AttentionReader",
    "Choice",
    "CommandCenter",
    "Control",
    "ConvolutionExplorer",
    "FrameExplorer",
    "PictureMap",
    "Playground",
    "Prediction",
    "Reading",
    "RunCurves",
    "Viewing",
]
