"""Search spaces: the range of every hyperparameter, and configurations drawn from them."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import optuna

from lib.search.quiet import quiet


class OptunaTrial(Protocol):
    """The part of an `optuna.Trial` that suggests values."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """A number of the range."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """An integer of the range."""

    def suggest_categorical(self, name: str, choices: Sequence[object]) -> object:
        """One of the choices."""


@dataclass(frozen=True)
class Uniform:
    """A number between `low` and `high`, all equally likely.

    Raises:
        ValueError: not finite, or low is not below high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_range(self)

    def suggest(self, trial: OptunaTrial, name: str) -> float:
        """A value from an Optuna trial."""
        return trial.suggest_float(name, self.low, self.high)


@dataclass(frozen=True)
class LogUniform:
    """A number between `low` and `high` whose logarithm is uniform: each decade equally likely.

    Raises:
        ValueError: not finite, low is not below high, or low is not positive.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_range(self)
        _check_log(self)

    def suggest(self, trial: OptunaTrial, name: str) -> float:
        """A value from an Optuna trial."""
        return trial.suggest_float(name, self.low, self.high, log=True)


@dataclass(frozen=True)
class Integer:
    """An integer from `low` to `high`, both included; with `log` its logarithm is about uniform.

    Raises:
        ValueError: no integers, low is not below high, or low is not positive with `log`.
    """

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        for bound in (self.low, self.high):
            if not isinstance(bound, int):
                raise ValueError(f"the bounds of Integer must be integers; got {bound!r}")
        _check_range(self)
        if self.log:
            _check_log(self)

    def suggest(self, trial: OptunaTrial, name: str) -> int:
        """A value from an Optuna trial."""
        return trial.suggest_int(name, self.low, self.high, log=self.log)


@dataclass(frozen=True)
class Choice:
    """One of `values`, all equally likely; NumPy's numbers become Python's.

    Raises:
        ValueError: no values, twice the same, or one that a storage cannot hold (all but None,
            bool, int, float and str).
    """

    values: Sequence[object]

    def __post_init__(self) -> None:
        values = tuple(getattr(value, "item", lambda v=value: v)() for value in self.values)
        object.__setattr__(self, "values", values)
        if not values:
            raise ValueError("a Choice needs at least one value; got none")
        for value in values:
            if not isinstance(value, None | bool | int | float | str):
                raise ValueError(
                    "the values of a Choice must be None, bool, int, float or str, since they are "
                    f"stored (choose among names, and look the rest up); got {value!r}"
                )
        if len(set(values)) < len(values):
            raise ValueError(f"the values of a Choice must differ; got {values}")

    def suggest(self, trial: OptunaTrial, name: str) -> object:
        """A value from an Optuna trial."""
        return trial.suggest_categorical(name, self.values)


@dataclass(frozen=True)
class When:
    """A dimension that is there only where the configuration's `parent` equals `value`.

    A `When` in a `When` is there where both conditions hold.
    """

    parent: str
    value: object
    dimension: "Dimension"


Dimension = Uniform | LogUniform | Integer | Choice | When
Space = Mapping[str, Dimension]


def suggest(trial: OptunaTrial, space: Space) -> dict[str, object]:
    """A configuration from an Optuna trial, in the order of the space (define-by-run).

    Raises:
        ValueError: a `When` whose parent is not in the space, can never take the value asked
            for, or hangs on itself.
    """
    config: dict[str, object] = {}
    for name in _parents_first(space):
        dimension = space[name]
        while isinstance(dimension, When) and _holds(dimension, config):
            dimension = dimension.dimension
        if not isinstance(dimension, When):
            config[name] = dimension.suggest(trial, name)
    return {name: config[name] for name in space if name in config}


def draw(space: Space, count: int, *, seed: int) -> list[dict[str, object]]:
    """`count` independent configurations; the first ones do not depend on how many are drawn.

    Raises:
        ValueError: a count below 1, or what `suggest` raises.

    Source: Bergstra and Bengio, "Random search for hyper-parameter optimization" (2012).
    """
    if count < 1:
        raise ValueError(f"count must be at least 1; got {count}")
    _parents_first(space)
    with quiet():
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
        return [suggest(study.ask(), space) for _ in range(count)]


def grid(values: Mapping[str, Sequence[object]]) -> list[dict[str, object]]:
    """Every combination of the values; the last name varies fastest.

    Raises:
        ValueError: no names, or values that are no `Choice`.
    """
    if not values:
        raise ValueError("a grid needs the values of at least one hyperparameter; got none")
    lists = [Choice(options).values for options in values.values()]
    return [dict(zip(values, point, strict=True)) for point in itertools.product(*lists)]


def _check_range(dimension: Uniform | LogUniform | Integer) -> None:
    low, high = dimension.low, dimension.high
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"low must be below high, both finite; got {dimension}")


def _check_log(dimension: LogUniform | Integer) -> None:
    if not dimension.low > 0:
        raise ValueError(f"low must be positive on a logarithmic scale; got {dimension}")


def _holds(condition: When, config: Mapping[str, object]) -> bool:
    return condition.parent in config and config[condition.parent] == condition.value


def _parents_first(space: Space) -> list[str]:
    """The names, each after those it hangs on."""
    if not space:
        raise ValueError("a space needs at least one dimension; got none")
    parents = {name: _parents(name, space) for name in space}
    ordered: list[str] = []
    while len(ordered) < len(space):
        ready = [name for name in space if name not in ordered and parents[name] <= set(ordered)]
        if not ready:
            left = ", ".join(name for name in space if name not in ordered)
            raise ValueError(f"dimensions must not hang on themselves; got a circle among {left}")
        ordered += ready
    return ordered


def _parents(name: str, space: Space) -> set[str]:
    """The names that decide whether this dimension is there."""
    parents, dimension = set(), space[name]
    while isinstance(dimension, When):
        if dimension.parent not in space:
            known = ", ".join(space)
            raise ValueError(
                f"the parent of {name!r} must be one of {known}; got {dimension.parent!r}"
            )
        _check_value(name, dimension, space[dimension.parent])
        parents.add(dimension.parent)
        dimension = dimension.dimension
    if not isinstance(dimension, Dimension):
        raise ValueError(
            f"{name!r} must be Uniform, LogUniform, Integer, Choice or When; got {dimension!r}"
        )
    return parents


def _check_value(name: str, condition: When, parent: Dimension) -> None:
    while isinstance(parent, When):
        parent = parent.dimension
    if isinstance(parent, Choice) and condition.value not in parent.values:
        raise ValueError(
            f"{name!r} waits for {condition.parent!r} to be one of {parent.values}; "
            f"got {condition.value!r}"
        )
