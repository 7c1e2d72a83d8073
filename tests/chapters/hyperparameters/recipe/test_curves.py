import numpy as np
import pytest

from chapters.hyperparameters.recipe import curves, moving_average, read_curves


def test_a_moving_average_is_the_mean_of_the_last_values():
    assert moving_average([1, 2, 3, 6], 2).tolist() == [1, 1.5, 2.5, 4.5]


def test_a_moving_average_looks_back_only():
    calm, late = np.ones(10), np.ones(10)
    late[6:] = 100
    np.testing.assert_array_equal(moving_average(late, 4)[:6], moving_average(calm, 4)[:6])
    assert moving_average(late, 4)[6] > 1


def test_a_moving_average_recovers_from_what_is_no_number():
    smooth = moving_average([1, np.nan, 1, 1, 1], 2)
    assert np.isnan(smooth).tolist() == [False, True, True, False, False]


def test_a_window_of_one_changes_nothing():
    assert moving_average([3, 1, 2], 1).tolist() == [3, 1, 2]


def test_a_window_must_hold_a_value():
    with pytest.raises(ValueError, match="window must be at least 1; got 0"):
        moving_average([1.0], 0)


@pytest.mark.parametrize(
    ("train", "validation", "advice"),
    [
        (99, 60, curves.OVERFITTING),
        (75, 60, curves.OVERFITTING),
        (74, 60, ""),
        (60, 58, curves.UNDERFITTING),
        (60, 62, curves.UNDERFITTING),
        (66, 60, ""),
        (99, 97, ""),
        (11, 10, curves.GUESSING),
        (np.nan, np.nan, curves.GUESSING),
        (90, 10, curves.FOREIGN),
    ],
)
def test_the_last_accuracies_decide(train, validation, advice):
    finding = read_curves([10, train], [10, validation], classes=10)
    assert finding.advice == advice
    assert finding.passed == (not advice)


def test_guessing_depends_on_the_number_of_classes():
    assert read_curves([60], [58], classes=2).advice == curves.GUESSING


def test_what_is_a_huge_gap_can_be_chosen():
    assert read_curves([80], [70], classes=10).passed
    assert read_curves([80], [70], classes=10, huge=10).advice == curves.OVERFITTING
    assert read_curves([80], [70], classes=10, none=10).advice == curves.UNDERFITTING


def test_the_peak_is_remembered_even_if_the_end_diverged():
    finding = read_curves([10, 70, np.nan], [10, 65, np.nan], classes=10)
    assert finding.values["peak"] == 65
    assert "best validation accuracy 65.0%" in finding.measured


def test_the_gap_has_a_sign():
    finding = read_curves([60], [62.5], classes=10)
    assert finding.values["gap"] == -2.5
    assert "gap −2.5 points" in finding.measured


@pytest.mark.parametrize(("train", "validation"), [([], []), ([1, 2], [1])])
def test_both_curves_need_the_same_points(train, validation):
    counts = f"got {len(train)} and {len(validation)}"
    with pytest.raises(ValueError, match=f"as many training as validation .*; {counts}"):
        read_curves(train, validation, classes=10)


@pytest.mark.parametrize(
    ("loss", "advice"),
    [(0.05, curves.MEASURED_WRONG), (1.0, curves.UNDERFITTING), (np.nan, curves.UNDERFITTING)],
)
def test_an_accuracy_below_what_the_loss_promises_is_measured_wrong(loss, advice):
    finding = read_curves([40], [38], classes=10, loss=[2.3, *[loss] * 20])
    assert finding.advice == advice
