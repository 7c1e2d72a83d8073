import pytest
import torch
from torch import nn

from lib.training.stopping import BestSnapshot


@pytest.fixture
def net():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def change_(net):
    """Move parameters and buffers, as an epoch of training would."""
    net.train()
    g = torch.Generator().manual_seed(len(list(net.parameters())))
    net(torch.randn(8, 2, generator=g))
    with torch.no_grad():
        for p in net.parameters():
            p.add_(torch.randn(p.shape, generator=g))


def copy_of(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def test_the_restored_weights_and_buffers_are_exactly_the_best_ones(net):
    snapshot, states = BestSnapshot(), []
    for step, value in enumerate([0.3, 0.9, 0.7, 0.8]):
        change_(net)
        states.append(copy_of(net))
        assert snapshot(step, {"validation": value}, net) is False
    snapshot.restore_(net)
    assert (snapshot.best, snapshot.best_step) == (0.9, 1)
    for name, value in net.state_dict().items():
        assert torch.equal(value, states[1][name])
        assert torch.equal(value, states[3][name]) is False


def test_the_first_of_equal_bests_is_kept(net):
    snapshot = BestSnapshot()
    for step in range(3):
        snapshot(step, {"validation": 0.5}, net)
    assert snapshot.best_step == 0


def test_training_stops_when_the_best_is_patience_evaluations_old(net):
    snapshot = BestSnapshot(patience=2)
    values = [0.1, 0.5, 0.4, 0.6, 0.6, 0.5]
    stops = [snapshot(step, {"validation": value}, net) for step, value in enumerate(values)]
    assert stops == [False, False, False, False, False, True]


def test_a_metric_that_is_not_a_number_is_never_the_best(net):
    snapshot = BestSnapshot()
    snapshot(0, {"validation": 0.2}, net)
    snapshot(1, {"validation": float("nan")}, net)
    assert snapshot.best_step == 0


def test_mistakes_are_named(net):
    with pytest.raises(ValueError, match="at least 1 evaluation; got 0"):
        BestSnapshot(patience=0)
    with pytest.raises(KeyError, match="no metric 'validation' to watch; there are loss, test"):
        BestSnapshot()(0, {"loss": 1.0, "test": 0.5}, net)
    with pytest.raises(RuntimeError, match="no evaluation has had a validation yet"):
        BestSnapshot().restore_(net)
