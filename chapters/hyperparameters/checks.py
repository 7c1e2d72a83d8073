"""Checks of the exercises of chapter 5, hyperparameters."""

import math
from collections.abc import Callable, Sequence
from numbers import Integral

import torch
from torch import Tensor

from lib.checks import Case, Report, expect_close, run_cases

ExponentialAverage = Callable[[list[float], float], Sequence[float]]
KFold = Callable[[Tensor, int], list[tuple[Tensor, Tensor]]]


def check_trials_needed(trials_needed: Callable[[float], int], top: float = 0.05) -> Report:
    """Check how many random trials it takes to hit the best part of the space.

    Args:
        trials_needed: maps the desired chance to the smallest n with 1 - (1 - top)^n ≥ chance (up
            to rounding), an int.
        top: the fraction of settings that are good enough.
    """

    def gives(chance: float) -> Callable[[], None]:
        def test() -> None:
            answer, expected = trials_needed(chance), smallest_number(top, chance)
            if not isinstance(answer, Integral) or isinstance(answer, bool):
                raise AssertionError(f"expected an int; got {answer!r}")
            if answer != expected:
                raise AssertionError(
                    f"for TOP = {top:g} and a chance of {chance:g}, expected {expected}; got "
                    f"{answer}. {explain(answer, expected, chance)}".rstrip()
                )

        return test

    def explain(answer: int, expected: int, chance: float) -> str:
        all_miss = math.ceil(math.log(chance) / math.log(1 - top))
        short = 1 - (1 - top) ** (expected - 1)
        said = {
            math.ceil(chance / top): "The chances of several trials do not add up.",
            all_miss: "This is for a chance that all trials miss; you want the opposite.",
            1: f"One trial reaches only {top:g}. Which probability belongs in which logarithm?",
            expected + 1: "One less is enough: the chance may be reached exactly, ≥ and not >.",
            expected - 1: f"{expected - 1} trials reach a chance of only {short:.3g}; round up.",
        }
        return said.get(int(answer), "Each trial misses with probability 1 - TOP.")

    return run_cases(
        "trials needed",
        [
            Case("a chance of 90%", gives(0.9)),
            Case("a chance of 30%", gives(0.3)),
            Case("a chance of TOP takes one trial", gives(top)),
            Case("a little more than TOP takes two", gives(1.2 * top)),
            Case("a small chance takes one trial, not none", gives(0.2 * top)),
        ],
    )


def smallest_number(top: float, chance: float) -> int:
    """The smallest n with 1 - (1 - top)^n ≥ chance, up to rounding."""
    n = 1
    while 1 - (1 - top) ** n < chance - 1e-12:
        n += 1
    return n


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
                 gives([2.0, 5.0], 0.25, [2, 4.4], "v is 1.5, then 4.125.")),
            Case("without memory nothing changes",
                 gives([3.0, -1.0, 4.0], 0.0, [3, -1, 4], "beta = 0 keeps the value itself.")),
            Case("a constant stays what it is",
                 gives([7.0] * 5, 0.9, [7] * 5, "The division makes up for the start at zero.")),
            Case("a NaN leaves no trace",
                 gives([2.0, nan, 5.0], 0.25, [2, 2, 4.4], "Skip it, and do not count it in t.")),
            Case("a NaN at the start",
                 gives([nan, 2.0, 5.0], 0.25, [nan, 2, 4.4], "There is no average yet.")),
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
    hint = next((said for said, slip in _slips(values, beta) if _same(answer, slip)), hint)
    if not torch.equal(answer.isnan(), wanted.isnan()):
        raise AssertionError(f"expected {list(expected)}; got {answer.tolist()}. {hint}")
    right, mine = wanted.nan_to_num(), answer.nan_to_num()
    far = ~torch.isclose(mine, right, atol=1e-4, rtol=1e-4)  # show numbers that differ
    if far.any():
        expect_close(mine[far], right[far], hint=hint)
    expect_close(mine, right, hint=hint)


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, atol=1e-4, rtol=1e-4, equal_nan=True)


def _slips(values: list[float], beta: float) -> list[tuple[str, Tensor]]:
    """What frequent slips give, and what to say about each."""

    def run(keep: float, take: float, **how: bool) -> Tensor:
        v, t, found = 0.0, 0, []
        for value in values:
            gap = math.isnan(value) and not how.get("spreads")
            v = v if gap else keep * v + take * value
            t += how.get("counts", False) or not gap
            start = 1 - beta ** (t + how.get("late", False))
            v = v / start if how.get("feeds") and start else v
            plain = how.get("plain") or how.get("feeds")
            found.append(v / (1 if plain else start) if t and start else math.nan)
        return torch.tensor(found, dtype=torch.float64)

    first = next((v for v in values if not math.isnan(v)), math.nan)
    started, from_first = first, []
    for value in values:
        started = started if math.isnan(value) else beta * started + (1 - beta) * value
        from_first.append(started)
    return [
        ("The division by 1 - beta^t is missing; it makes up for the start at zero.",
         run(beta, 1 - beta, plain=True)),
        ("beta is the weight of the old average, not that of the new value.",
         run(1 - beta, beta)),
        ("The new value needs the weight 1 - beta.", run(beta, 1.0)),
        ("Divide only what you return; v itself goes on undivided.",
         run(beta, 1 - beta, feeds=True)),
        ("t counts from 1, so the first division is by 1 - beta.", run(beta, 1 - beta, late=True)),
        ("Start from v = 0 and divide, instead of starting from the first value.",
         torch.tensor(from_first, dtype=torch.float64)),
        ("A NaN spreads to all averages after it. Find it with math.isnan: no number equals NaN.",
         run(beta, 1 - beta, spreads=True)),
        ("The NaN was skipped but counted; t counts only the losses that you used.",
         run(beta, 1 - beta, counts=True)),
    ]  # fmt: skip


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
        try:
            folds = k_fold(order.clone(), k)
        except ValueError as error:
            raise AssertionError(f"{k} parts of {n} rows are possible; got {error!r}") from None
        if not isinstance(folds, list | tuple) or len(folds) != k:
            got = len(folds) if isinstance(folds, list | tuple) else type(folds).__name__
            raise AssertionError(f"expected a list of {k} pairs; got {got}")
        for pair in folds:
            _expect_indices(pair)
        trained = torch.cat([train for train, _ in folds]).tolist()
        validated = torch.cat([validation for _, validation in folds]).tolist()
        if n > k and sorted(trained) == sorted(order.tolist()):
            raise AssertionError("the pairs are in the wrong order: training rows come first")
        if set(validated) <= set(range(n)):
            raise AssertionError("these are positions in `order`, not rows; use its entries")
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
            if set(train.tolist()) & set(validation.tolist()):
                raise AssertionError("a training part holds rows of its own validation part")
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
