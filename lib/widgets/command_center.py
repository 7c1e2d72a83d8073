"""Every run's learning curves in one picture, colored by a hyperparameter and filtered.

CommandCenter([RunCurves({"learning rate": 0.01}, {"training loss (nats)": (steps, values)}), …])
"""

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import anywidget
import numpy as np
import traitlets

from lib.widgets.assets import script, style
from lib.widgets.controls import show_value

Setting = float | int | str | None
MAX_RUNS = 200
MAX_POINTS = 400  # per curve; more than a picture has pixels for
MAX_OPTIONS = 8  # distinct numbers that a filter lists; if there are more, it offers ranges
RANGES = 4
LOG_SPAN = 20  # numbers that span more than this factor are colored by their logarithm
DIGITS = 4  # digits of a value in the page
MISSING = "–"
LOW_IS_GOOD = ("loss", "error")
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class RunCurves:
    """One training: its hyperparameters and what was measured along the way.

    Attributes:
        config: a number or a text per hyperparameter; None, or no entry, if one does not apply.
        curves: per metric, its name with the unit, such as "training loss (nats)": (steps, values),
            two sequences of equal length, the steps increasing. A curve ends before its first
            value that is not finite, where the run diverged.
    """

    config: Mapping[str, Setting]
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]

    def __post_init__(self) -> None:
        if not self.curves:
            raise ValueError("a run needs at least one curve; got none")
        config = {name: _check_setting(name, value) for name, value in self.config.items()}
        curves = {metric: _check_curve(metric, curve) for metric, curve in self.curves.items()}
        object.__setattr__(self, "config", config)
        object.__setattr__(self, "curves", curves)


class CommandCenter(anywidget.AnyWidget):
    """Learning curves with a filter per hyperparameter; needs no kernel.

    The reader chooses the metric and the hyperparameter for the colors, filters the runs, and
    selects one by mouse or in a table, best run first. Runs are numbered from 1 in the order given.
    """

    _esm = script("command_center")
    _css = style("command_center")
    title = traitlets.Unicode().tag(sync=True)
    x = traitlets.Unicode().tag(sync=True)
    metrics = traitlets.List().tag(sync=True)
    parameters = traitlets.List().tag(sync=True)
    steps = traitlets.List().tag(sync=True)
    runs = traitlets.List().tag(sync=True)
    metric = traitlets.Unicode().tag(sync=True)
    color = traitlets.Unicode().tag(sync=True)
    filters = traitlets.Dict().tag(sync=True)  # hyperparameter → the text of the option kept
    selected = traitlets.Int(None, allow_none=True).tag(sync=True)  # index of a run
    log = traitlets.Bool(False).tag(sync=True)
    smoothing = traitlets.Int(1, min=1).tag(sync=True)  # points of the moving average

    def __init__(
        self,
        runs: Sequence[RunCurves],
        title: str = "Which runs would you stop?",
        x: str = "updates",
        color: str = "learning rate",
        metric: str = "training loss",
        *,
        low_is_good: Collection[str] | None = None,
    ) -> None:
        """Collect the runs.

        Args:
            runs: 1 to `MAX_RUNS`, all with the same metrics, with at most `MAX_POINTS` points.
            title: the question the curves answer, in plain text.
            x: label of the horizontal axis.
            color: the hyperparameter that determines the colors at first; every run must have it.
            metric: the metric shown first, with or without its unit.
            low_is_good: names of the metrics that should decrease; None takes those with "loss" or
                "error" in their name.

        Raises:
            TypeError: an element of `runs` is not a `RunCurves`.
            ValueError: no runs or too many, metrics that differ from run to run, or a `color`, a
                `metric` or a name in `low_is_good` that the runs do not have.
        """
        metrics = _check_runs(runs)
        names = list(dict.fromkeys(name for run in runs for name in run.config))
        _check_color(color, runs)
        low = _find_low(metrics, low_is_good)
        columns = [_describe(name, [run.config.get(name) for run in runs]) for name in names]
        steps, curves = _pack_curves(runs, metrics)
        super().__init__(
            title=title,
            x=x,
            metrics=[{"name": name, "lowIsGood": name in low} for name in metrics],
            parameters=[parameter for parameter, _ in columns],
            steps=steps,
            runs=[
                {"curves": curves[index], "settings": [settings[index] for _, settings in columns]}
                for index in range(len(runs))
            ],
            metric=_find_metric(metric, metrics),
            color=color,
        )

    def __repr__(self) -> str:
        size = len(json.dumps([self.steps, self.runs])) / 1e3
        return (
            f"CommandCenter({self.title!r}, {len(self.runs)} runs, {len(self.parameters)} "
            f"hyperparameters, {len(self.metrics)} metrics; {size:.0f} kB)"
        )


