from dataclasses import replace

import pytest
import torch

from chapters.hyperparameters.recipe import train_all, train_setup
from chapters.hyperparameters.ward import healthy
from lib import runtime

RUN = runtime.start("quick", device="cpu")


@pytest.fixture(scope="module")
def setup():
    """A perceptron that learns digits."""
    return healthy(RUN)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_the_same_setup_gives_the_same_numbers_twice(setup):
    noisy = replace(setup, transform=lambda x, g: x + 0.1 * torch.randn(x.shape, generator=g))
    (first, one), (again, two) = (train_setup(noisy, steps=5) for _ in range(2))
    assert torch.equal(one.loss, two.loss)
    assert torch.equal(weights(first), weights(again))
    assert torch.equal(one.metrics["validation"], two.metrics["validation"])


def test_seeds_differ(setup):
    other = replace(setup, seed=1)
    assert not torch.equal(weights(setup.model()), weights(other.model()))


def test_a_rate_given_replaces_that_of_the_setup(setup):
    given = train_setup(setup, steps=3, lr=0.01)[1].loss
    assert torch.equal(given, train_setup(replace(setup, lr=0.01), steps=3)[1].loss)
    assert not torch.equal(given, train_setup(setup, steps=3)[1].loss)


def test_accuracies_are_in_percent_before_and_after(setup):
    model, history = train_setup(setup, steps=4, evaluate_every=2)
    assert history.evaluated_at == [0, 2, 4]
    assert set(history.metrics) == {"train", "validation"}
    for name, part in (("train", setup.train), ("validation", setup.validation)):
        right = (model(part.images).argmax(dim=-1) == part.labels).double().mean()
        assert float(history.metrics[name][-1]) == pytest.approx(100 * float(right))


def test_a_part_replaces_the_training_part(setup):
    part = setup.train.subset(slice(0, 32))
    _, history = train_setup(setup, steps=2, part=part)
    first = torch.nn.functional.cross_entropy(setup.model()(part.images), part.labels)
    assert float(history.loss[0]) == pytest.approx(first.item(), rel=1e-4)


def test_the_transform_is_for_training_and_the_test_transform_for_evaluation(setup):
    shapes = {"train": [], "test": []}

    def watch(name):
        return lambda images, generator: shapes[name].append(len(images)) or images

    watched = replace(setup, transform=watch("train"), test_transform=watch("test"))
    train_setup(watched, steps=3)
    assert shapes["train"] == [setup.batch_size] * 3
    assert shapes["test"] == 2 * [len(setup.train), len(setup.validation)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": 0.0}, "lr must be positive; got 0.0"),
        ({"lr": float("nan")}, "lr must be positive; got nan"),
        ({"batch_size": 0}, "batch_size must be from 1 to 600 images; got 0"),
        ({"batch_size": 601}, "batch_size must be from 1 to 600 images; got 601"),
    ],
)
def test_what_cannot_be_set_up_is_named(setup, changes, message):
    with pytest.raises(ValueError, match=message):
        replace(setup, **changes)


def test_both_parts_need_the_same_classes(setup):
    fewer = replace(
        setup.validation, labels=setup.validation.labels % 9, classes=tuple("012345678")
    )
    with pytest.raises(ValueError, match="training and validation have 10 and 9 classes"):
        replace(setup, validation=fewer)


def test_a_training_needs_steps_and_a_whole_batch(setup):
    with pytest.raises(ValueError, match="steps must be at least 1; got 0"):
        train_setup(setup, steps=0)
    with pytest.raises(ValueError, match="batch_size must be from 1 to 8"):
        train_setup(setup, steps=1, part=setup.train.subset(slice(0, 8)))


def test_many_setups_train_as_each_does_alone_and_in_order(setup):
    setups = [replace(setup, lr=0.01), replace(setup, transform=lambda x, g: x / 2)]
    histories = train_all(setups, steps=3, evaluate_every=2)
    for one, history in zip(setups, histories, strict=True):
        _, alone = train_setup(one, steps=3, evaluate_every=2)
        assert history.evaluated_at == alone.evaluated_at
        torch.testing.assert_close(history.loss, alone.loss)
        torch.testing.assert_close(history.metrics, alone.metrics)


def test_training_many_leaves_the_number_of_threads_as_it_was(setup):
    torch.set_num_threads(2)
    try:
        train_all([setup], steps=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
