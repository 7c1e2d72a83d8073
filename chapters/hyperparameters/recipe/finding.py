"""The result of one step of the recipe."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

WIDTH = 68  # characters per line


@dataclass(frozen=True, eq=False)
class Finding:
    """A measurement with its verdict; the reader sees its `repr`.

    Attributes:
        step: what was examined, such as "initial loss".
        passed: whether to go on to the next step.
        measured: the numbers in words.
        advice: what to try; empty if nothing is wrong.
        values: the numbers by name.
        curves: what to plot, by name.
    """

    step: str
    passed: bool
    measured: str
    advice: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __repr__(self) -> str:
        told = [f"{'✓' if self.passed else '✗'} {self.step}: {self.measured}"]
        told += [f"→ {self.advice}"] if self.advice else []
        wrapped = (textwrap.wrap(text, WIDTH, subsequent_indent="  ") for text in told)
        return "\n  ".join(line for lines in wrapped for line in lines)