def _check_setting(name: str, value: Setting) -> Setting:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, Real):
        kind = type(value).__name__
        raise TypeError(f"config[{name!r}] must be a number, a string or None; got {kind}")
    if not math.isfinite(value):
        raise ValueError(f"config[{name!r}] must be finite; got {value!r}")
    return value


def _check_curve(metric: str, curve: tuple) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if not isinstance(curve, tuple | list) or len(curve) != 2:
        raise TypeError(f"curves[{metric!r}] must be a pair (steps, values); got {curve!r:.60}")
    steps, values = (tuple(map(float, numbers)) for numbers in curve)
    if len(steps) != len(values):
        raise ValueError(
            f"{metric}: steps and values must be equally many; got {len(steps)} and {len(values)}"
        )
    if not 1 <= len(steps) <= MAX_POINTS:
        raise ValueError(f"{metric}: a curve has 1 to {MAX_POINTS} points; got {len(steps)}")
    for before, after in zip((-math.inf, *steps), (*steps, math.inf), strict=True):
        if not before < after:
            raise ValueError(f"{metric}: steps must increase; got {after:g} after {before:g}")
    return steps, values


def _check_runs(runs: Sequence[RunCurves]) -> list[str]:
    """The metrics, which every run must have."""
    if not 1 <= len(runs) <= MAX_RUNS:
        raise ValueError(f"a command center takes 1 to {MAX_RUNS} runs; got {len(runs)}")
    for number, run in enumerate(runs, start=1):
        if not isinstance(run, RunCurves):
            raise TypeError(f"runs must be RunCurves; run {number} is a {type(run).__name__}")
        if set(run.curves) != set(runs[0].curves):
            raise ValueError(
                f"all runs need the same metrics; run 1 has {', '.join(runs[0].curves)} "
                f"and run {number} has {', '.join(run.curves)}"
            )
    return list(runs[0].curves)


def _check_color(color: str, runs: Sequence[RunCurves]) -> None:
    for number, run in enumerate(runs, start=1):
        if run.config.get(color) is None:
            raise ValueError(
                f"color must be a hyperparameter of every run; got {color!r}, and run {number} "
                f"has {', '.join(run.config) or 'none'}"
            )


def _find_metric(metric: str, metrics: Sequence[str]) -> str:
    """The metric with that name, in full or without its unit."""
    for name in (*metrics, None):
        if name and metric in (name, name.split(" (")[0]):
            return name
    raise ValueError(f"metric must be one of {', '.join(metrics)}; got {metric!r}")


def _find_low(metrics: Sequence[str], low_is_good: Collection[str] | None) -> set[str]:
    if low_is_good is None:
        return {name for name in metrics if any(word in name.lower() for word in LOW_IS_GOOD)}
    return {_find_metric(name, metrics) for name in low_is_good}


