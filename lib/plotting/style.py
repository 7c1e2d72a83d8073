"""The course's visual identity: style, palette, and figures outside pyplot's global state."""

import os
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from typing import Any, Literal, overload

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.core.pylabtools import select_figure_formats
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

# Okabe and Ito's palette, distinguishable with the common kinds of color blindness.
BLUE, SKY, GREEN, ORANGE = "#0072B2", "#56B4E9", "#009E73", "#E69F00"
VERMILLION, PURPLE, GRAY, INK = "#D55E00", "#CC79A7", "#8A8A8A", "#222222"
PAPER, GRID, SOFT = "#FDFCF8", "#E4E2DC", "#444444"  # under all, its lines, letters beside axes
BLUE_AREA, ORANGE_AREA = "#CFE3F1", "#F9E7C4"  # behind other things
# Pages draw the colors above lighter if they are dark; these stay, on a picture or a filled cell.
ON_DARK, ON_LIGHT = "white", "#1B1B1B"

# The same activation has the same color in every chapter.
ACTIVATION_COLORS = {
    "sigmoid": VERMILLION,
    "tanh": ORANGE,
    "relu": BLUE,
    "leaky_relu": SKY,
    "maxout": PURPLE,
    "elu": GREEN,
    "selu": INK,
}
# So do gains (blue) and losses (orange-red), and each part of the data.
GAINS = LinearSegmentedColormap.from_list("gains", [VERMILLION, PAPER, BLUE])
SHARES = LinearSegmentedColormap.from_list("shares", [PAPER, SKY, BLUE])  # 0 to 1, or low to high
PART_COLORS = {"train": BLUE, "validation": ORANGE, "test": PURPLE}
# So do networks that write sentences, with attention and without.
TRANSLATOR_COLORS = {"attention": BLUE, "one context": VERMILLION}
WIDTH = 5.4  # inches; the one figure width of the book


def use_style() -> None:
    """Give all later figures of the process the course's look, and make notebooks show them.

    Notebooks show pictures. COURSE_FIGURES=svg makes them drawings, which the book's pages draw in
    their own colors.
    """
    with as_file(files("lib.plotting") / "course.mplstyle") as path:
        plt.style.use(path)
    shell = get_ipython()
    if shell is None:
        return
    # Without this, figures outside pyplot's registry would show as text only.
    drawn = os.environ.get("COURSE_FIGURES") == "svg"
    undated = {"metadata": {"Date": None}} if drawn else {}
    select_figure_formats(shell, {"svg" if drawn else "png"}, bbox_inches=None, **undated)


@overload
def figure(
    rows: Literal[1] = 1,
    cols: Literal[1] = 1,
    *,
    height: float = ...,
    width: float = ...,
    margins: Mapping[str, float] | None = ...,
) -> tuple[Figure, Axes]: ...


@overload
def figure(
    rows: int = 1,
    cols: int = 1,
    *,
    height: float = ...,
    width: float = ...,
    margins: Mapping[str, float] | None = ...,
    **subplots: Any,
) -> tuple[Figure, np.ndarray]: ...


def figure(
    rows: int = 1,
    cols: int = 1,
    *,
    height: float = 3.4,
    width: float = WIDTH,
    margins: Mapping[str, float] | None = None,
    **subplots: Any,
) -> tuple[Figure, Axes | np.ndarray]:
    """A figure outside pyplot's registry (nothing to close) and its axes, in the course's style.

    Args:
        rows, cols: size of the grid of axes; for 1 × 1 a single axes is returned, otherwise an
            array.
        height, width: size of the figure, in inches.
        margins: arguments of `Figure.subplots_adjust`. Frames of an explorer need them: margins
            fitted to each frame's own labels would make the axes jump. None fits them.
        subplots: passed on to `Figure.subplots`, such as `sharex=True`.
    """
    made = Figure(figsize=(width, height))
    made.set_layout_engine("constrained" if margins is None else "none")
    axes = made.subplots(rows, cols, **subplots)
    if margins is not None:
        made.subplots_adjust(**margins)
    return made, axes


def plot_spread(
    ax: Axes,
    x: Sequence[float] | np.ndarray,
    values: np.ndarray,
    *,
    color: str,
    label: str | None = None,
    **line: Any,
) -> Axes:
    """Draw the mean over seeds as a line, and their range as a band.

    Args:
        x: (points,).
        values: (seeds, points); a missing measurement is NaN.
    """
    seen = np.isfinite(values).any(axis=0)
    x, values = np.asarray(x)[seen], np.asarray(values)[:, seen]
    ax.fill_between(
        x, np.nanmin(values, axis=0), np.nanmax(values, axis=0), color=color, alpha=0.2, lw=0
    )
    ax.plot(x, np.nanmean(values, axis=0), color=color, label=label, **line)
    return ax
