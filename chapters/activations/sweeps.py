"""One network trained at many learning rates: all seeds and rates as one stack."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.activations import dead_fraction, get_activation
from lib.models import MLP, stack
from lib.runtime import Run
from lib.training import SGD, fit, minibatches
from lib.training.stacks import Part, evaluate


@dataclass(frozen=True)
class Sweep:
    """Results of a learning-rate sweep; values are NaN after a run diverged.

    Attributes:
        rates: the learning rates, in the order of the last axis below.
        accuracy: held-out accuracy in percent, (seeds, rates).
        dead: units that pass on no gradient, in percent of all hidden units, (seeds, rates).
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

    A seed fixes the initial weights and the order of the examples, so runs with the same seed
    differ only in their learning rate, and activations can be compared seed by seed.

    Args:
        activation: a key of `lib.activations.ACTIVATIONS`; its own initialization is used.
        train: the training examples.
        held_out: the examples for the accuracy: validation examples to choose a rate, test examples
            for a chosen rate.
        rates: learning rates of gradient descent with momentum.
        seeds: one network per rate and seed; fresh seeds make an independent repetition.
        steps: updates; must be a multiple of `points`.
        points: number of points on the loss curve.

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
def dead_units(model: MLP, part: Part, *, examples: int = 2000) -> Tensor:
    """The fraction of all hidden units that are dead on the first `examples`, per copy."""
    trace = model.trace(part.features[:examples])
    activation = get_activation(model.activation)
    dead = torch.stack([dead_fraction(pre, activation) for pre in trace.pre]).mean(dim=0)
    return dead.where(trace.logits.isfinite().all(dim=-1).all(dim=-1), torch.nan)
