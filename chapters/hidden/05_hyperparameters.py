"""Hidden tests of chapter 5: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

import math
from collections.abc import Mapping
from numbers import Integral

import torch

from chapters.hyperparameters.checks import (
    expect_average,
    fold_test,
    refusal_test,
    smallest_number,
)
from chapters.hyperparameters.ward_checks import ward_cases
from lib.checks import Case


def trials_needed(names: Mapping[str, object], TOP: float = 0.05) -> list[Case]:
    """Random chances against the definition; hardly any, and near certainty."""
    needed = names["trials_needed"]

    def agrees() -> None:
        g = torch.Generator().manual_seed(51)
        for chance in torch.rand(50, generator=g).double().tolist():
            answer, expected = needed(chance), smallest_number(TOP, chance)
            if answer != expected:
                raise AssertionError(f"chance {chance}: expected {expected}; got {answer}")

    def gives(chance: float) -> Case:
        def test() -> None:
            answer, expected = needed(chance), smallest_number(TOP, chance)
            if answer != expected or not isinstance(answer, Integral):
                raise AssertionError(f"expected {expected}; got {answer!r}")

        return Case(f"chance {chance:g}", test)

    return [gives(0.999), gives(0.9999), gives(0.001), Case("50 drawn chances", agrees)]


def exponential_average(names: Mapping[str, object]) -> list[Case]:
    """Random values against the explicit sum, with and without gaps; huge values."""
    average = names["exponential_average"]

    def by_sum(values: list[float], beta: float) -> list[float]:
        expected = []
        for t in range(1, len(values) + 1):
            seen = [v for v in values[:t] if not math.isnan(v)]
            weights = [beta ** (len(seen) - 1 - i) for i in range(len(seen))]
            total = math.fsum(w * v for w, v in zip(weights, seen, strict=True))
            expected.append(total / math.fsum(weights) if seen else math.nan)
        return expected

    def agrees(gaps: bool) -> Case:
        def test() -> None:
            g = torch.Generator().manual_seed(52)
            for length in (1, 2, 7, 40):
                values = torch.randn(length, generator=g).double()
                if gaps:
                    values[torch.rand(length, generator=g) < 0.3] = math.nan
                for beta in (0.0, 0.3, 0.9, 0.99):
                    listed = values.tolist()
                    expect_average(average, listed, beta, by_sum(listed, beta))

        return Case(f"drawn values{' with gaps' if gaps else ''}", test)

    def nothing() -> None:
        expect_average(average, [math.nan] * 3, 0.5, [math.nan] * 3)

    return [agrees(False), agrees(True), Case("nothing but gaps", nothing)]


def k_fold(names: Mapping[str, object]) -> list[Case]:
    """Other numbers of rows and parts, one row per part, and what cannot be cut."""
    fold = names["k_fold"]

    def refuses(n: int, k: int) -> Case:
        return Case(f"{k} parts of {n} rows are refused", refusal_test(fold, n, k))

    sizes = [(2, 2), (7, 7), (9, 6), (23, 5), (100, 8)]
    cuts = [Case(f"{k} parts of {n} rows", fold_test(fold, n, k)) for n, k in sizes]
    return [*cuts, refuses(5, 6), refuses(5, 1), refuses(5, 0), refuses(5, -2)]


def ward(names: Mapping[str, object]) -> list[Case]:
    """Another ward, with the illnesses in other beds."""
    return ward_cases(names["treat"], seed=5)
