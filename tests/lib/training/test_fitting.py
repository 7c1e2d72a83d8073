import pytest
import torch
from torch.nn import functional

from lib.models import MLP, stack
from lib.training import (
    SGD,
    DivergedError,
    accuracy,
    fit,
    fitting,
    minibatches,
    predict,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def blobs():
    """Two well separated classes of points in the plane."""
    labels = torch.arange(40) % 2
    points = torch.randn(40, 2, generator=generator()) + 6 * labels[:, None].float() - 3
    return points, labels


def test_a_pass_of_minibatches_visits_every_example_once():
    batches = list(minibatches(12, 4, 6, [generator()]))
    assert [len(batch) for batch in batches] == [4] * 6
    first, second = torch.cat(batches[:3]), torch.cat(batches[3:])
    assert first.sort().values.tolist() == list(range(12))
    assert second.sort().values.tolist() == list(range(12))
    assert first.tolist() != second.tolist()


def test_several_generators_give_a_row_each():
    rows = torch.stack(list(minibatches(12, 4, 3, [generator(1), generator(2)])))
    alone = torch.stack(list(minibatches(12, 4, 3, [generator(2)])))
    assert rows.shape == (3, 2, 4)
    assert torch.equal(rows[:, 1], alone)


@pytest.mark.parametrize("batch_size", [0, 13])
def test_impossible_batch_sizes_are_named(batch_size):
    with pytest.raises(ValueError, match=f"from 1 to 12 examples; got {batch_size}"):
        next(minibatches(12, batch_size, 1, [generator()]))


def train(net, points, labels, *, lr=0.1, steps=60, **options):
    batches = minibatches(len(labels), 10, steps, [generator(5)])
    return fit(
        net, points, labels, optimizer=SGD(net.parameters(), lr=lr), batches=batches, **options
    )


def test_fit_learns_to_separate_two_classes(blobs):
    net = MLP(2, [8], 2, generator=generator())
    history = train(net, *blobs)
    assert history.loss.shape == (60,)
    assert history.loss[-5:].mean() < 0.2 * history.loss[:5].mean()
    assert accuracy(net(blobs[0]), blobs[1]) == 1


def test_fit_does_the_four_steps_that_torch_would(blobs):
    points, labels = blobs
    ours, theirs = (MLP(2, [8], 2, generator=generator()) for _ in range(2))
    train(ours, points, labels, steps=8)
    peer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    for index in minibatches(len(labels), 10, 8, [generator(5)]):
        peer.zero_grad()
        functional.cross_entropy(theirs(points[index]), labels[index]).backward()
        peer.step()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q)


def test_a_stack_trains_as_its_models_would_alone(blobs):
    nets = [MLP(2, [8], 2, generator=generator(s)) for s in range(3)]
    stacked = stack(nets)
    lr = torch.tensor([0.05, 0.1, 0.2])
    history = train(stacked, *blobs, lr=lr, steps=12)
    assert history.loss.shape == (12, 3)
    for i, net in enumerate(nets):
        alone = train(net, *blobs, lr=lr[i].item(), steps=12)
        torch.testing.assert_close(history.loss[:, i], alone.loss, atol=1e-5, rtol=1e-4)


def test_evaluations_come_first_regularly_and_last(blobs):
    net = MLP(2, [8], 2, generator=generator())
    modes = []

    def evaluate(model):
        modes.append((model.training, torch.is_grad_enabled()))
        return {"accuracy": accuracy(model(blobs[0]), blobs[1])}

    history = train(net, *blobs, steps=25, evaluate=evaluate, evaluate_every=10)
    assert history.evaluated_at == [0, 10, 20, 25]
    assert history.metrics["accuracy"].shape == (4,)
    assert set(modes) == {(False, False)}
    assert net.training


def test_metrics_keep_their_precision(blobs):
    net, third = MLP(2, [8], 2, generator=generator()), 1 / 3
    values = {"number": third, "tensor": torch.tensor(third), "wide": torch.tensor(third).double()}
    metrics = train(net, *blobs, steps=1, evaluate=lambda model: values).metrics
    assert metrics["number"].tolist() == [third, third]
    dtypes = [metric.dtype for metric in metrics.values()]
    assert dtypes == [torch.float64, torch.float32, torch.float64]


