import numpy as np
import pytest
import torch

from chapters.regularization import figures
from lib import plotting
from lib.plotting.style import PART_COLORS
from lib.training import History


def test_each_part_of_the_data_has_its_color_in_every_chapter():
    _, ax = plotting.figure()
    curves = {"train": np.array([[10.0, 90.0]]), "test": np.array([[10.0, 50.0]])}
    figures.plot_accuracy_over_updates(ax, [0, 100], curves)
    assert [line.get_color() for line in ax.lines] == [PART_COLORS["train"], PART_COLORS["test"]]
    assert ax.get_xlabel() == "updates"


def weights(scale):
    return scale * torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def frame(scale=0.1, title="L2"):
    return figures.weights_figure(
        weights(scale), title=title, limit=0.2, classes=("a", "b", "c"), shown=(0, 2)
    )


def test_the_histogram_counts_every_weight_even_beyond_its_ends():
    histogram = frame(scale=10).axes[0]
    assert sum(bar.get_height() for bar in histogram.patches) == weights(1).numel()


def test_the_chosen_classes_are_drawn_with_their_names():
    titles = [ax.get_title(loc="left") for ax in frame().axes[1].child_axes]
    assert titles == ["a", "c"]


def test_weights_of_zero_are_gray():
    picture = frame(scale=0.0).axes[1].child_axes[0].images[0].get_array()
    assert np.allclose(picture, 0.5)


def test_each_pooling_window_is_drawn_where_it_begins():
    _, ax = plotting.figure()
    figures.plot_pool_regions(ax, torch.tensor([0, 3]), torch.tensor([1]), 5)
    assert [patch.get_xy() for patch in ax.patches] == [(1, 0), (1, 3)]


def test_pairs_fill_the_lower_triangle_and_singles_its_diagonal():
    _, ax = plotting.figure()
    gains = np.array([[2.0, -3.4], [-3.4, 0.4]])
    figures.plot_pair_gains(ax, gains, ["L2", "mixup"])
    assert [text.get_text() for text in ax.texts] == ["+2", "−3", "0"]
    drawn = ax.images[0].get_array()
    assert drawn[1, 0] == pytest.approx(-3.4)
    assert np.ma.getmaskarray(drawn)[0, 1] or np.isnan(drawn[0, 1])


def history(validation, test):
    metrics = {"validation": torch.tensor(validation), "test": torch.tensor(test)}
    steps = [10 * i for i in range(len(validation))]
    return History(torch.zeros(steps[-1]), metrics, steps)


CURVES = history([10.0, 30.0, 20.0, 25.0, 40.0, 35.0], [11.0, 31.0, 21.0, 26.0, 41.0, 36.0])


def test_the_figure_marks_where_training_stops_and_what_it_keeps():
    ax = figures.patience_figure(CURVES, 2, title="patience 2").axes[0]
    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert list(dashed[0].get_xdata()) == [30, 30]
    kept = [line for line in ax.lines if line.get_markersize() == 11]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in kept] == [(10, 30), (10, 31)]


def test_the_description_says_the_same():
    text = figures.describe_patience(CURVES, 2)
    assert "training stops at 30" in text
    assert "update 10, with 31%" in text
    assert "runs to its end" in figures.describe_patience(CURVES, 9)


@pytest.mark.parametrize(("patience", "stop", "best"), [(1, 2, 1), (2, 3, 1), (3, 5, 4), (9, 5, 4)])
def test_the_stopping_point_is_where_the_best_is_patience_evaluations_old(patience, stop, best):
    validation = [10.0, 30.0, 20.0, 25.0, 40.0, 35.0]
    assert figures.stopping_point(validation, patience) == (stop, best)


@pytest.mark.parametrize(
    ("validation", "expected"),
    [
        ([np.nan, 40.0, 60.0, 55.0, 50.0, 45.0], (4, 2)),
        ([40.0, np.nan, 60.0, np.nan, 60.0, 70.0], (4, 2)),
        ([50.0, 50.0, 50.0, 60.0], (2, 0)),
    ],
)
def test_the_best_is_a_number_and_the_first_of_equals(validation, expected):
    assert figures.stopping_point(validation, 2) == expected


def test_a_training_without_a_number_has_no_best():
    with pytest.raises(ValueError, match=r"accuracy that is a number; got \[nan, nan\]"):
        figures.stopping_point([np.nan, np.nan], 5)


def test_a_snapshot_has_a_ring_on_each_line(ax):
    parts = figures.plot_snapshot(ax, CURVES, 4)
    assert {name: values[4] for name, values in parts.items()} == {"validation": 40, "test": 41}
    rings = [line for line in ax.lines if line.get_markersize() == 11]
    assert [(ring.get_xdata()[0], ring.get_ydata()[0]) for ring in rings] == [(40, 40), (40, 41)]
