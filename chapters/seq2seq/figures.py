"""The figures of chapter 9: unrolled networks, and where a translator looked."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from lib.plotting.intervals import plot_intervals
from lib.plotting.style import BLUE, GRAY, GRID, INK, PAPER, SKY, VERMILLION, figure

LOOKS = LinearSegmentedColormap.from_list("looks", [PAPER, SKY, BLUE, "#00304d"])


class Shape(NamedTuple):
    """The inputs and outputs of an unrolled network.

    Attributes:
        inputs, outputs: for each step, whether there is one.
        example: an example of a task with this shape.
    """

    inputs: tuple[bool, ...]
    outputs: tuple[bool, ...]
    example: str


RNN_SHAPES = {
    "one to one": Shape((True,), (True,), "picture → class"),
    "one to many": Shape((True, False, False), (True, True, True), "picture → sentence"),
    "many to one": Shape((True, True, True), (False, False, True), "review → praise or blame"),
    "many to many": Shape((True, True, True), (True, True, True), "word → its part of speech"),
    "many, then many": Shape(
        (True, True, True, False, False, False),
        (False, False, False, True, True, True),
        "English → French",
    ),
}
STEPS = 6  # number of steps of a network that is stepped through
INPUT, STATE, OUTPUT = 0.0, 1.0, 2.0  # heights of the rows
RADIUS, SIDE = 0.27, 0.46


def plot_unrolled(ax: Axes, shape: Shape, *, step: int | None = None) -> Axes:
    """Draw an unrolled recurrent network: inputs below, states in the middle, outputs on top.

    Args:
        step: everything computed up to this step, counted from 1, is filled, and the step itself
            is red; None fills everything.
    """
    count = len(shape.inputs)
    last = count if step is None else step
    for t in range(1, count + 1):
        color = GRAY if t > last else VERMILLION if t == step else BLUE
        face = PAPER if t > last else color
        ax.add_patch(Circle((t, STATE), RADIUS, ec=color, fc=face, lw=1.8))
        _write(ax, t, STATE, "h", t, PAPER if t <= last else GRAY)
        if t > 1:
            _arrow(ax, (t - 1 + RADIUS, STATE), (t - RADIUS, STATE), color)
        if shape.inputs[t - 1]:
            _box(ax, t, INPUT, "x", color)
            _arrow(ax, (t, INPUT + SIDE / 2), (t, STATE - RADIUS), color)
        elif shape.outputs[t - 2]:  # what it wrote is its next input
            _arrow(
                ax, (t - 1 + 0.1, OUTPUT - SIDE / 2), (t - 0.2, STATE + RADIUS - 0.08), color, "--"
            )
        if shape.outputs[t - 1]:
            _box(ax, t, OUTPUT, "y", color)
            _arrow(ax, (t, STATE + RADIUS), (t, OUTPUT - SIDE / 2), color)
    ax.set(xlim=(0.5, count + 0.5), ylim=(-0.4, 2.4), aspect="equal")
    ax.axis("off")
    return ax


def _box(ax: Axes, t: int, height: float, name: str, color: str) -> None:
    corner = (t - SIDE / 2, height - SIDE / 2)
    ax.add_patch(Rectangle(corner, SIDE, SIDE, ec=color, fc=PAPER, lw=1.8))
    _write(ax, t, height, name, t, color)


def _write(ax: Axes, t: int, height: float, name: str, index: int, color: str) -> None:
    text = f"${name}_{index}$"
    ax.text(t, height, text, ha="center", va="center", fontsize=11, color=color)


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str, style: str = "-"
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=9, lw=1.4, color=color, linestyle=style,
            shrinkA=0, shrinkB=1,
        )
    )  # fmt: skip


def unrolled_figure(name: str, step: int) -> Figure:
    """A frame of the explorer of shapes: the network after several steps, and what it has seen.

    Args:
        name: a key of `RNN_SHAPES`; a shape of three steps repeats its middle one.
        step: counted from 1, up to `STEPS`.

    Raises:
        ValueError: a shape of one step.
    """
    shape = _stretched(RNN_SHAPES[name])
    made, ax = figure(height=2.7, margins={"left": 0.02, "right": 0.98, "top": 0.88, "bottom": 0.1})
    plot_unrolled(ax, shape, step=step)
    ax.set(xlim=(0.4, 6.6))
    ax.set_title(f"{name}: {shape.example}", fontsize=11)
    ax.text(0.5, -0.66, describe_step(name, step), fontsize=11, color=INK)
    return made


def describe_step(name: str, step: int) -> str:
    """What a state of an unrolled network has seen, in words."""
    shape = _stretched(RNN_SHAPES[name])
    seen = [f"x{t}" for t in range(1, step + 1) if shape.inputs[t - 1]]
    wrote = [f"y{t}" for t in range(1, step) if shape.outputs[t - 1] and not shape.inputs[t]]
    gives = f"It writes y{step}." if shape.outputs[step - 1] else "It writes nothing."
    return f"h{step} depends on {', '.join(seen + wrote)}. {gives}"


def _stretched(shape: Shape) -> Shape:
    """The shape over `STEPS` steps: one of three repeats its middle one."""

    def stretch(row: tuple[bool, ...]) -> tuple[bool, ...]:
        return row if len(row) == STEPS else (row[0], *[row[1]] * (STEPS - 2), row[-1])

    if len(shape.inputs) == 1:
        raise ValueError(f"expected a shape of several steps; got one step, {shape.example}")
    return Shape(stretch(shape.inputs), stretch(shape.outputs), shape.example)


def plot_weights(
    ax: Axes,
    weights: object,
    source: Sequence[str],
    target: Sequence[str],
    *,
    links: Collection[tuple[int, int]] = (),
    hidden: int | None = None,
) -> Axes:
    """Draw where a translator looked: a row for each word written, in a stronger color for more.

    Args:
        weights: (len(target), len(source)), rows that sum to 1.
        links: (target, source) positions known to be translations of each other; they are framed.
        hidden: position of a source word that was hidden from the decoder.
    """
    values = np.asarray(weights, dtype=np.float64)
    ax.imshow(values, cmap=LOOKS, vmin=0, vmax=1, aspect="auto")
    for j, i in links:
        ax.add_patch(Rectangle((i - 0.46, j - 0.46), 0.92, 0.92, fill=False, ec=VERMILLION, lw=1.4))
    if hidden is not None:
        size = (1, len(target))
        ax.add_patch(Rectangle((hidden - 0.5, -0.5), *size, fc="none", ec=GRAY, hatch="////", lw=0))
    ax.set_xticks(range(len(source)), source, fontsize=11, rotation=55, ha="left", va="bottom")
    ax.set_yticks(range(len(target)), target, fontsize=11)
    ax.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0, pad=3)
    for label in ax.get_xticklabels():
        label.set_rotation_mode("anchor")
    ax.set_xticks(np.arange(len(source) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(target) + 1) - 0.5, minor=True)
    ax.grid(False)
    ax.grid(which="minor", color=GRID, lw=0.6)
    ax.tick_params(which="minor", length=0, top=False)
    ax.spines[:].set_visible(False)
    return ax


def looks_figure(
    weights: object,
    source: Sequence[str],
    target: Sequence[str],
    *,
    note: str = "",
    links: Collection[tuple[int, int]] = (),
    hidden: int | None = None,
) -> Figure:
    """A frame of an explorer of weights, see `plot_weights`.

    Args:
        note: text below the picture.
    """
    margins = {"left": 0.24, "right": 0.95, "top": 0.79, "bottom": 0.08}
    made, ax = figure(height=4.9, margins=margins)
    plot_weights(ax, weights, source, target, links=links, hidden=hidden)
    made.text(0.02, 0.025, note, fontsize=11, color=INK)
    return made


def plot_errors(
    ax: Axes, errors: Mapping[str, Sequence[float]], diagonal: Mapping[str, float]
) -> Axes:
    """Draw the alignment error rate of each kind of word, with intervals, and that of a diagonal.

    Args:
        errors: for each kind a percentage per seed.
        diagonal: for each kind the percentage of a straight diagonal, drawn as a gray mark.
    """
    plot_intervals(ax, errors)
    kinds = [label.get_text() for label in ax.get_yticklabels()]
    ax.scatter([diagonal[kind] for kind in kinds], range(len(kinds)), marker="|", s=260, lw=2.5,
               color=GRAY)  # fmt: skip
    ax.set_xlim(left=-2)
    ax.set_xlabel("alignment error rate (%); gray: the diagonal")
    return ax


def plot_learning(ax: Axes, updates: Sequence[int], errors: object, losses: object) -> Axes:
    """Draw alignment error and loss over a training, with the seeds' spread.

    Args:
        errors: (seeds, updates), percent.
        losses: (seeds, updates), nats a word, drawn on an axis of their own on the right.
    """
    right = ax.twinx()
    for axis, table, color in ((ax, errors, BLUE), (right, losses, VERMILLION)):
        values = np.asarray(table)
        axis.fill_between(updates, values.min(0), values.max(0), color=color, alpha=0.2, lw=0)
        axis.plot(updates, values.mean(0), color=color)
        axis.tick_params(axis="y", colors=color)
    ax.set(xlabel="updates", ylim=(0, 103))
    ax.set_ylabel("alignment error rate (%)", color=BLUE)
    right.set_ylabel("loss (nats a word)", color=VERMILLION)
    right.set_ylim(bottom=0)
    right.grid(False)
    right.spines["right"].set_visible(True)
    return ax
