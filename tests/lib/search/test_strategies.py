import logging
import math
import os
import warnings

import joblib
import optuna
import pytest

from lib.search import (
    Choice,
    LogUniform,
    Uniform,
    When,
    draw,
    grid_search,
    random_search,
    successive_halving,
)
from lib.search.strategies import rungs

SPACE = {
    "optimizer": Choice(["sgd", "adam"]),
    "lr": LogUniform(1e-4, 1.0),
    "momentum": When("optimizer", "sgd", Uniform(0.0, 0.9)),
}


def score(config, budget):
    """Best at lr = 0.01; larger budgets tell more."""
    return -abs(math.log10(config["lr"]) + 2) + config.get("momentum", 0) + 0.01 * budget


def told(search):
    """All of a search but the times."""
    return [(t.number, t.config, t.state, t.value, t.values, t.error) for t in search.trials]


def test_random_search_evaluates_what_was_drawn():
    search = random_search(score, SPACE, trials=8, budget=5, seed=1, progress=None)
    assert [trial.config for trial in search.trials] == draw(SPACE, 8, seed=1)
    assert [trial.value for trial in search.trials] == [
        score(config, 5) for config in draw(SPACE, 8, seed=1)
    ]
    assert {trial.state for trial in search.trials} == {"complete"}
    assert search.best.value == max(trial.value for trial in search.trials)
    assert search.spent == 40


def test_grid_search_evaluates_every_combination():
    def total(config, budget):
        return 10 * config["a"] + config["b"] + budget

    search = grid_search(total, {"a": [1, 2], "b": [3, 4]}, budget=0.5, progress=None)
    assert [trial.value for trial in search.trials] == [13.5, 14.5, 23.5, 24.5]
    assert search.best.config == {"a": 2, "b": 4}


def test_halving_promotes_the_best_of_each_rung():
    # At budget 1 the order is that of x; at 3 it is turned around. By hand: 9 at budget 1, the
    # largest three go on; of these the smallest one does.
    def turning(config, budget):
        return config["x"] if budget == 1 else -config["x"]

    space = {"x": Uniform(0, 1)}
    xs = [config["x"] for config in draw(space, 9, seed=0)]
    second = sorted(range(9), key=lambda i: -xs[i])[:3]
    third = min(second, key=lambda i: xs[i])
    search = successive_halving(
        turning, space, trials=9, smallest=1, largest=10, seed=0, progress=None
    )
    for trial in search.trials:
        budgets = [1, 3, 9][: 1 + (trial.number in second) + (trial.number == third)]
        assert list(trial.values) == budgets
        assert trial.state == ("complete" if trial.number == third else "pruned")
        assert trial.value == turning(trial.config, budgets[-1])
        assert trial.budget == budgets[-1]
    assert search.spent == 9 + 9 + 9
    assert search.best.number == third


def test_failed_trials_do_not_go_on_and_do_not_end_the_rungs():
    def fragile(config, budget):
        if config["x"] > 0.6:
            raise RuntimeError("too large")
        return config["x"]

    search = successive_halving(
        fragile, {"x": Uniform(0, 1)}, trials=12, smallest=1, largest=3, seed=0, progress=None
    )
    failed = [trial for trial in search.trials if trial.config["x"] > 0.6]
    assert failed and all(t.state == "failed" and not t.values for t in failed)
    alive = [trial.config["x"] for trial in search.trials if trial not in failed]
    complete = [t.config["x"] for t in search.trials if t.state == "complete"]
    assert sorted(complete) == sorted(alive)[-4:]


def test_one_is_left_even_where_fewer_than_the_factor_enter():
    search = successive_halving(
        score, SPACE, trials=2, smallest=1, largest=9, seed=0, progress=None
    )
    assert sorted(len(trial.values) for trial in search.trials) == [1, 3]


@pytest.mark.parametrize(
    ("smallest", "largest", "factor", "budgets"),
    [(1, 10, 3, [1, 3, 9]), (5, 5, 2, [5]), (0.1, 0.3, 3, [0.1, 0.3]), (4, 15, 2, [4, 8])],
)
def test_rungs_rise_by_the_factor(smallest, largest, factor, budgets):
    assert rungs(smallest, largest, factor) == pytest.approx(budgets)


