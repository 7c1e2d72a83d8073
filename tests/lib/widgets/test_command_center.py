import json
import math

import numpy as np
import pytest
from traitlets import TraitError

from lib.widgets import CommandCenter, RunCurves
from lib.widgets.command_center import MAX_POINTS, MAX_RUNS

LOSS, ACCURACY = "training loss (nats)", "validation accuracy (%)"


def run(config=None, *, steps=(0, 10, 20), losses=(2.0, 1.0, 0.5), accuracies=(10.0, 50.0, 60.0)):
    curves = {LOSS: (steps, losses), ACCURACY: (steps, accuracies)}
    return RunCurves({"learning rate": 0.1} if config is None else config, curves)


def sweep(name, values):
    return [run({"learning rate": 0.1, name: value}) for value in values]


def parameter(center, name):
    """(its description, the settings of all runs)"""
    names = [described["name"] for described in center.parameters]
    axis = names.index(name)
    return center.parameters[axis], [run["settings"][axis] for run in center.runs]


def test_the_first_metric_is_found_without_its_unit():
    assert CommandCenter([run()]).metric == LOSS
    assert CommandCenter([run()], metric=ACCURACY).metric == ACCURACY


def test_a_mean_of_no_values_is_refused():
    center = CommandCenter([run()])
    with pytest.raises(TraitError, match="smoothing"):
        center.smoothing = 0


def test_low_is_good_for_losses_and_errors_unless_told():
    assert [m["lowIsGood"] for m in CommandCenter([run()]).metrics] == [True, False]
    told = CommandCenter([run()], low_is_good=["validation accuracy"])
    assert [m["lowIsGood"] for m in told.metrics] == [False, True]


def test_few_numbers_are_options_in_order_and_evenly_spaced_colors():
    center = CommandCenter(sweep("decay", [1e-5, 0, 1e-3, 0]))
    described, settings = parameter(center, "decay")
    assert (described["kind"], described["options"]) == ("steps", ["0", "10⁻⁵", "0.001"])
    assert [setting["place"] for setting in settings] == [0.5, 0, 1, 0]
    assert [setting["option"] for setting in settings] == [1, 0, 2, 0]


def test_many_numbers_are_four_ranges_and_a_ramp_on_the_logarithm():
    center = CommandCenter(sweep("rate", list(np.logspace(-4, 0, 9))))
    described, settings = parameter(center, "rate")
    assert described["kind"] == "ramp"
    assert described["options"][0] == "0.0001 to 0.001" and len(described["options"]) == 4
    assert described["marks"] == ["0.0001", "0.01", "1"]
    assert [s["place"] for s in settings] == pytest.approx(np.linspace(0, 1, 9))
    assert {s["option"] for s in settings} == {0, 1, 2, 3}


def test_numbers_that_span_little_are_colored_as_they_are():
    _, settings = parameter(CommandCenter(sweep("depth", range(10, 20))), "depth")
    assert [s["place"] for s in settings] == pytest.approx(np.linspace(0, 1, 10), abs=1e-4)


def test_a_word_has_the_place_of_its_option():
    described, settings = parameter(CommandCenter(sweep("kind", ["sgd", "adam", "sgd"])), "kind")
    assert (described["kind"], described["options"]) == ("words", ["adam", "sgd"])
    assert [s["place"] for s in settings] == [1, 0, 1]


def test_a_hyperparameter_that_does_not_apply_reads_as_a_dash():
    runs = [run({"learning rate": 0.1, "momentum": 0.9}), run(), *sweep("momentum", [None])]
    described, settings = parameter(CommandCenter(runs), "momentum")
    assert described["options"] == ["0.9", "–"]
    assert [(s["text"], s["option"], s["place"]) for s in settings] == [
        ("0.9", 0, 0),
        ("–", 1, None),
        ("–", 1, None),
    ]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_curve_ends_where_it_diverges(bad):
    curve = CommandCenter([run(losses=(2.0, bad, 1.0))]).runs[0]["curves"][0]
    assert (curve["values"], curve["diverged"]) == ([2.0], True)


def test_values_keep_four_digits_and_equal_steps_are_stored_once():
    center = CommandCenter([run(losses=(1.234567, 0.00123456, 0.1)), run()])
    assert center.runs[0]["curves"][0]["values"] == [1.235, 0.001235, 0.1]
    assert center.steps == [[0, 10, 20]]


def test_forty_runs_are_light():
    generator = np.random.default_rng(0)
    steps = np.arange(60) * 50
    runs = [
        RunCurves(
            {"learning rate": 10 ** generator.uniform(-4, 0), "width": 64},
            {f"{name} loss": (steps, generator.random(60)) for name in ("training", "a", "b")},
        )
        for _ in range(40)
    ]
    state = CommandCenter(runs, metric="training loss").get_state()
    state = {key: value for key, value in state.items() if key not in ("_esm", "_css")}
    assert len(json.dumps(state)) < 150_000


def test_the_state_survives_json_and_repr_is_short():
    center = CommandCenter([run()])
    state = json.loads(json.dumps(center.get_state(), allow_nan=False))
    assert (state["filters"], state["selected"], state["color"]) == ({}, None, "learning rate")
    assert repr(center).startswith("CommandCenter('Which runs would you stop?', 1 runs, 1 hyper")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: CommandCenter([]), ValueError, f"1 to {MAX_RUNS} runs; got 0"),
        (lambda: CommandCenter([run()] * 201), ValueError, f"1 to {MAX_RUNS} runs; got 201"),
        (lambda: CommandCenter([{}]), TypeError, "run 1 is a dict"),
        (lambda: CommandCenter([run()], color="width"), ValueError, "got 'width', and run 1 has"),
        (lambda: CommandCenter([run(), run({"a": 1})]), ValueError, "run 2 has a"),
        (lambda: CommandCenter([run()], metric="speed"), ValueError, "one of .*; got 'speed'"),
        (
            lambda: CommandCenter([run(), RunCurves({"learning rate": 1}, {"b": ([0], [1])})]),
            ValueError,
            "same metrics; .* run 2 has b",
        ),
        (lambda: run(losses=(1.0,)), ValueError, "equally many; got 3 and 1"),
        (lambda: run(steps=(0, 10, 10)), ValueError, "must increase; got 10 after 10"),
        (lambda: run(steps=(0, 1, math.nan)), ValueError, "must increase; got nan after 1"),
        (
            lambda: run(steps=range(401), losses=[1] * 401),
            ValueError,
            f"1 to {MAX_POINTS} points; got 401",
        ),
        (lambda: run({"learning rate": [1]}), TypeError, "a number, a string or None; got list"),
        (lambda: run({"learning rate": math.inf}), ValueError, "must be finite; got inf"),
        (lambda: RunCurves({}, {}), ValueError, "at least one curve"),
        (lambda: RunCurves({}, {"loss": 3}), TypeError, "a pair"),
    ],
)
def test_what_cannot_be_used_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
