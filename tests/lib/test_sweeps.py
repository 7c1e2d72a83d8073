import numpy as np
import pytest
import torch

from lib import runtime
from lib.activations import ACTIVATIONS
from lib.models import MLP, stack
from lib.sweeps import (
    Part,
    Settings,
    Sweep,
    dead_units,
    evaluate,
    learning_rate_sweep,
    train_together,
)
from lib.training import SGD, fit, minibatches

RUN = runtime.start("quick", device="cpu")


@pytest.fixture
def parts():
    """Two parts of a problem with three well separated classes in four dimensions."""
    g = torch.Generator().manual_seed(0)
    centers = 4 * torch.eye(3, 4)
    labels = torch.arange(90) % 3
    features = centers[labels] + torch.randn(90, 4, generator=g)
    return [Part(features[i : i + 60], labels[i : i + 60]) for i in (0, 60)]


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


def test_evaluation_in_batches_is_evaluation_at_once(parts):
    nets = [MLP(4, [8], 3, generator=torch.Generator().manual_seed(s)) for s in range(2)]
    stacked = stack(nets)
    at_once = evaluate(stacked, parts[0], batch_size=1000)
    torch.testing.assert_close(evaluate(stacked, parts[0], batch_size=7), at_once)


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


def together(settings, part, **options):
    return train_together(
        settings, part, **({"steps": 20, "run": RUN, "hidden": [8], "batch_size": 10} | options)
    )


def assert_copies_equal(stacked, i, other, j=0):
    for ours, theirs in zip(stacked.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours[i], theirs[j], rtol=1e-5, atol=1e-5)


MIXED = [
    Settings(0.1),
    Settings(0.05, weight_decay=0.1),
    Settings(0.1, scale=3.0),
    Settings(0.02, weight_decay=0.01, scale=0.5, seed=1),
]


def test_each_copy_of_a_stack_is_the_network_that_plain_training_gives(parts):
    train = parts[0]
    stacked = together(MIXED, train)
    for i, s in enumerate(MIXED):
        alone = MLP(4, [8], 3, generator=RUN.generator("init", s.seed))
        with torch.no_grad():
            for weight in alone.weights:
                weight.mul_(s.scale)
        decay = s.weight_decay
        fit(
            alone,
            train.features,
            train.labels,
            optimizer=SGD(alone.parameters(), lr=s.lr, momentum=0.9, decay_steps=20),
            batches=minibatches(60, 10, 20, [RUN.generator("order", s.seed)]),
            penalty=lambda m, decay=decay: decay / 2 * sum(
                p.square().sum() for p in m.parameters()
            ),
        )  # fmt: skip
        assert_copies_equal(stacked, i, stack([alone]))


def test_a_copy_trains_the_same_whatever_its_company(parts):
    stacked = together(MIXED, parts[0])
    for i, settings in enumerate(MIXED):
        assert_copies_equal(stacked, i, together([settings], parts[0]))


def test_a_network_that_diverges_does_not_disturb_the_others(parts):
    absurd = Settings(1e10, weight_decay=1.0)
    stacked = together([MIXED[0], absurd, MIXED[3]], parts[0])
    assert torch.isnan(evaluate(stacked, parts[1])[1])
    assert_copies_equal(stacked, 0, together([MIXED[0]], parts[0]))
    assert_copies_equal(stacked, 2, together([MIXED[3]], parts[0]))


def test_weight_decay_shrinks_the_weights(parts):
    model = together([Settings(0.05, weight_decay=d) for d in (0.0, 0.1, 1.0)], parts[0])
    none, some, much = sum(p.detach().square().sum(dim=(1, 2)) for p in model.weights).tolist()
    assert none > some > much


def test_a_network_sees_its_own_rows_and_no_others(parts):
    train = parts[0]
    rows = torch.arange(0, 60, 2)
    labels = train.labels.clone()
    labels[1::2] = (labels[1::2] + 1) % 3
    changed = Part(train.features, labels)
    settings = [Settings(0.1, rows=rows), Settings(0.1, rows=rows + 1)]
    before, after = together(settings, train), together(settings, changed)
    assert_copies_equal(before, 0, after, 0)
    assert not torch.allclose(before.weights[0][1], after.weights[0][1], atol=1e-3)


def test_rows_are_trained_on_like_a_part_of_their_own(parts):
    train = parts[0]
    rows = torch.arange(5, 45)
    own = Part(train.features[rows], train.labels[rows])
    by_rows = together([Settings(0.1, rows=rows)], train)
    assert_copies_equal(by_rows, 0, together([Settings(0.1)], own))


def test_all_networks_need_as_many_rows(parts):
    settings = [Settings(0.1, rows=torch.arange(20)), Settings(0.1, rows=torch.arange(30))]
    with pytest.raises(ValueError, match=r"all settings need as many rows; got \[20, 30\]"):
        together(settings, parts[0])


def test_a_stack_needs_settings_and_a_batch_that_its_rows_can_fill(parts):
    with pytest.raises(ValueError, match="at least one model; got none"):
        together([], parts[0])
    with pytest.raises(ValueError, match="batch_size must be from 1 to 5"):
        together([Settings(0.1, rows=torch.arange(5))], parts[0])
