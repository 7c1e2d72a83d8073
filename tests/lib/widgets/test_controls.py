import numpy as np
import pytest

from lib.widgets.controls import Control, find_position, grid, make_controls, show_value


def test_numbers_become_a_slider_and_strings_a_list_of_choices():
    slider = Control([1, 2.5]).describe("weight_decay")
    assert slider == {
        "name": "weight_decay",
        "kind": "slider",
        "label": "Weight decay",
        "texts": ["1", "2.5"],
    }
    assert Control(["He", "Glorot"]).describe("init")["kind"] == "choice"


def test_the_author_chooses_label_and_text():
    control = Control([1e-3, 1e-2], label="Learning rate η", show="{:.3f}".format)
    described = control.describe("lr")
    assert described["label"] == "Learning rate η"
    assert described["texts"] == ["0.001", "0.010"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.5, "−0.5"), (10, "10"), (0.001, "0.001"), (1 / 3, "0.333333"), ("re-lu", "re-lu")],
)
def test_values_are_shown_as_plain_text(value, text):
    assert show_value(value) == text


def test_numpy_values_are_numbers():
    assert Control(np.array([1, 2])).describe("depth")["texts"] == ["1", "2"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least one value"),
        ([1, "a"], "all finite numbers or all strings"),
        ([True, False], "all finite numbers or all strings"),
        ([1, float("nan")], "all finite numbers or all strings"),
        ([1, 2, 1.0], "differ"),
    ],
)
def test_values_no_control_can_hold_are_refused_by_name(values, message):
    with pytest.raises(ValueError, match=f"depth: .*{message}"):
        make_controls({"depth": values})


def test_values_that_read_the_same_are_refused():
    with pytest.raises(ValueError, match=r"values of lr must not look alike.*'0', '0'"):
        Control([0.1, 0.2], show="{:.0f}".format).describe("lr")


@pytest.mark.parametrize("parameters", [{}, {name: [1] for name in "abcd"}])
def test_an_explorer_takes_one_to_three_parameters(parameters):
    with pytest.raises(ValueError, match="1 to 3 parameters"):
        make_controls(parameters)


@pytest.mark.parametrize("values", ["relu", 3])
def test_a_parameter_that_is_no_sequence_is_an_error(values):
    with pytest.raises(TypeError, match="activation must be a Control or a sequence"):
        make_controls({"activation": values})


def test_the_last_control_varies_fastest():
    controls = make_controls({"depth": [1, 2], "activation": ["a", "b"]})
    assert [tuple(point.values()) for point in grid(controls)] == [
        (1, "a"),
        (1, "b"),
        (2, "a"),
        (2, "b"),
    ]


def test_a_point_is_found_and_what_it_leaves_out_stands_first():
    controls = make_controls({"depth": [1, 2, 4], "activation": ["a", "b"]})
    assert find_position(controls, {"depth": 4}) == [2, 0]
    assert find_position(controls, {"activation": "b"}) == [0, 1]


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"width": 3}, "'width'; the parameters are depth"),
        ({"depth": 3}, r"start\['depth'\] must be one of 1, 2; got 3"),
    ],
)
def test_a_point_off_the_grid_is_refused(point, message):
    with pytest.raises(ValueError, match=message):
        find_position(make_controls({"depth": [1, 2]}), point)
