from dataclasses import replace
from functools import partial

import pytest
import torch

from chapters.hyperparameters.recipe import (
    check_evaluation,
    check_initial_loss,
    check_overfit,
    find_learning_rate,
    gates,
)
from chapters.hyperparameters.ward import healthy, perceptron
from lib import runtime
from lib.training import SGD

RUN = runtime.start("quick", device="cpu")


@pytest.fixture(scope="module")
def setup():
    """A perceptron that learns digits."""
    return healthy(RUN)


def shuffled(setup):
    order = torch.randperm(len(setup.train), generator=torch.Generator().manual_seed(0))
    return replace(setup, train=replace(setup.train, labels=setup.train.labels[order]))


def shaken(images, generator):
    return images + torch.randn(images.shape, generator=generator)


def test_a_healthy_initial_loss_is_that_of_a_guesser(setup):
    finding = check_initial_loss(setup)
    assert finding.passed
    assert finding.values["expected"] == pytest.approx(2.302585)
    assert "log 10 = 2.30" in finding.measured
    assert not finding.advice


def test_weights_eight_times_too_large_spread_the_logits(setup):
    finding = check_initial_loss(replace(setup, make_model=partial(perceptron, scale=8.0)))
    assert not finding.passed
    assert finding.advice == gates.SPREAD


def test_fresh_weights_that_know_the_answer_are_suspect(setup):
    same = replace(setup.train, labels=torch.zeros_like(setup.train.labels))

    def sure(generator):
        model = perceptron(generator)
        with torch.no_grad():
            model[1].biases[-1][..., 0] = 10
        return model

    finding = check_initial_loss(replace(setup, train=same, make_model=sure))
    assert finding.advice == gates.KNOWING


def test_a_healthy_network_learns_a_sample_by_heart(setup):
    finding = check_overfit(setup, batches=2, steps=80)
    assert finding.passed, finding
    assert "100% of 64 images" in finding.measured
    assert finding.values == {"accuracy": 100, "unmoved": 0}
    assert len(finding.curves["loss"]) == 80


def test_a_transform_does_not_keep_the_sample_from_being_learned(setup):
    plain = check_overfit(setup, steps=5)
    noisy = check_overfit(replace(setup, transform=shaken, test_transform=shaken), steps=5)
    assert noisy.values == plain.values
    assert (noisy.curves["loss"] == plain.curves["loss"]).all()


@pytest.mark.parametrize(
    ("lr", "steps", "advice"),
    [(1e-6, 20, gates.STUCK), (1e3, 20, gates.EXPLODES), (0.05, 12, gates.SLOW)],
)
def test_the_advice_for_a_sample_follows_its_loss(setup, lr, steps, advice):
    finding = check_overfit(replace(setup, lr=lr), steps=steps)
    assert not finding.passed
    assert finding.advice == advice


def test_layers_that_the_optimizer_does_not_hold_are_named(setup):
    def last_layer(model, lr):
        return SGD(list(model.parameters())[-1:], lr=lr)

    finding = check_overfit(replace(setup, make_optimizer=last_layer), steps=3)
    names = [name for name, _ in setup.model().named_parameters()]
    assert not finding.passed
    assert all(name in finding.advice for name in names[:-1])
    assert names[-1] not in finding.advice
    assert finding.values["unmoved"] == len(names) - 1
    assert f"1 of {len(names)} parameter tensors moved" in finding.measured


def test_layers_frozen_on_purpose_are_no_illness(setup):
    def frozen(generator):
        model = perceptron(generator)
        next(model.parameters()).requires_grad_(False)
        return model

    finding = check_overfit(replace(setup, make_model=frozen), steps=3)
    assert finding.values["unmoved"] == 0
    assert "3 of 3" in finding.measured


def test_the_rate_that_lowers_the_loss_most_is_found(setup):
    finding = find_learning_rate(setup, rates=(1e3, 0.1, 1e-5), steps=30)
    assert finding.passed, finding
    assert finding.values["rate"] == 0.1
    assert list(finding.curves) == ["1000", "0.1", "1e-05"]
    assert all(len(curve) == 30 for curve in finding.curves.values())


def test_the_rate_found_is_not_rounded(setup):
    finding = find_learning_rate(setup, rates=(0.0123456789,), steps=2)
    assert finding.values["rate"] == 0.0123456789


def test_no_rate_lowers_the_loss_on_shuffled_labels(setup):
    finding = find_learning_rate(shuffled(setup), rates=(0.1, 0.01), steps=40)
    assert not finding.passed
    assert finding.advice == gates.STUCK


@pytest.mark.parametrize(("rate", "advice"), [(1e-6, gates.STUCK), (1e3, gates.EXPLODES)])
def test_rates_all_too_low_or_all_too_high_are_told_apart(setup, rate, advice):
    finding = find_learning_rate(setup, rates=(rate,), steps=10)
    assert not finding.passed
    assert finding.advice == advice


def test_a_loss_that_is_no_number_is_said_to_have_exploded(setup):
    finding = find_learning_rate(setup, rates=(1e30,), steps=10)
    assert not finding.passed
    assert finding.advice == gates.EXPLODES
    assert "1e+30: exploded" in finding.measured


def test_a_healthy_evaluation_repeats(setup):
    finding = check_evaluation(setup, steps=5)
    assert finding.passed
    assert finding.values["spread"] == 0


def test_noise_at_evaluation_is_found(setup):
    finding = check_evaluation(replace(setup, test_transform=shaken), steps=5)
    assert not finding.passed
    assert finding.values["spread"] > 0
    assert "augmentation" in finding.advice


def test_gates_give_the_same_numbers_twice(setup):
    noisy = replace(setup, transform=shaken, test_transform=shaken)
    for gate in (
        check_initial_loss,
        partial(check_overfit, steps=3),
        partial(find_learning_rate, rates=(0.1,), steps=3),
        partial(check_evaluation, steps=3),
    ):
        assert repr(gate(noisy)) == repr(gate(noisy))


@pytest.mark.parametrize(
    ("gate", "options", "message"),
    [
        (check_initial_loss, {"tolerance": 0}, "tolerance must be positive; got 0"),
        (check_overfit, {"batches": 0}, "batches must be at least 1; got 0"),
        (check_overfit, {"steps": 0}, "steps must be at least 1; got 0"),
        (find_learning_rate, {"rates": ()}, "rates must not be empty"),
        (find_learning_rate, {"drop": 1}, r"drop in \(0, 1\); .* and 1"),
    ],
)
def test_what_cannot_be_measured_is_named(setup, gate, options, message):
    with pytest.raises(ValueError, match=message):
        gate(setup, **options)
