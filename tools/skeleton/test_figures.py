import pytest
import torch

from chapters.skeleton import figures
from chapters.skeleton.experiments import Averages


def test_the_measured_noise_stands_beside_the_formula():
    found = Averages((1, 4), torch.tensor([[1.0, 0.5], [1.2, 0.4]]))
    formula, measured = figures.noise_figure(found).axes[0].lines
    assert formula.get_ydata().tolist() == [1.0, 0.5]
    assert measured.get_ydata().tolist() == pytest.approx([1.1, 0.45])


def test_more_measurements_make_narrower_curves():
    def width(n):
        left = figures.two_means_figure(n, 1.0).axes[0].collections[0]
        heights = left.get_paths()[0].vertices
        high = heights[heights[:, 1] > 0.5]
        return high[:, 0].max() - high[:, 0].min()

    assert width(1) > 3 * width(16)
