"""Checks of the exercises of the chapter on skeleton."""

from collections.abc import Callable

import torch
from torch import Tensor

from lib.checks import Case, Report, expect_close, run_cases


def check_average(average: Callable[[Tensor], Tensor]) -> Report:
    """Check a mean.

    Args:
        average: maps a one-dimensional tensor to a number.
    """
    few, many = torch.tensor([1.0, 2.0, 6.0]), torch.arange(100.0)
    return run_cases(
        "average",
        [
            Case("three numbers", lambda: expect_close(average(few), 3.0, hint="Divide by n.")),
            Case("a hundred numbers", lambda: expect_close(average(many), 49.5)),
        ],
    )


def check_deviation(deviation: Callable[[Tensor], Tensor]) -> Report:
    """Check a standard deviation.

    Args:
        deviation: maps a one-dimensional tensor to a number.
    """
    few, shifted = torch.tensor([1.0, 2.0, 6.0]), torch.tensor([11.0, 12.0, 16.0])
    hint = "Divide by n − 1, not by n."
    return run_cases(
        "deviation",
        [
            Case("three numbers", lambda: expect_close(deviation(few), few.std(), hint=hint)),
            Case("the same, shifted", lambda: expect_close(deviation(shifted), few.std())),
        ],
    )


def check_enough(enough: Callable[[float, float], int]) -> Report:
    """Check the number of measurements that a wanted noise takes.

    Args:
        enough: maps the noise of one measurement and the wanted noise to a number.
    """
    return run_cases(
        "enough",
        [
            Case("half the noise", lambda: expect_close(enough(1.0, 0.5), 4)),
            Case("no measurement is wasted", lambda: expect_close(enough(3.0, 2.0), 3)),
            Case("one is enough", lambda: expect_close(enough(1.0, 1.5), 1)),
        ],
    )
