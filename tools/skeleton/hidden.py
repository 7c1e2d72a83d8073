"""Hidden tests of the chapter on skeleton: what an answer must do beyond the checks.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

from collections.abc import Mapping

import torch

from lib.checks import Case, expect_close


def average(names: Mapping[str, object]) -> list[Case]:
    """Single and negative numbers."""
    f = names["average"]
    x = torch.randn(57, generator=torch.Generator().manual_seed(1))
    return [
        Case("one number", lambda: expect_close(f(torch.tensor([4.0])), 4.0)),
        Case("negative numbers", lambda: expect_close(f(x), x.mean())),
    ]


def deviation(names: Mapping[str, object]) -> list[Case]:
    """Equal numbers, and many different ones."""
    f = names["deviation"]
    x = 5 * torch.randn(57, generator=torch.Generator().manual_seed(2))
    return [
        Case("equal numbers", lambda: expect_close(f(torch.full((5,), 3.0)), 0.0)),
        Case("many numbers", lambda: expect_close(f(x), x.std())),
    ]


def enough(names: Mapping[str, object]) -> list[Case]:
    """Ratios whose square is a whole number, and ratios whose square is not."""
    f = names["enough"]
    return [
        Case("a tenth of the noise", lambda: expect_close(f(4.0, 0.5), 64)),
        Case("a little less than half", lambda: expect_close(f(1.0, 0.49), 5)),
    ]
