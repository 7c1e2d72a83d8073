import importlib.util
import math
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from chapters.hyperparameters import checks, ward, ward_checks
from chapters.hyperparameters.recipe import (
    check_evaluation,
    check_initial_loss,
    check_overfit,
    find_learning_rate,
)

HIDDEN = Path(__file__).parents[3] / "chapters" / "hidden" / "05_hyperparameters.py"


def load_hidden():
    spec = importlib.util.spec_from_file_location("hidden_05", HIDDEN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def unattempted(*_):
    raise NotImplementedError


def trials_needed(chance, top=0.05):
    return math.ceil(math.log(1 - chance) / math.log(1 - top))


def counted(chance, top=0.05):
    n = 1
    while 1 - (1 - top) ** n < chance:
        n += 1
    return n


def with_numpy(chance, top=0.05):
    return np.ceil(np.log(1 - chance) / np.log(1 - top)).astype(int)


@pytest.mark.parametrize("right", [trials_needed, counted, with_numpy])
@pytest.mark.parametrize("top", [0.01, 0.02, 0.03, 0.04, 0.05, 0.06])
def test_trials_needed_is_accepted_with_every_constant(right, top):
    assert checks.check_trials_needed(lambda chance: right(chance, top), top).passed
    report = checks.run_cases("", load_hidden().trials_needed({"trials_needed": counted}, 0.05))
    assert report.passed
    assert checks.check_trials_needed(right, top).passed == (top == 0.05)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda c: math.ceil(c / 0.05), "do not add up"),
        (
            lambda c: math.floor(math.log(1 - c) / math.log(0.95)),
            "44 trials reach a chance of only",
        ),
        (lambda c: round(math.log(1 - c) / math.log(0.95)), "round up"),
        (lambda c: trials_needed(c) + 1, "≥ and not >"),
        (
            lambda c: math.ceil(math.log(0.95) / math.log(1 - c)),
            "Which probability belongs in",
        ),
        (lambda c: math.ceil(math.log(c) / math.log(0.95)), "a chance that all trials miss"),
        (lambda c: math.ceil(math.log(c) / math.log(0.05)), "Which probability belongs in"),
        (lambda c: 60, "Each trial misses with probability 1 - TOP"),
        (lambda c: float(trials_needed(c)), "expected an int; got 45.0"),
        (lambda c: None, "expected an int; got None"),
    ],
)
def test_wrong_numbers_of_trials_are_told_why(wrong, message):
    report = checks.check_trials_needed(wrong)
    assert not report.passed
    assert message in repr(report)


def exponential_average(values, beta, *, corrected=True, counts_gaps=False, finds_gaps=True):
    v, t, averages = 0.0, 0, []
    for value in values:
        missing = finds_gaps and math.isnan(value)
        if not missing:
            v = beta * v + (1 - beta) * value
        t += counts_gaps or not missing
        averages.append(v / (1 - beta**t if corrected else 1) if t else math.nan)
    return averages


def sorting(values, beta):
    values.sort()
    return exponential_average(values, beta)


def forgetting(values, beta):
    """Starts at the first value instead of correcting."""
    averages, v = [], None
    for value in values:
        v = value if v is None or math.isnan(v) else beta * v + (1 - beta) * value
        averages.append(v)
    return averages


def swapped_weights(values, beta):
    v, averages = 0.0, []
    for t, value in enumerate(values, 1):
        v = (1 - beta) * v + beta * value
        averages.append(v / (1 - beta**t))
    return averages


def full_weight(values, beta):
    v, averages = 0.0, []
    for t, value in enumerate(values, 1):
        v = beta * v + value
        averages.append(v / (1 - beta**t))
    return averages


def feeding_back(values, beta):
    v, averages = 0.0, []
    for t, value in enumerate(values, 1):
        v = (beta * v + (1 - beta) * value) / (1 - beta**t)
        averages.append(v)
    return averages


def counting_from_two(values, beta):
    v, averages = 0.0, []
    for t, value in enumerate(values, 2):
        v = beta * v + (1 - beta) * value
        averages.append(v / (1 - beta**t))
    return averages


def by_weights(values, beta):
    """The weighted mean of all values so far, as an array."""
    values = np.array(values, dtype=float)
    averages = []
    for t in range(1, len(values) + 1):
        seen = values[:t][~np.isnan(values[:t])]
        weights = np.array([beta**i for i in range(len(seen))])[::-1]
        averages.append((weights * seen).sum() / weights.sum() if len(seen) else np.nan)
    return np.array(averages)