def test_a_loss_that_is_not_finite_stops_the_training(blobs):
    net = MLP(2, [8, 8], 2, generator=generator())
    with pytest.raises(
        DivergedError, match=r"loss at step \d+ is (nan|inf).*smaller learning rate"
    ):
        train(net, *blobs, lr=1e12)


def test_a_diverged_copy_leaves_the_others_alone(blobs):
    nets = [MLP(2, [8, 8], 2, generator=generator()) for _ in range(2)]
    history = train(stack(nets), *blobs, lr=torch.tensor([1e12, 0.1]), on_divergence="record")
    alone = train(nets[1], *blobs)
    assert not history.loss[-1, 0].isfinite()
    torch.testing.assert_close(history.loss[:, 1], alone.loss, atol=1e-5, rtol=1e-4)


def test_no_batches_give_an_empty_history(blobs):
    net = MLP(2, [8], 2, generator=generator())
    assert len(train(net, *blobs, steps=0).loss) == 0


def test_fit_refuses_what_does_not_fit(blobs):
    points, labels = blobs
    net = MLP(2, [8], 2, generator=generator())
    with pytest.raises(ValueError, match="40 images, but 39 labels"):
        train(net, points, labels[1:])
    with pytest.raises(ValueError, match="'raise' or 'record'; got 'ignore'"):
        train(net, points, labels, on_divergence="ignore")


def test_fit_is_silent_unless_asked(blobs, capfd):
    net = MLP(2, [8], 2, generator=generator())
    train(net, *blobs, steps=5)
    assert capfd.readouterr() == ("", "")
    train(net, *blobs, steps=5, progress="training")
    assert "training" in capfd.readouterr().err


def test_a_penalty_pulls_but_stays_out_of_the_history(blobs):
    free, bound = (MLP(2, [8], 2, generator=generator()) for _ in range(2))
    losses = [
        train(free, *blobs, steps=1).loss,
        train(bound, *blobs, steps=1, penalty=lambda m: 0.5 * (m.weights[0] ** 2).sum()).loss,
    ]
    torch.testing.assert_close(*losses)
    start = MLP(2, [8], 2, generator=generator()).weights[0]
    # One step of rate 0.1 on ½ W² takes 0.1 W off, on top of the data's own step.
    torch.testing.assert_close(bound.weights[0], free.weights[0] - 0.1 * start)


def test_a_transform_makes_what_the_network_learns_from(blobs):
    points, labels = blobs
    seen = []

    def swap(batch, targets):
        seen.append((batch, targets))
        return -batch, functional.one_hot(1 - targets, 2).float()

    net = MLP(2, [8], 2, generator=generator())
    train(net, points, labels, transform=swap)
    assert len(seen) == 60
    assert seen[0][0].shape == (10, 2)
    assert accuracy(net(-points), 1 - labels) == 1


def test_a_stopper_ends_the_training_at_its_evaluation(blobs):
    net = MLP(2, [8], 2, generator=generator())
    calls = []

    def stop_at_20(step, metrics, model):
        calls.append((step, metrics["x"], model is net))
        return step >= 20

    history = train(
        net, *blobs, evaluate=lambda _: {"x": 1.0}, evaluate_every=10, stopper=stop_at_20
    )
    assert calls == [(0, 1.0, True), (10, 1.0, True), (20, 1.0, True)]
    assert len(history.loss) == 20
    assert history.evaluated_at == [0, 10, 20]


def test_a_stopper_needs_something_to_look_at(blobs):
    net = MLP(2, [8], 2, generator=generator())
    with pytest.raises(ValueError, match="got a stopper and no evaluate"):
        train(net, *blobs, stopper=lambda *_: True)


def test_predict_uses_evaluation_mode_and_puts_the_mode_back():
    net = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(3, 2))
    x = torch.randn(7, 3, generator=generator())
    logits = predict(net, x, batch_size=2)
    torch.testing.assert_close(logits, net[1](x).detach())
    assert net.training
    assert not logits.requires_grad


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_trains_alike(blobs):
    points, labels = blobs
    here, there = (MLP(2, [8], 2, generator=generator()) for _ in range(2))
    expected = train(here, points, labels)
    found = train(there.cuda(), points.cuda(), labels.cuda())
    torch.testing.assert_close(found.loss.cpu(), expected.loss, atol=1e-3, rtol=1e-3)


def test_importing_sets_nothing_global():
    state = torch.random.get_rng_state()
    __import__("importlib").reload(fitting)
    assert torch.equal(state, torch.random.get_rng_state())
