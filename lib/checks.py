"""Checks of exercises: which cases a learner's answer passes, and why it fails the others.

A check takes the learner's function, runs it on small cases and returns a `Report`. It never
raises for a wrong answer, so a notebook with open exercises runs from top to bottom.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Case:
    """One thing an answer must do.

    Attributes:
        name: what is checked, as the learner reads it.
        test: raises AssertionError, with a hint as its message, if the answer is wrong.
    """

    name: str
    test: Callable[[], None]


@dataclass(frozen=True)
class Report:
    """The outcome of one check; its `repr` is what the learner reads.

    Attributes:
        exercise: the exercise's name.
        attempted: False while the stub is still in place.
        results: (case, problem) for each case; the problem is "" if the case passed.
    """

    exercise: str
    attempted: bool
    results: tuple[tuple[str, str], ...]

    @property
    def passed(self) -> bool:
        """Whether the exercise is solved: attempted, and every case passed."""
        return self.attempted and not any(problem for _, problem in self.results)

    def __repr__(self) -> str:
        if not self.attempted:
            return f"Exercise {self.exercise}: not attempted yet"
        right = sum(not problem for _, problem in self.results)
        lines = [f"Exercise {self.exercise}: {right} of {len(self.results)} checks passed"]
        for case, problem in self.results:
            lines.append(f"  ✗ {case}: {problem}" if problem else f"  ✓ {case}")
        return "\n".join(lines)


def run_cases(exercise: str, cases: Sequence[Case]) -> Report:
    """Run every case and report; a stub's NotImplementedError means not attempted."""
    results = []
    for case in cases:
        try:
            case.test()
        except NotImplementedError:
            return Report(exercise, False, ())
        except Exception as error:  # a learner's code may raise anything; the report shows it
            message = str(error) or "no message"
            known = isinstance(error, AssertionError)
            results.append((case.name, message if known else f"{type(error).__name__}: {message}"))
        else:
            results.append((case.name, ""))
    return Report(exercise, True, tuple(results))


def expect_close(
    got: object, expected: Tensor | float, *, hint: str = "", tolerance: float = 1e-4
) -> None:
    """Raise AssertionError unless `got` is a tensor or number close to `expected`, shapes equal.

    Args:
        got: what the learner's function returned.
        expected: the right answer.
        hint: appended to the numbers if they differ.
        tolerance: absolute and relative.
    """
    if not isinstance(got, Tensor | Real | np.ndarray | np.generic):
        raise AssertionError(f"expected a tensor or a number; got {type(got).__name__}")
    with torch._C.DisableTorchFunctionSubclass():  # a tensor subclass may lie
        got = torch.as_tensor(got).detach().as_subclass(Tensor).cpu().double()
    expected = torch.as_tensor(expected).cpu().double()
    if got.shape != expected.shape:
        raise AssertionError(f"expected shape {tuple(expected.shape)}; got {tuple(got.shape)}")
    if not torch.allclose(got, expected, atol=tolerance, rtol=tolerance):
        raise AssertionError(
            f"expected {_short(expected)}; got {_short(got)}{'. ' if hint else ''}{hint}"
        )


def expect_parts(answer: object, count: int) -> tuple:
    """The answer as a tuple; AssertionError unless it is a tuple or list of `count` results."""
    if not isinstance(answer, tuple | list) or len(answer) != count:
        raise AssertionError(f"expected {count} results; got {type(answer).__name__}")
    return tuple(answer)


def _short(values: Tensor) -> str:
    numbers = [f"{v:.4g}" for v in values.flatten()[:4].tolist()]
    return ", ".join(numbers) + (", …" if values.numel() > 4 else "")
