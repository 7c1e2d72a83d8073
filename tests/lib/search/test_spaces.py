import math

import numpy as np
import optuna
import pytest

from lib.search import Choice, Integer, LogUniform, Uniform, When, draw, grid, suggest

SPACE = {
    "momentum": When("optimizer", "sgd", Uniform(0.5, 0.99)),
    "optimizer": Choice(["sgd", "adam"]),
    "lr": LogUniform(1e-4, 1.0),
    "width": Integer(8, 64),
}


def test_draws_lie_in_their_ranges_and_have_their_types():
    for config in draw(SPACE, 50, seed=0):
        assert config["optimizer"] in ("sgd", "adam")
        assert 1e-4 <= config["lr"] <= 1
        assert type(config["width"]) is int and 8 <= config["width"] <= 64


def test_the_first_draws_do_not_depend_on_how_many_there_are():
    assert draw(SPACE, 20, seed=3)[:10] == draw(SPACE, 10, seed=3)
    assert draw(SPACE, 10, seed=3) != draw(SPACE, 10, seed=4)


def test_a_conditional_dimension_is_there_only_under_its_condition():
    configs = draw(SPACE, 50, seed=0)
    assert {config["optimizer"] for config in configs} == {"sgd", "adam"}
    assert all(("momentum" in config) == (config["optimizer"] == "sgd") for config in configs)


def test_conditions_may_hang_on_each_other_and_be_nested():
    space = {
        "c": When("a", 1, When("b", 2, Uniform(0, 1))),
        "b": When("a", 1, Choice([1, 2])),
        "a": Choice([0, 1]),
    }
    configs = draw(space, 60, seed=0)
    assert all(("b" in config) == (config["a"] == 1) for config in configs)
    both = [config["a"] == 1 and config["b"] == 2 for config in configs if "b" in config]
    assert any(both) and not all(both)
    assert all(("c" in config) == (config.get("b") == 2) for config in configs)


def test_log_uniform_gives_every_decade_its_share():
    rates = [config["lr"] for config in draw({"lr": LogUniform(1e-4, 1.0)}, 800, seed=0)]
    decades = np.histogram(np.log10(rates), bins=[-4, -3, -2, -1, 0])[0]
    assert decades.sum() == 800
    assert decades == pytest.approx([200] * 4, abs=4 * math.sqrt(800 * 0.25 * 0.75))


def test_uniform_gives_every_quarter_its_share():
    values = [config["x"] for config in draw({"x": Uniform(0, 1)}, 800, seed=0)]
    quarters = np.histogram(values, bins=4, range=(0, 1))[0]
    assert quarters == pytest.approx([200] * 4, abs=4 * math.sqrt(800 * 0.25 * 0.75))


def test_integers_reach_both_ends_and_favor_small_ones_on_a_logarithmic_scale():
    plain = [config["n"] for config in draw({"n": Integer(1, 4)}, 100, seed=0)]
    assert set(plain) == {1, 2, 3, 4}
    logarithmic = [config["n"] for config in draw({"n": Integer(1, 100, log=True)}, 400, seed=0)]
    assert sum(n <= 10 for n in logarithmic) > 150  # a plain scale: 40


def test_an_optuna_trial_is_asked_in_define_by_run():
    trial = optuna.trial.FixedTrial({"optimizer": "adam", "lr": 0.1, "width": 9})
    assert suggest(trial, SPACE) == {"optimizer": "adam", "lr": 0.1, "width": 9}


def test_the_last_name_of_a_grid_varies_fastest():
    assert grid({"a": [1, 2], "b": ["x", "y"]}) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]


def test_numpy_numbers_become_pythons():
    (config,) = grid({"n": np.array([3])})
    assert type(config["n"]) is int
    assert Choice(np.logspace(-1, 0, 2)).values == (0.1, 1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(1, 1), "low must be below high, both finite; got Uniform"),
        (lambda: Uniform(0, math.inf), "both finite"),
        (lambda: LogUniform(0, 1), r"positive on a logarithmic scale; got LogUniform\(low=0"),
        (lambda: Integer(0, 4, log=True), "positive on a logarithmic scale"),
        (lambda: Integer(0.5, 4), "must be integers; got 0.5"),
        (lambda: Choice([]), "at least one value"),
        (lambda: Choice([1, 2, 1]), r"must differ; got \(1, 2, 1\)"),
        (lambda: Choice([abs]), "None, bool, int, float or str.*got <built-in"),
        (lambda: grid({}), "at least one hyperparameter"),
        (lambda: draw({}, 1, seed=0), "at least one dimension"),
        (lambda: draw(SPACE, 0, seed=0), "count must be at least 1; got 0"),
        (lambda: draw({"a": 3}, 1, seed=0), "'a' must be Uniform, .*; got 3"),
        (
            lambda: draw({"a": When("b", 1, Uniform(0, 1))}, 1, seed=0),
            "the parent of 'a' must be one of a; got 'b'",
        ),
        (
            lambda: draw({"a": When("o", "SGD", Uniform(0, 1)), "o": Choice(["sgd"])}, 1, seed=0),
            r"'a' waits for 'o' to be one of \('sgd',\); got 'SGD'",
        ),
        (
            lambda: draw(
                {"a": When("b", 1, Integer(0, 1)), "b": When("a", 1, Integer(0, 1))}, 1, seed=0
            ),
            "a circle among a, b",
        ),
    ],
)
def test_bad_spaces_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