@pytest.mark.parametrize("strategy", ["random", "halving"])
def test_results_do_not_depend_on_the_workers(strategy):
    def slow_first(config, budget):  # trials end in another order than they start
        import time

        time.sleep(0.05 * (config["optimizer"] == "adam"))
        if config["lr"] > 0.3:
            raise ArithmeticError("large")
        return score(config, budget)

    def run(workers):
        common = {"trials": 9, "seed": 2, "workers": workers, "progress": None}
        if strategy == "random":
            return random_search(slow_first, SPACE, budget=1, **common)
        return successive_halving(slow_first, SPACE, smallest=1, largest=3, **common)

    assert told(run(1)) == told(run(2))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_goes_wrong_is_recorded_and_the_search_goes_on(workers):
    outcomes = {
        "raises": lambda: {}["lr"],
        "nan": lambda: math.nan,
        "inf": lambda: math.inf,
        "text": lambda: "0.5",
        "nothing": lambda: None,
        "fine": lambda: 1,
    }
    search = grid_search(
        lambda config, budget: outcomes[config["kind"]](),
        {"kind": list(outcomes)},
        budget=1,
        workers=workers,
        progress=None,
    )
    assert [trial.error for trial in search.trials] == [
        "KeyError: 'lr'",
        "diverged: the objective returned nan",
        "diverged: the objective returned inf",
        "the objective must return a number; got '0.5'",
        "the objective must return a number; got None",
        "",
    ]
    assert [trial.state for trial in search.trials] == ["failed"] * 5 + ["complete"]
    assert search.best.value == 1.0


def test_only_the_trial_that_takes_its_worker_along_fails():
    def deadly(config, budget):
        if config["n"] in (2, 5):
            os._exit(1)
        return config["n"]

    search = grid_search(deadly, {"n": range(8)}, budget=1, workers=2, progress=None)
    assert [t.number for t in search.trials if t.state == "failed"] == [2, 5]
    assert all("worker process died" in search.trials[n].error for n in (2, 5))
    assert [t.value for t in search.trials if t.state == "complete"] == [0, 1, 3, 4, 6, 7]


def test_workers_have_one_thread():
    def threads(config, budget):
        import torch

        return torch.get_num_threads() + 100 * int(os.environ["OMP_NUM_THREADS"])

    search = grid_search(threads, {"n": [0, 1]}, budget=1, workers=2, progress=None)
    assert [trial.value for trial in search.trials] == [101, 101]


def test_the_objective_cannot_change_a_configuration():
    def greedy(config, budget):
        config.clear()
        return 0

    search = random_search(greedy, SPACE, trials=2, budget=1, seed=0, progress=None)
    assert [trial.config for trial in search.trials] == draw(SPACE, 2, seed=0)


def test_nothing_is_printed_warned_or_left_changed(capfd, tmp_path):
    level = optuna.logging.get_verbosity()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        random_search(
            score, SPACE, trials=2, budget=1, seed=0, storage=tmp_path / "log", progress=None
        )
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == level
    assert logging.getLogger("optuna").level == level


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0, "budget": 1}, "count must be at least 1; got 0"),
        ({"trials": 1, "budget": 0}, "budget must be positive and finite; got 0"),
        ({"trials": 1, "budget": 1, "workers": 0}, "workers must be at least 1; got 0"),
    ],
)
def test_bad_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        random_search(score, SPACE, seed=0, progress=None, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"smallest": 3, "largest": 1}, "0 < smallest <= largest; got 3 and 1"),
        ({"smallest": 1, "largest": 3, "factor": 1}, "factor must be an integer of 2 or more"),
    ],
)
def test_bad_rungs_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        successive_halving(score, SPACE, trials=3, seed=0, progress=None, **options)


def test_joblibs_workers_stay_as_they_are():
    def workers():
        return set(joblib.Parallel(2)(joblib.delayed(os.getpid)() for _ in range(8)))

    before = workers()
    random_search(score, SPACE, trials=4, budget=1, seed=0, workers=2, progress=None)
    assert workers() <= before or before <= workers()
