"""Steps 1 to 3: the initial loss, memorizing a small sample, a rate that lowers the loss."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from chapters.hyperparameters.recipe.finding import Finding
from chapters.hyperparameters.recipe.setup import Setup, train_setup
from lib.training import cross_entropy, predict

EXPLODED = 3.0  # times the first loss
RATES = (1e-1, 1e-2, 1e-3, 1e-4)  # what the lectures suggest
SPREAD = (
    "the logits are spread out before anything was learned: use smaller initial weights, first in "
    "the last layer"
)
KNOWING = "fresh weights cannot do better than guessing: are they fresh? Are the labels right?"
EXPLODES = "the loss explodes: the rate is too high, or the initialization too large"
STUCK = "the loss does not go down: the rate is too low, or the initialization is bad"
SLOW = "the loss goes down, but not far enough: use more updates, a higher rate or a bigger network"


def check_initial_loss(setup: Setup, *, tolerance: float = 0.25) -> Finding:
    """Step 1: whether the initial loss is log C, the loss of guessing among C classes.

    Args:
        setup: its training part is measured, without transform or penalty.
        tolerance: the fraction of log C by which the loss may be off.

    Raises:
        ValueError: a tolerance that is not positive.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive; got {tolerance}")
    logits = predict(setup.model(), setup.train.images)
    loss, expected = float(cross_entropy(logits, setup.train.labels)), math.log(setup.classes)
    measured = f"{loss:.2f} nats; log {setup.classes} = {expected:.2f}"
    passed = abs(loss - expected) <= tolerance * expected
    advice = "" if passed else KNOWING if loss < expected else SPREAD
    return Finding("initial loss", passed, measured, advice, {"loss": loss, "expected": expected})


def check_overfit(setup: Setup, *, batches: int = 5, steps: int = 500) -> Finding:
    """Step 2: whether the network memorizes a few mini-batches, and moves all its parameters.

    The set-up's transform is not used, since a changing sample cannot be memorized.

    Args:
        setup: the first `batches` mini-batches of its training part are learned.
        batches: 5 to 10, as a rule; fewer if there are fewer images.
        steps: number of updates.

    Raises:
        ValueError: no batches or steps.
    """
    if batches < 1:
        raise ValueError(f"batches must be at least 1; got {batches}")
    sample = setup.train.subset(slice(0, batches * setup.batch_size))
    before = setup.model()
    plain = replace(setup, transform=None, test_transform=None)
    model, history = train_setup(
        plain, steps=steps, part=sample, evaluate_every=max(1, steps // 20)
    )
    loss = history.loss.cpu().double().numpy()
    right = float(history.metrics["train"][-1])
    still = _unmoved(before, model)
    passed = right == 100 and not still
    advice = _still_advice(still) if still else "" if passed else _loss_advice(loss)
    trainable = sum(p.requires_grad for p in model.parameters())
    measured = (
        f"{_percent(right)} of {len(sample)} images memorized in {steps} updates; "
        f"{trainable - len(still)} of {trainable} parameter tensors moved"
    )
    curves = {"loss": loss, "accuracy": history.metrics["train"].numpy()}
    values = {"accuracy": right, "unmoved": len(still)}
    return Finding("small sample", passed, measured, advice, values, curves)


def find_learning_rate(
    setup: Setup, *, rates: Sequence[float] = RATES, steps: int = 100, drop: float = 0.3
) -> Finding:
    """Step 3: the rate that lowers the loss most within 100 updates on all the training data.

    Args:
        setup: everything except its rate is used, including its transform and weight decay.
        rates: the rates to try.
        steps: number of updates for each.
        drop: the fraction of the first loss by which the last tenth of the updates must be lower.

    Raises:
        ValueError: no rates, or a drop outside (0, 1).
    """
    if not rates or not 0 < drop < 1:
        raise ValueError(f"rates must not be empty and drop in (0, 1); got {rates} and {drop}")
    named = {f"{rate:g}": rate for rate in rates}
    curves = {
        name: train_setup(setup, steps=steps, lr=rate)[1].loss.cpu().double().numpy()
        for name, rate in named.items()
    }
    drops = {name: _drop(loss) for name, loss in curves.items()}
    best = max(drops, key=drops.__getitem__)
    passed = drops[best] >= drop
    said = ", ".join(f"{name}: {_say_drop(value)}" for name, value in drops.items())
    first = next(iter(curves.values()))[0]
    advice = "" if passed else _loss_advice(curves[best])
    measured = f"loss after {steps} updates, against {first:.2f} at first, at rate {said}"
    return Finding("learning rate", passed, measured, advice, {"rate": named[best]}, curves)


def check_evaluation(setup: Setup, *, steps: int = 20) -> Finding:
    """Whether repeated measurements of a network on the same images give the same accuracy.

    Args:
        setup: trained briefly first, since initial weights may give the same answer to everything.
        steps: number of updates of that training.
    """
    model, _ = train_setup(setup, steps=steps)
    noise = setup.run.generator("evaluation", setup.seed)
    measured = [setup.evaluate(model, setup.validation, noise) for _ in range(4)]
    passed = len(set(map(str, measured))) == 1  # as text, NaN equals itself
    said = ", ".join(f"{value:.1f}%" for value in measured)
    advice = "" if passed else (
        "something random is active during evaluation: dropout in training mode, or augmentation"
    )  # fmt: skip
    spread = max(measured) - min(measured)
    return Finding("evaluation", passed, f"four times: {said}", advice, {"spread": spread})


def _unmoved(before: nn.Module, after: nn.Module) -> list[str]:
    """Names of the trainable parameters that have not changed."""
    first = dict(before.named_parameters())
    return [
        name
        for name, p in after.named_parameters()
        if p.requires_grad and torch.equal(p, first[name])
    ]


def _still_advice(names: Sequence[str]) -> str:
    return f"{', '.join(names)} never moved: did the optimizer get all parameters?"


def _drop(loss: np.ndarray) -> float:
    """The fraction of the first loss by which the mean of the last tenth is lower."""
    last = loss[-max(1, len(loss) // 10) :].mean()
    drop = float(1 - last / loss[0])
    return drop if math.isfinite(drop) else -math.inf


def _say_drop(drop: float) -> str:
    return "exploded" if drop == -math.inf else f"{-100 * drop:+.0f}%".replace("-", "−")


def _percent(value: float) -> str:
    return f"{value:.0f}%" if math.isfinite(value) else "none"


def _loss_advice(loss: np.ndarray) -> str:
    if not np.isfinite(loss).all() or loss.max() > EXPLODED * max(loss[0], 1.0):
        return EXPLODES
    return STUCK if _drop(loss) < 0.1 else SLOW
