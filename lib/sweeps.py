"""Many trainings that differ in a few numbers, run together as one stack of networks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.activations import dead_fraction, get_activation
from lib.models import MLP, stack
from lib.runtime import Run
from lib.training import SGD, accuracy, fit, minibatches


@dataclass(frozen=True)
class Part:
    """Examples for an MLP: features (examples, inputs) and int64 labels (examples,)."""

    features: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Settings:
    """What may differ between the networks of a stack.

    Attributes:
        lr: learning rate, which falls linearly to zero.
        weight_decay: lambda of lambda/2 · Σ W², added to the loss; biases count as well.
        scale: factor on the first weights.
        seed: fixes the first weights and the order of the examples.
        rows: indices of the training examples this network sees; None is all of them.
    """

    lr: float
    weight_decay: float = 0.0
    scale: float = 1.0
    seed: int = 0
    rows: Tensor | None = None


def train_together(
    settings: Sequence[Settings],
    train: Part,
    *,
    steps: int,
    run: Run,
    hidden: Sequence[int] = (32,),
    batch_size: int = 32,
    momentum: float = 0.9,
    progress: str | None = None,
) -> MLP:
    """The stack of the networks trained with these settings; copy i has those of settings[i].

    Args:
        settings: one per network; a network that diverges does not disturb the others.
        train: what they learn from.
        steps: updates.
        hidden: units of each hidden layer.
        batch_size: examples per update, at most those that each network sees.
        progress: the label of a progress bar on stderr; None shows none.

    Raises:
        ValueError: no settings, rows of different numbers, or a bad network or rate.

    Cost: 400 networks of 64-32-10 and 200 updates take about 5 s on one core.
    """
    sizes = (train.features.shape[1], hidden, int(train.labels.max()) + 1)
    model = stack([MLP(*sizes, generator=run.generator("init", s.seed)) for s in settings])
    model = model.to(train.features.device)
    scale, decay = (
        torch.tensor([getattr(s, name) for s in settings], device=train.features.device)
        for name in ("scale", "weight_decay")
    )
    with torch.no_grad():
        for p in model.weights:
            p.mul_(scale[:, None, None])
    fit(
        model,
        train.features,
        train.labels,
        optimizer=SGD(
            model.parameters(),
            lr=torch.tensor([s.lr for s in settings]),
            momentum=momentum,
            decay_steps=steps,
        ),
        batches=_own_batches(settings, len(train.labels), batch_size, steps, run),
        penalty=lambda m: sum(
            (decay * p.square().sum(dim=(1, 2)) / 2).sum() for p in m.parameters()
        ),
        on_divergence="record",
        progress=progress,
    )
    return model


def _own_batches(
    settings: Sequence[Settings], examples: int, batch_size: int, steps: int, run: Run
) -> Iterator[Tensor]:
    """Indices (copies, batch) of mini-batches, each copy's from its own rows in its own order."""
    everything = torch.arange(examples)
    rows = [everything if s.rows is None else s.rows.cpu() for s in settings]
    if len({len(r) for r in rows}) > 1:
        raise ValueError(f"all settings need as many rows; got {sorted({len(r) for r in rows})}")
    table = torch.stack(rows)
    orders = [run.generator("order", s.seed) for s in settings]
    for index in minibatches(table.shape[1], batch_size, steps, orders):
        yield table.gather(1, index.view(len(rows), -1))


@dataclass(frozen=True)
class Sweep:
    """What a learning-rate sweep measured; a run that diverged is not a number from there on.

    Attributes:
        rates: the learning rates, in the order of the last axis below.
        accuracy: on the held-out part, in percent, (seeds, rates).
        dead: units that pass no gradient on, in percent of all hidden units, (seeds, rates).
        steps: updates done at each point of `loss`.
        loss: training loss averaged between two points, in nats, (points, seeds, rates).
    """

    rates: tuple[float, ...]
    accuracy: np.ndarray
    dead: np.ndarray
    steps: np.ndarray
    loss: np.ndarray

    def best_rate(self) -> int:
        """The index of the rate with the best mean accuracy; divergence counts as 0."""
        return int(np.nan_to_num(self.accuracy).mean(axis=0).argmax())


