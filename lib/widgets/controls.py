"""What the reader of an explorer can vary: controls, and the grid of points they span."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

Value = int | float | str
MAX_CONTROLS = 3


@dataclass(frozen=True)
class Control:
    """One parameter of an explorer: its values, and how the reader sees them.

    Attributes:
        values: distinct numbers (they become a slider) or distinct strings (a list of choices).
        label: the control's label in plain text; None makes one from the parameter's name.
        show: converts a value to the text that the reader sees; None takes `show_value`.
    """

    values: Sequence[Value]
    label: str | None = None
    show: Callable[[Value], str] | None = None

    def __post_init__(self) -> None:
        values = tuple(self.values)
        if not values:
            raise ValueError("a control needs at least one value; got none")
        numbers, strings = sum(map(_is_number, values)), sum(isinstance(v, str) for v in values)
        if len(values) not in (numbers, strings):
            raise ValueError(f"values must be all finite numbers or all strings; got {values!r}")
        if len(set(values)) < len(values):
            raise ValueError(f"values must differ from each other; got {values!r}")
        object.__setattr__(self, "values", values)

    def describe(self, name: str) -> dict:
        """What the JavaScript draws for the parameter `name`: kind, label, texts.

        Raises:
            ValueError: two values have the same text.
        """
        texts = [(self.show or show_value)(value) for value in self.values]
        if len(set(texts)) < len(texts):
            raise ValueError(f"values of {name} must not look alike; they are shown as {texts!r}")
        kind = "choice" if isinstance(self.values[0], str) else "slider"
        label = self.label or name.replace("_", " ").capitalize()
        return {"name": name, "kind": kind, "label": label, "texts": texts}


def show_value(value: Value) -> str:
    """The value as plain text: strings unchanged, numbers with six digits and a true minus."""
    return value if isinstance(value, str) else f"{value:g}".replace("-", "−")


def make_controls(parameters: Mapping[str, Control | Sequence[Value]]) -> dict[str, Control]:
    """One `Control` per parameter, in the order given.

    Raises:
        ValueError: no parameter, more than `MAX_CONTROLS`, or values that no control can hold.
        TypeError: a parameter is neither a `Control` nor a sequence of values.
    """
    if not 1 <= len(parameters) <= MAX_CONTROLS:
        raise ValueError(f"an explorer takes 1 to {MAX_CONTROLS} parameters; got {[*parameters]}")
    return {name: _make_control(name, values) for name, values in parameters.items()}


def grid(controls: Mapping[str, Control]) -> list[dict[str, Value]]:
    """Every combination of values; the last control varies fastest."""
    values = (control.values for control in controls.values())
    return [dict(zip(controls, point, strict=True)) for point in itertools.product(*values)]


def find_position(controls: Mapping[str, Control], point: Mapping[str, Value]) -> list[int]:
    """The index of the point's value in each control; a parameter it omits has its first value.

    Raises:
        ValueError: the point names a parameter or a value that the controls do not have.
    """
    for name, value in point.items():
        if name not in controls:
            raise ValueError(f"start names {name!r}; the parameters are {', '.join(controls)}")
        if value not in controls[name].values:
            expected = ", ".join(map(repr, controls[name].values))
            raise ValueError(f"start[{name!r}] must be one of {expected}; got {value!r}")
    return [
        control.values.index(point[name]) if name in point else 0
        for name, control in controls.items()
    ]


def _make_control(name: str, values: Control | Sequence[Value]) -> Control:
    if isinstance(values, Control):
        return values
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must be a Control or a sequence of values; got {values!r}")
    try:
        return Control(values)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