@pytest.mark.parametrize(
    "right",
    [
        exponential_average,
        lambda v, b: torch.tensor(exponential_average(v, b)),
        lambda v, b: tuple(exponential_average(v, b)),
        by_weights,
    ],
)
def test_the_exponential_average_is_accepted(right):
    assert checks.check_exponential_average(right).passed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (partial(exponential_average, corrected=False), "it makes up for the start at zero"),
        (partial(exponential_average, counts_gaps=True), "skipped but counted"),
        (partial(exponential_average, finds_gaps=False), "no number equals NaN"),
        (swapped_weights, "beta is the weight of the old average"),
        (full_weight, "needs the weight 1 - beta"),
        (feeding_back, "v itself goes on undivided"),
        (counting_from_two, "t counts from 1"),
        (lambda v, b: exponential_average(v, b or 0.5), "beta = 0 keeps the value itself"),
        (forgetting, "instead of starting from the first value"),
        (sorting, "the list was changed"),
        (lambda v, b: exponential_average(v, b)[1:], "expected 2 averages, one per value"),
        (lambda v, b: None, "got NoneType"),
    ],
)
def test_wrong_averages_are_told_why(wrong, message):
    report = checks.check_exponential_average(wrong)
    assert not report.passed
    assert message in repr(report)


def k_fold(order, k):
    if not 2 <= k <= len(order):
        raise ValueError(k)
    parts = order.tensor_split(k)
    return [(torch.cat([*parts[:i], *parts[i + 1 :]]), parts[i]) for i in range(k)]


def dropping_the_rest(order, k):
    return k_fold(order[: len(order) // k * k], k)


def rest_in_the_last(order, k):
    size = len(order) // k
    ends = [*range(size, size * k, size)]
    parts = order.tensor_split(ends)
    return [(torch.cat([*parts[:i], *parts[i + 1 :]]), parts[i]) for i in range(k)]


def sorting_in_place(order, k):
    folds = k_fold(order.clone(), k)
    order.copy_(order.sort().values)
    return folds


def by_stride(order, k):
    if k < 2 or k > len(order):
        raise ValueError
    part = torch.arange(len(order)) % k
    return tuple([order[part != i], order[part == i]] for i in range(k))


def in_chunks(order, k):
    parts = order.split(math.ceil(len(order) / k))
    return [(torch.cat([*parts[:i], *parts[i + 1 :]]), parts[i]) for i in range(len(parts))]


def refusing_single_rows(order, k):
    if not 2 <= k < len(order):
        raise ValueError(k)
    return k_fold(order, k)


def test_k_fold_is_accepted():
    assert checks.check_k_fold(k_fold).passed
    assert checks.check_k_fold(by_stride).passed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dropping_the_rest, "2 of 10 rows are in no validation part"),
        (rest_in_the_last, "sizes may differ by 1"),
        (sorting_in_place, "the order was changed"),
        (lambda o, k: k_fold(torch.arange(len(o)), k), "use its entries"),
        (lambda o, k: k_fold(o.sort().values, k), "cut `order` as it comes"),
        (lambda o, k: k_fold(torch.arange(len(o)), k), "these are positions in `order`"),
        (lambda o, k: k_fold(o + 1, k), "other rows than `order`"),
        (in_chunks, "sizes may differ by 1"),
        (refusing_single_rows, "3 parts of 3 rows are possible"),
        (lambda o, k: [(t[1:], v) for t, v in k_fold(o, k)], "outside its validation part"),
        (lambda o, k: [(o, v) for _, v in k_fold(o, k)], "rows of its own validation part"),
        (lambda o, k: [k_fold(o, k)[0]] * k, "must be disjoint"),
        (lambda o, k: [(v, t) for t, v in k_fold(o, k)], "training rows come first"),
        (lambda o, k: k_fold(o.float(), k), "indices, int64; got torch.float32"),
        (lambda o, k: k_fold(o, k)[1:], "expected a list of 4 pairs; got 3"),
        (lambda o, k: [None] * k, "expected pairs (train, validation); got NoneType"),
    ],
)
def test_wrong_folds_are_told_why(wrong, message):
    report = checks.check_k_fold(wrong)
    assert not report.passed
    assert message in repr(report)