def learning_rate_sweep(
    activation: str,
    train: Part,
    held_out: Part,
    *,
    rates: Sequence[float],
    seeds: Sequence[int],
    steps: int,
    run: Run,
    hidden: Sequence[int] = (64,) * 5,
    batch_size: int = 64,
    momentum: float = 0.9,
    points: int = 30,
    progress: bool = True,
) -> Sweep:
    """Train one MLP per learning rate and seed, all at once, and measure them.

    A seed fixes the initial weights and the order of the examples, so runs of one seed differ in
    their learning rate alone, and activations can be compared seed by seed.

    Args:
        activation: a key of `lib.activations.ACTIVATIONS`; its own initialization is used.
        train: what the networks learn from.
        held_out: what they are measured on: validation examples to choose a rate, test examples
            for a rate that is chosen.
        rates: learning rates of gradient descent with momentum.
        seeds: one network per rate and seed; fresh seeds make an independent repetition.
        steps: updates; must be a multiple of `points`.
        points: of the loss curve.

    Raises:
        ValueError: `steps` is not a multiple of `points`, or a bad network or rate.
    """
    if steps % points:
        raise ValueError(f"steps must be a multiple of points={points}; got {steps}")
    sizes = (train.features.shape[1], hidden, int(train.labels.max()) + 1)
    model = _networks(activation, sizes, seeds, len(rates), run).to(train.features.device)
    optimizer = SGD(
        model.parameters(),
        lr=torch.tensor(rates).repeat(len(seeds)),
        momentum=momentum,
        decay_steps=steps,
    )
    orders = [run.generator("order", seed) for seed in seeds]
    history = fit(
        model,
        train.features,
        train.labels,
        optimizer=optimizer,
        batches=(
            index.view(len(seeds), -1).repeat_interleave(len(rates), dim=0)
            for index in minibatches(len(train.labels), batch_size, steps, orders)
        ),
        on_divergence="record",
        progress=f"training {activation}" if progress else None,
    )

    def by_seed_and_rate(values: Tensor) -> np.ndarray:
        return values.unflatten(-1, (len(seeds), len(rates))).cpu().numpy()

    loss = history.loss.unflatten(0, (points, -1)).mean(dim=1)
    return Sweep(
        tuple(rates),
        100 * by_seed_and_rate(evaluate(model, held_out)),
        100 * by_seed_and_rate(dead_units(model, held_out)),
        np.arange(1, points + 1) * (steps // points),
        by_seed_and_rate(loss),
    )


def _networks(
    activation: str,
    sizes: tuple[int, Sequence[int], int],
    seeds: Sequence[int],
    copies: int,
    run: Run,
) -> MLP:
    """A stack of `copies` equal networks for each seed, seed by seed."""
    drawn = [
        MLP(*sizes, activation=activation, generator=run.generator("init", seed)) for seed in seeds
    ]
    return stack([network for network in drawn for _ in range(copies)])


@torch.no_grad()
def evaluate(model: MLP, part: Part, *, batch_size: int = 2000) -> Tensor:
    """Accuracy per copy of a stack, (copies,), computed batch by batch to bound the memory."""
    logits = [model(features) for features in part.features.split(batch_size)]
    return accuracy(torch.cat(logits, dim=-2), part.labels)


@torch.no_grad()
def dead_units(model: MLP, part: Part, *, examples: int = 2000) -> Tensor:
    """The fraction of all hidden units that are dead on the first `examples`, per copy."""
    trace = model.trace(part.features[:examples])
    activation = get_activation(model.activation)
    dead = torch.stack([dead_fraction(pre, activation) for pre in trace.pre]).mean(dim=0)
    return dead.where(trace.logits.isfinite().all(dim=-1).all(dim=-1), torch.nan)