def _pack_curves(
    runs: Sequence[RunCurves], metrics: Sequence[str]
) -> tuple[list[list[float]], list[list[dict]]]:
    """The distinct lists of steps, and a curve per run and metric that refers to one of them."""
    known: dict[tuple[float, ...], int] = {}
    packed = []
    for run in runs:
        curves = [run.curves[metric] for metric in metrics]
        packed.append(
            [_pack(known.setdefault(tuple(s), len(known)), values) for s, values in curves]
        )
    return [[int(s) if s.is_integer() else s for s in steps] for steps in known], packed


def _pack(steps: int, values: Sequence[float]) -> dict:
    """A curve up to its first value that is not finite."""
    end = next((i for i, value in enumerate(values) if not math.isfinite(value)), len(values))
    rounded = [float(f"{value:.{DIGITS}g}") for value in values[:end]]
    return {"steps": steps, "values": rounded, "diverged": end < len(values)}


def _describe(name: str, values: Sequence[Setting]) -> tuple[dict, list[dict]]:
    """A hyperparameter for the JavaScript, and each run's setting.

    The hyperparameter has options, the texts that its filter lists; a kind ("words", "steps" for
    few numbers, "ramp" for many), which determines its colors; and marks, the texts below a ramp. A
    setting has a text, the index of its option, and its place among the colors: the index of a
    word, or the place of a number on the ramp from 0 to 1; None if it is missing.
    """
    given = sorted({v for v in values if v is not None}, key=lambda v: (isinstance(v, str), v))
    texts = list(dict.fromkeys(map(_show, given)))  # values with the same text are one option
    is_word = any(isinstance(value, str) for value in given)
    kind = "words" if is_word else "ramp" if len(texts) > MAX_OPTIONS else "steps"
    groups = np.array_split(texts, RANGES if kind == "ramp" else max(1, len(texts)))
    options = [f"{g[0]} to {g[-1]}" if len(g) > 1 else str(g[0]) for g in groups if len(g)]
    option_of = {str(text): index for index, group in enumerate(groups) for text in group}
    option_of[MISSING] = len(options)
    numbers = [v for v in given if not isinstance(v, str)]
    place = _make_ramp(numbers) if kind == "ramp" else _make_ranks(texts, kind)
    settings = [
        {
            "text": _show(value),
            "option": option_of[_show(value)],
            "place": None if value is None else place(value),
        }
        for value in values
    ]
    marks = _find_marks(numbers) if kind == "ramp" else []
    options += [MISSING] * (None in values)
    return {"name": name, "kind": kind, "options": options, "marks": marks}, settings


def _make_ranks(texts: Sequence[str], kind: str) -> Callable[[Setting], float]:
    """A function from a value to its place: a word's index, or evenly spaced for a few numbers."""
    last = 1 if kind == "words" else max(1, len(texts) - 1)
    return lambda value: texts.index(_show(value)) / last


def _make_ramp(given: Sequence[float]) -> Callable[[Any], float]:
    """A function from a number to its place from 0 to 1, logarithmic if the numbers span much."""
    scale = math.log if _is_log(given) else float
    low, high = scale(given[0]), scale(given[-1])
    return lambda value: round((scale(value) - low) / (high - low), DIGITS)


def _find_marks(given: Sequence[float]) -> list[str]:
    low, high = given[0], given[-1]
    middle = math.sqrt(low * high) if _is_log(given) else (low + high) / 2
    return [_show(value) for value in (low, middle, high)]


def _is_log(given: Sequence[float]) -> bool:
    return given[0] > 0 and given[-1] / given[0] > LOG_SPAN


def _show(value: Setting) -> str:
    """The value as plain text, a number with three digits: 0.0001, 1.3 × 10⁻⁵, −2, tanh."""
    if value is None:
        return MISSING
    if isinstance(value, str):
        return value
    text = show_value(value if float(value).is_integer() else float(f"{value:.3g}"))
    digits, _, exponent = text.partition("e")
    if not exponent:
        return text
    power = "10" + str(int(exponent.replace("−", "-"))).translate(SUPERSCRIPTS)
    return power if digits == "1" else f"{digits} × {power}"
