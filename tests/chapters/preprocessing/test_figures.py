import numpy as np
import pytest
import torch

from chapters.preprocessing import figures
from chapters.preprocessing.figures import plot_loss_contours, plot_whitened_spectrum
from lib import plotting

CROSS = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])  # H = diag(2, 1/2)


def test_zero_is_middle_gray_and_the_limit_black_and_white():
    shown = figures.signed_picture(torch.tensor([0.0, -2.0, 2.0, 5.0]), limit=2)
    assert shown.tolist() == [0.5, 0, 1, 1]


def test_the_limit_is_that_of_nearly_all_values():
    values = torch.cat([torch.ones(99), torch.tensor([100.0])])
    assert figures.signed_picture(values)[0] == 1
    assert figures.signed_picture(torch.zeros(3)).tolist() == [0.5] * 3


def test_the_condition_number_is_the_ratio_of_curvatures():
    assert figures.condition_number(CROSS) == pytest.approx(4)


def test_the_contours_are_those_of_the_loss():
    _, ax = plotting.figure()
    plot_loss_contours(ax, torch.diag(torch.tensor([2.0, 0.5])), torch.zeros(1, 2), limit=1)
    line = max(ax.collections[0].get_paths(), key=lambda path: len(path.vertices)).vertices
    loss = (2 * line[:, 0] ** 2 + 0.5 * line[:, 1] ** 2) / 2
    assert np.ptp(loss) < 0.02


def test_descent_reaches_the_minimum_of_a_round_loss_in_one_step():
    fig = figures.cloud_figure(CROSS / torch.tensor([2.0, 1.0]), step="whitened")
    path = next(line for line in fig.axes[1].lines if len(line.get_xdata()) == 16)
    assert path.get_xdata()[1] == pytest.approx(0, abs=1e-6)
    assert fig.axes[0].get_title(loc="left") == "whitened"


def test_a_description_gives_center_and_condition_number():
    words = figures.describe_cloud(CROSS + torch.tensor([3.0, 0.0]), step="original")
    assert words.startswith("original: a cloud of points around (3.0, 0.0)")
    assert "condition number 22" in words  # (9 + 2) / 0.5


def test_a_spectrum_ends_where_directions_are_dropped():
    _, ax = plotting.figure()
    plot_whitened_spectrum(ax, torch.tensor([4.0, 2.0, 1.0]), torch.ones(2), epsilon=0.1)
    assert ax.lines[1].get_xdata().tolist() == [1, 2]
    assert ax.lines[2].get_xdata()[0] == 2


def test_frames_of_patches_have_axes_that_do_not_move():
    images, variances = torch.rand(5, 3, 6, 6), torch.tensor([4.0, 2.0, 1.0])
    drawn = [
        figures.patches_figure(images, s * (images - 0.5), variances, s * variances[:2], epsilon=s)
        for s in (0.01, 1.0)
    ]
    places = [[ax.get_position().extents.tolist() for ax in fig.axes] for fig in drawn]
    assert places[0] == places[1]


def test_accuracy_by_rate_has_a_line_for_each_preprocessing_in_its_color():
    _, axes = plotting.figure(1, 2)
    seen = np.array([[10.0, 30.0], [12.0, 34.0]])
    curves = {"0 to 255": ([1e-6, 1e-5], seen), "0 to 1": ([1, 2], seen)}
    figures.plot_accuracy_by_rate(axes, curves)
    for (line,), name in zip((ax.lines for ax in axes), curves, strict=True):
        assert line.get_label() == name
        assert line.get_color() == figures.PREPROCESSING_COLORS[name]
        assert line.get_ydata().tolist() == [11, 32]
