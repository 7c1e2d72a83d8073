"""Hidden tests of chapter 5: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

import math
from collections.abc import Mapping

import torch

from lib.checks import Case, expect_close
from lib.checks.hyperparameters import fold_test, rows, ward_cases


def trials_needed(names: Mapping[str, object]) -> list[Case]:
    """Drawn parts and chances, by the definition; rare settings, and near certainty."""
    needed = names["trials_needed"]

    def definition(top: float, chance: float) -> int:
        n = 1
        while 1 - (1 - top) ** n < chance:
            n += 1
        return n

    def agrees() -> None:
        g = torch.Generator().manual_seed(51)
        for top, chance in (0.02 + 0.96 * torch.rand(50, 2, generator=g).double()).tolist():
            answer, expected = needed(top, chance), definition(top, chance)
            if answer != expected:
                raise AssertionError(
                    f"top {top}, chance {chance}: expected {expected}; got {answer}"
                )

    def gives(top: float, chance: float, expected: int) -> Case:
        def test() -> None:
            answer = needed(top, chance)
            if answer != expected or not isinstance(answer, int):
                raise AssertionError(f"expected {expected}; got {answer!r}")

        return Case(f"top {top:g}, chance {chance:g}", test)

    return [
        gives(0.001, 0.95, definition(0.001, 0.95)),
        gives(0.05, 0.999, definition(0.05, 0.999)),
        gives(0.5, 0.75, 2),
        gives(0.99, 0.01, 1),
        Case("50 drawn pairs", agrees),
    ]


def moving_average(names: Mapping[str, object]) -> list[Case]:
    """Drawn values by the definition, a divergence, and a large value that leaves."""
    average = names["moving_average"]

    def listed(values: list[float], window: int) -> torch.Tensor:
        return torch.tensor([float(v) for v in average(list(values), window)]).double()

    def agrees() -> None:
        g = torch.Generator().manual_seed(52)
        for length in (1, 2, 7, 40):
            values = torch.randn(length, generator=g).double().tolist()
            for window in (1, 2, 5, 39, 100):
                seen = [values[max(0, i - window + 1) : i + 1] for i in range(length)]
                expected = torch.tensor([math.fsum(s) / len(s) for s in seen])
                expect_close(listed(values, window), expected)

    def after(spike: float) -> Case:
        def test() -> None:
            values = [1.0, 2.0, spike, spike, 3.0, 4.0, 5.0, 9.0]
            got = listed(values, 3)
            expect_close(got[:2], torch.tensor([1.0, 1.5]))
            expect_close(got[6:], torch.tensor([4.0, 6.0]))

        return Case(f"before and after {spike}", test)

    return [after(math.nan), after(math.inf), after(1e30), Case("drawn values", agrees)]


def k_fold(names: Mapping[str, object]) -> list[Case]:
    """Other numbers of rows and parts, one row per part, and what cannot be cut."""
    fold = names["k_fold"]

    def refuses(n: int, k: int) -> Case:
        def test() -> None:
            try:
                fold(rows(n), k)
            except ValueError:
                return
            raise AssertionError(f"expected a ValueError for {k} parts of {n} rows")

        return Case(f"{k} parts of {n} rows are refused", test)

    sizes = [(2, 2), (7, 7), (9, 6), (23, 5), (100, 8)]
    cuts = [Case(f"{k} parts of {n} rows", fold_test(fold, n, k)) for n, k in sizes]
    return [*cuts, refuses(5, 6), refuses(5, 1), refuses(5, 0), refuses(5, -2)]


def ward(names: Mapping[str, object]) -> list[Case]:
    """Two other wards, with the illnesses in other beds."""
    return [case for seed in (5, 6) for case in ward_cases(names["treat"], seed=seed)]
