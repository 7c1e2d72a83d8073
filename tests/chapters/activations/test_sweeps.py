import numpy as np
import pytest
import torch

from chapters.activations.sweeps import Sweep, dead_units, learning_rate_sweep
from lib import runtime
from lib.activations import ACTIVATIONS
from lib.models import MLP, stack
from tests.problems import three_classes

RUN = runtime.start("quick", device="cpu")


@pytest.fixture
def parts():
    return three_classes()


def sweep(parts, **options):
    defaults = {
        "rates": (0.01, 0.1, 1e10),
        "seeds": (0, 1),
        "steps": 60,
        "hidden": [8],
        "batch_size": 10,
    }
    return learning_rate_sweep("relu", *parts, run=RUN, progress=False, **(defaults | options))


def test_every_measurement_has_an_entry_per_seed_and_rate(parts):
    result = sweep(parts, points=20)
    assert result.rates == (0.01, 0.1, 1e10)
    assert result.accuracy.shape == result.dead.shape == (2, 3)
    assert result.loss.shape == (20, 2, 3)
    assert result.steps[0] == 3
    assert result.steps[-1] == 60


def test_a_good_rate_learns_and_an_absurd_one_diverges(parts):
    result = sweep(parts)
    assert (result.accuracy[:, 1] > 90).all()
    assert np.isnan(result.accuracy[:, 2]).all()
    assert np.isnan(result.dead[:, 2]).all()
    assert result.best_rate() in (0, 1)


def test_runs_of_one_seed_differ_in_their_rate_alone(parts):
    alone = sweep(parts, rates=(0.1,))
    together = sweep(parts)
    np.testing.assert_allclose(together.loss[:, :, 1], alone.loss[:, :, 0], rtol=1e-4)


def test_a_seed_repeats_whatever_its_company(parts):
    alone = sweep(parts, rates=(0.1,), seeds=[1])
    together = sweep(parts, rates=(0.1,), seeds=[0, 1])
    np.testing.assert_allclose(together.loss[:, 1], alone.loss[:, 0], rtol=1e-4)


def test_seeds_differ(parts):
    result = sweep(parts, rates=(0.1,))
    assert not np.allclose(result.loss[:, 0], result.loss[:, 1])


def test_the_best_rate_counts_divergence_as_the_worst():
    empty = np.zeros((0,))
    validation = np.array([[50.0, 99.0], [50.0, np.nan]])
    best = Sweep((0.1, 0.2), validation, validation, empty, empty)
    assert best.best_rate() == 0


def test_the_loss_curve_needs_whole_averages(parts):
    with pytest.raises(ValueError, match="steps must be a multiple of points=7; got 60"):
        sweep(parts, points=7)


def test_dead_units_are_averaged_over_layers(parts):
    net = MLP(4, [8, 8], 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        net.biases[0].fill_(1e6)  # the first layer is always on,
        net.weights[1].zero_()
        net.biases[1].fill_(-1)  # the second never
    assert dead_units(stack([net]), parts[0]).tolist() == [0.5]


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_every_activation_can_be_swept(parts, activation):
    result = learning_rate_sweep(
        activation, *parts, run=RUN, rates=(0.05,), seeds=[4], steps=30, hidden=[8], batch_size=10,
        progress=False,
    )  # fmt: skip
    assert result.loss[-1, 0, 0] < result.loss[0, 0, 0]
