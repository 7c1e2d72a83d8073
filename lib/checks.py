"""Checks of exercises: which cases a learner's answer passes, and why it fails the others.

A check takes the learner's function, runs it on small cases and returns a `Report`. It never
raises for a wrong answer, so a notebook with open exercises runs from top to bottom.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import torch
from torch import Tensor

Mistakes = Mapping[str, Tensor | float]  # what is said of a wrong answer -> that answer


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
    got: object,
    expected: Tensor | float,
    mistakes: Mistakes | None = None,
    hint: str = "",
    *,
    tolerance: float = 1e-4,
) -> None:
    """Raise AssertionError unless `got` is a tensor or number close to `expected`, shapes equal.

    The message shows numbers that differ, and says what is known of the mistake.

    Args:
        got: what the learner's function returned.
        expected: the right answer.
        mistakes: wrong answers that learners give; the first that agrees names the mistake.
        hint: what to say if no known mistake agrees.
        tolerance: absolute and relative.
    """
    if got is None:
        raise AssertionError("Nothing came back. Does the function end with return?")
    if not isinstance(got, Tensor | Real | np.ndarray | np.generic):
        raise AssertionError(f"expected a tensor or a number; got {type(got).__name__}")
    mine, right = _plain(got), _plain(expected)
    problem = _difference(mine, right, tolerance)
    if problem:
        said = explain(mine, mistakes or {}, tolerance=tolerance) or hint
        raise AssertionError(f"{problem}. {said}" if said else problem)


def explain(got: object, mistakes: Mistakes, *, tolerance: float = 1e-4) -> str:
    """What is said of the first mistake that gives this answer; "" if none does."""
    known = mistakes.items()
    return next((said for said, wrong in known if agrees(got, wrong, tolerance=tolerance)), "")


def agrees(got: object, expected: Tensor | float, *, tolerance: float = 1e-4) -> bool:
    """Whether `expect_close` accepts an answer."""
    try:
        expect_close(got, expected, tolerance=tolerance)
    except AssertionError:
        return False
    return True


def _plain(values: object) -> Tensor:
    with torch._C.DisableTorchFunctionSubclass():  # a tensor subclass may lie
        return torch.as_tensor(values).detach().as_subclass(Tensor).cpu().double()


def _difference(got: Tensor, expected: Tensor, tolerance: float) -> str:
    """In words; "" if there is none."""
    if got.shape != expected.shape:
        return f"expected shape {tuple(expected.shape)}; got {tuple(got.shape)}"
    differs = ~torch.isclose(got, expected, atol=tolerance, rtol=tolerance)
    if not differs.any():
        return ""
    return f"expected {_short(expected[differs])}; got {_short(got[differs])}"


def expect_parts(answer: object, count: int) -> tuple:
    """The answer as a tuple; AssertionError unless it is a tuple or list of `count` results."""
    if not isinstance(answer, tuple | list) or len(answer) != count:
        raise AssertionError(f"expected {count} results; got {type(answer).__name__}")
    return tuple(answer)


def _short(values: Tensor) -> str:
    numbers = [f"{v:.4g}" for v in values.flatten()[:4].tolist()]
    return ", ".join(numbers) + (", …" if values.numel() > 4 else "")
