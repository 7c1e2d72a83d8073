"""Checks of the exercises of chapter 5, hyperparameters."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lib.checks import Case, Report, expect_close, run_cases

ExponentialAverage = Callable[[list[float], float], Sequence[float]]
KFold = Callable[[Tensor, int], list[tuple[Tensor, Tensor]]]


def check_trials_needed(trials_needed: Callable[[float, float], int]) -> Report:
    """Check how many random trials it takes to hit the best part of the space.

    Args:
        trials_needed: maps the fraction `top` of settings that are good enough and the desired
            chance to the smallest n with 1 - (1 - top)^n ≥ chance (up to rounding), an int.
    """

    def gives(top: float, chance: float, expected: int, hint: str) -> Callable:
        def test() -> None:
            answer = trials_needed(top, chance)
            if not isinstance(answer, int) or isinstance(answer, bool):
                raise AssertionError(f"expected an int; got {answer!r}")
            if answer != expected:
                raise AssertionError(
                    f"for top {top:g} and chance {chance:g}, expected {expected}; got {answer}. "
                    f"{hint}"
                )

        return test

    return run_cases(
        "trials needed",
        [
            Case("the best 5% with a chance of 95%",
                 gives(0.05, 0.95, 59, "All n trials miss with probability (1 - top)^n.")),
            Case("the best 1% needs more",
                 gives(0.01, 0.95, 299, "All n trials miss with probability (1 - top)^n.")),
            Case("a coin needs one throw",
                 gives(0.5, 0.5, 1, "Exactly the chance is enough: ≥, not >.")),
            Case("a number between two is rounded up",
                 gives(0.5, 0.8, 3, "2 trials reach 0.75 only, 3 reach 0.875.")),
            Case("one trial is enough where most are good",
                 gives(0.9, 0.3, 1, "No trial has no chance, so n is 1 at least.")),
        ],
    )  # fmt: skip


def check_exponential_average(exponential_average: ExponentialAverage) -> Report:
    """Check an exponential moving average with bias correction for the start at zero.

    Args:
        exponential_average: maps a list of floats and beta to as many averages v_t / (1 - beta^t);
            a value that is not a number is skipped, and the average before it is repeated.
    """

    def gives(values: list[float], beta: float, expected: list[float], hint: str) -> Callable:
        return lambda: expect_average(exponential_average, values, beta, expected, hint=hint)

    def keeps_input() -> None:
        exponential_average(given := [3.0, 1.0, 2.0], 0.5)
        if given != [3.0, 1.0, 2.0]:
            raise AssertionError("the list was changed; leave the input alone")

    nan = math.nan
    return run_cases(
        "exponential average",
        [
            Case("two values, computed by hand",
                 gives([2.0, 5.0], 0.5, [2, 4], "v = 1, then 3; divided by 0.5, then by 0.75.")),
            Case("without memory nothing changes",
                 gives([3.0, -1.0, 4.0], 0.0, [3, -1, 4], "beta = 0 keeps the value itself.")),
            Case("a constant stays what it is",
                 gives([7.0] * 5, 0.9, [7] * 5, "The division makes up for the start at zero.")),
            Case("a NaN leaves no trace",
                 gives([2.0, nan, 5.0], 0.5, [2, 2, 4], "Skip it, and do not count it in t.")),
            Case("a NaN at the start",
                 gives([nan, 2.0, 5.0], 0.5, [nan, 2, 4], "There is no average yet.")),
            Case("the input is left alone", keeps_input),
        ],
    )  # fmt: skip


def expect_average(
    average: ExponentialAverage,
    values: list[float],
    beta: float,
    expected: Sequence[float],
    *,
    hint: str = "",
) -> None:
    """Expect these averages, one for each value; NaN only where NaN is expected.

    Raises:
        AssertionError: the number of averages or their values differ.
    """
    got = average(list(values), beta)
    if not hasattr(got, "__len__") or len(got) != len(values):
        length = len(got) if hasattr(got, "__len__") else type(got).__name__
        raise AssertionError(f"expected {len(values)} averages, one per value; got {length}")
    answer = torch.tensor([float(v) for v in got], dtype=torch.float64)
    wanted = torch.tensor([float(v) for v in expected], dtype=torch.float64)
    if not torch.equal(answer.isnan(), wanted.isnan()):
        raise AssertionError(f"expected {list(expected)}; got {answer.tolist()}. {hint}")
    expect_close(answer.nan_to_num(), wanted.nan_to_num(), hint=hint)


def check_k_fold(k_fold: KFold) -> Report:
    """Check that each row is validated exactly once, and trained on otherwise.

    Args:
        k_fold: maps shuffled row indices (n,) and k to k pairs (train, validation) of indices.
    """
    sizes = ((12, 4), (10, 4), (3, 3))
    cases = [Case(f"{k} parts of {n} rows", fold_test(k_fold, n, k)) for n, k in sizes]
    cases += [Case(f"{k} parts of {n} rows are refused", refusal_test(k_fold, n, k))
              for n, k in ((5, 1), (5, 6))]  # fmt: skip

    def follows_order() -> None:
        parts = [
            [sorted(validation.tolist()) for _, validation in k_fold(order, 3)]
            for order in (rows(12, seed=1), rows(12, seed=2))
        ]
        if parts[0] == parts[1]:
            raise AssertionError("two orders gave the same parts; cut `order` as it comes")

    def keeps_input() -> None:
        k_fold(order := rows(10), 3)
        if not torch.equal(order, rows(10)):
            raise AssertionError("the order was changed; leave the input alone")

    return run_cases(
        "k-fold",
        [
            *cases,
            Case("the shuffle decides", follows_order),
            Case("the input is left alone", keeps_input),
        ],
    )


def rows(n: int, *, seed: int = 0) -> Tensor:
    """Shuffled indices (n,) starting at 20, so that they cannot be mistaken for positions."""
    return 20 + torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def fold_test(k_fold: KFold, n: int, k: int) -> Callable[[], None]:
    """The test of a `Case`: k parts of n rows satisfy cross-validation."""

    def test() -> None:
        order = rows(n)
        folds = k_fold(order.clone(), k)
        if not isinstance(folds, list | tuple) or len(folds) != k:
            got = len(folds) if isinstance(folds, list | tuple) else type(folds).__name__
            raise AssertionError(f"expected a list of {k} pairs; got {got}")
        for pair in folds:
            _expect_indices(pair)
        validated = torch.cat([validation for _, validation in folds]).tolist()
        if not set(validated) <= set(order.tolist()):
            raise AssertionError("validation holds other rows than `order`; use its entries")
        if len(set(validated)) < len(validated):
            raise AssertionError("a row is in two validation parts; they must be disjoint")
        if len(validated) < n:
            raise AssertionError(
                f"{n - len(validated)} of {n} rows are in no validation part; mind the remainder"
            )
        sizes = [len(validation) for _, validation in folds]
        if max(sizes) - min(sizes) > 1:
            raise AssertionError(f"validation parts of {sizes} rows; sizes may differ by 1 at most")
        for train, validation in folds:
            if sorted(train.tolist()) != sorted(set(order.tolist()) - set(validation.tolist())):
                raise AssertionError(
                    "a training part must hold each row outside its validation part, once"
                )

    return test


def refusal_test(k_fold: KFold, n: int, k: int) -> Callable[[], None]:
    """The test of a `Case`: n rows cannot be cut into k parts."""

    def test() -> None:
        try:
            k_fold(rows(n), k)
        except ValueError:
            return
        raise AssertionError(f"expected a ValueError for {k} parts of {n} rows")

    return test


def _expect_indices(pair: object) -> None:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise AssertionError(f"expected pairs (train, validation); got {type(pair).__name__}")
    for part in pair:
        if not isinstance(part, Tensor) or part.ndim != 1 or part.dtype != torch.int64:
            raise AssertionError(
                "expected each part to be a 1-d tensor of indices, int64; got "
                f"{f'{part.dtype}, {part.ndim}-d' if isinstance(part, Tensor) else type(part)}"
            )