def treat(setup, digits):
    if not check_initial_loss(setup).passed:
        return "initialization", replace(setup, make_model=ward.perceptron)
    if not check_evaluation(setup).passed:
        return "test augmentation", replace(setup, test_transform=None)
    if check_overfit(setup).values["unmoved"]:
        return "optimizer", replace(setup, make_optimizer=ward.all_parameters)
    rate = find_learning_rate(setup)
    if rate.passed:
        return "learning rate", replace(setup, lr=rate.values["rate"])
    return "labels", replace(setup, train=digits)


BEDS = ("labels", "learning rate", "optimizer", "initialization", "test augmentation")  # ward 0


def by_heart(mend):
    """Knows ward 0's beds by their order, and mends with `mend(illness, setup, digits)`."""
    beds = iter(BEDS)

    def answer(setup, digits):
        illness = next(beds)
        return illness, mend(illness, setup, digits)

    return answer


def mended(illness, setup, digits):
    field = {
        "initialization": {"make_model": ward.perceptron},
        "labels": {"train": digits},
        "learning rate": {"lr": 0.1},
        "test augmentation": {"test_transform": None},
        "optimizer": {"make_optimizer": ward.all_parameters},
    }
    return replace(setup, **field[illness])


def renamed(illness, setup, digits):
    """Another object in the ill field, as ill as the first."""
    field = {
        "initialization": {"make_model": lambda g: setup.make_model(g)},
        "labels": {"train": setup.train.subset(slice(None))},
        "learning rate": {"lr": 0.9 * setup.lr},
        "test augmentation": {"test_transform": lambda x, g: setup.test_transform(x, g)},
        "optimizer": {"make_optimizer": lambda m, lr: setup.make_optimizer(m, lr)},
    }
    return replace(setup, **field[illness])


def test_the_ward_is_cured_here_and_in_other_wards():
    assert ward_checks.check_ward(treat).passed
    report = checks.run_cases("ward", load_hidden().ward({"treat": treat}))
    assert report.passed, report


def test_the_beds_by_heart_do_not_cure_other_wards():
    assert ward_checks.check_ward(by_heart(mended)).passed
    cases = load_hidden().ward({"treat": by_heart(mended)})
    assert not checks.run_cases("ward", cases).passed


def wrong_field(illness, setup, digits):
    return replace(mended(illness, setup, digits), batch_size=16)


def on_validation(illness, setup, digits):
    return replace(mended(illness, setup, digits), validation=digits)


@pytest.mark.parametrize(
    ("wrong", "messages"),
    [
        (by_heart(renamed), ["initial loss", "never moved", "right labels", "as they are"]),
        (by_heart(wrong_field), ["changed batch_size, which was healthy"]),
        (by_heart(on_validation), ["changed validation, which was healthy"]),
        (by_heart(lambda _, setup, __: setup), ["as ill as before"]),
        (by_heart(lambda *_: None), ["expected a cured Setup; got NoneType"]),
        (lambda setup, _: ("fever", setup), ["'fever' is no illness of this ward"]),
        (lambda setup, _: setup, ["expected (illness, cured); got Setup"]),
    ],
)
def test_wrong_cures_are_told_why(wrong, messages):
    report = ward_checks.check_ward(wrong)
    assert all(problem for _, problem in report.results)
    assert all(message in repr(report) for message in messages), report


def test_a_wrong_diagnosis_does_not_learn_the_right_one():
    report = ward_checks.check_ward(lambda setup, _: ("labels", setup))
    others = [problem for _, problem in report.results[1:]]
    assert all("labels is not what ails this patient" in problem for problem in others)
    assert not any(name in problem for problem in others for name in ward.ILLNESSES[2:])


@pytest.mark.parametrize(
    ("exercise", "right", "wrong"),
    [
        ("trials_needed", trials_needed, lambda c: round(trials_needed(c) * 1.01)),
        ("exponential_average", exponential_average, partial(exponential_average, corrected=False)),
        ("k_fold", k_fold, lambda o, k: k_fold(o, min(max(k, 2), len(o)))),
    ],
)
def test_hidden_tests_ask_for_more(exercise, right, wrong):
    hidden = getattr(load_hidden(), exercise)
    report = checks.run_cases(exercise, hidden({exercise: right}))
    assert report.passed, report
    assert not checks.run_cases(exercise, hidden({exercise: wrong})).passed
    assert not checks.run_cases(exercise, hidden({exercise: unattempted})).attempted


@pytest.mark.parametrize(
    "report",
    [
        checks.check_trials_needed(unattempted),
        checks.check_exponential_average(unattempted),
        checks.check_k_fold(unattempted),
        ward_checks.check_ward(unattempted),
    ],
)
def test_stubs_are_not_attempted(report):
    assert not report.attempted
