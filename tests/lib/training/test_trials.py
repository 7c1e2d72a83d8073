from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from lib import runtime
from lib.datasets.images import ImageDataset
from lib.training import Trial, run_trial, run_trials


@pytest.fixture(scope="module")
def run():
    return runtime.Run("quick", seed=0, device=torch.device("cpu"), threads=1)


def make_blinks(count, seed):
    """Two classes: bright above or bright below."""
    g = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 3, 16, 16, generator=g) * 0.5
    labels = torch.arange(count) % 2
    images[labels == 0, :, :8] += 0.5
    images[labels == 1, :, 8:] += 0.5
    return ImageDataset(images, labels, ("above", "below"))


@pytest.fixture(scope="module")
def train():
    return make_blinks(64, 0)


@pytest.fixture(scope="module")
def test():
    return make_blinks(40, 1)


def add_noise(images, labels, generator):
    noise = torch.randn(images.shape, generator=generator)
    return images + 0.1 * noise.to(images.device), labels


def test_the_network_learns_and_is_measured_on_every_part(run, train, test):
    (outcome,) = run_trials([Trial(0, 40)], train, {"train": train, "test": test}, run=run)
    assert outcome.accuracy == {"train": 100.0, "test": 100.0}
    assert outcome.history.loss.shape == (40,)
    assert outcome.history.loss[-5:].mean() < 0.3 * outcome.history.loss[:5].mean()
    assert outcome.seconds > 0
    assert outcome.model is None


def test_outcomes_come_in_order_and_do_not_depend_on_the_workers(run, train, test, monkeypatch):
    trials = [Trial(seed, 6, transform=add_noise) for seed in range(3)]
    spread = run_trials(trials, train, {"test": test}, run=run)
    monkeypatch.setattr("lib.workers.MAX_WORKERS", 1)
    alone = run_trials(trials, train, {"test": test}, run=run)
    here = [run_trial(trial, train, {"test": test}, run) for trial in trials]
    for a, b, c in zip(spread, alone, here, strict=True):
        assert torch.equal(a.history.loss, b.history.loss)
        torch.testing.assert_close(a.history.loss, c.history.loss)
    assert not torch.equal(spread[0].history.loss, spread[1].history.loss)


def test_functions_made_on_the_spot_travel_to_the_workers(run, train, test):
    flip = Trial(0, 3, transform=lambda images, labels, generator: (images.flip(2), labels))
    plain = Trial(0, 3)
    flipped, straight = run_trials([flip, plain], train, {"test": test}, run=run)
    assert not torch.equal(flipped.history.loss, straight.history.loss)


def test_seeds_pair_networks_that_differ_in_their_regularizer_alone(run, train, test):
    # A rate this small leaves the weights where they started.
    trials = [Trial(0, 1, lr=1e-12), Trial(0, 1, lr=1e-12, network={"dropout": 0.5})]
    outcomes = run_trials(trials, train, {"test": test}, run=run, keep_models=True)
    one, other = (outcome.model.state_dict() for outcome in outcomes)
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name])


def test_the_best_snapshot_is_the_one_that_is_measured(run, train, test):
    trial = Trial(0, 30, lr=0.5, evaluate_every=3, keep_best="test")
    outcome = run_trial(trial, train, {"test": test}, run)
    curve = outcome.history.metrics["test"]
    assert len(curve) == 11
    assert outcome.accuracy["test"] == pytest.approx(curve.max().item())


def test_another_model_and_a_layer_in_front_are_used(run, train, test):
    class Half(nn.Module):
        def forward(self, images):
            return images / 2

    trial = Trial(
        0, 2, preprocess=Half(),
        model=lambda g: nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2)),
    )  # fmt: skip
    (outcome,) = run_trials([trial], train, {"test": test}, run=run, keep_models=True)
    assert len(outcome.model) == 2
    assert type(outcome.model[0]).__name__ == "Half"


def test_loss_penalty_and_optimizer_are_those_of_the_trial(run, train, test):
    def l2(model):
        return sum((p**2).sum() for p in model.parameters() if p.ndim > 1)

    trial = Trial(
        0, 3, lr=1e-3, loss=functional.multi_margin_loss, penalty=l2,
        optimizer=lambda params, lr, decay_steps: torch.optim.Adam(params, lr=lr),
    )  # fmt: skip
    outcome = run_trial(trial, train, {"test": test}, run)
    other = run_trial(Trial(0, 3, loss=functional.multi_margin_loss), train, {"test": test}, run)
    assert torch.equal(outcome.history.loss[:1], other.history.loss[:1])
    assert not torch.equal(outcome.history.loss[1:], other.history.loss[1:])


def test_a_network_that_diverges_counts_as_a_guesser(run, train, test):
    (outcome,) = run_trials([Trial(0, 8, lr=1e9)], train, {"test": test}, run=run)
    assert outcome.accuracy["test"] == 50.0


def test_a_layer_in_front_is_copied_for_each_trial(run, train, test):
    layer = nn.BatchNorm2d(3)
    twins = [run_trial(Trial(0, 5, preprocess=layer), train, {}, run) for _ in range(2)]
    assert torch.equal(twins[0].history.loss, twins[1].history.loss)
    assert layer.num_batches_tracked == 0


def test_a_snapshot_that_cannot_be_kept_is_named(run, train, test):
    with pytest.raises(ValueError, match="keep_best must be one of test; got 'validation'"):
        run_trials([Trial(0, 1, keep_best="validation")], train, {"test": test}, run=run)
    with pytest.raises(ValueError, match="keep_best needs evaluate_every"):
        run_trials([Trial(0, 1, keep_best="test")], train, {"test": test}, run=run)


def test_no_trials_is_an_error(run, train, test):
    with pytest.raises(ValueError, match="at least one trial"):
        run_trials([], train, {"test": test}, run=run)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_trains_alike(run, train, test):
    there = runtime.Run("quick", seed=0, device=torch.device("cuda"), threads=1)
    make = partial(run_trials, [Trial(0, 10)], train, {"test": test})
    (here_outcome,), (there_outcome,) = make(run=run), make(run=there)
    assert there_outcome.history.loss.device.type == "cpu"
    torch.testing.assert_close(
        there_outcome.history.loss, here_outcome.history.loss, atol=1e-2, rtol=1e-2
    )
