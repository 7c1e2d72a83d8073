"""Many trainings that differ in a few settings, run together as one stack of networks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lib.models import MLP, stack
from lib.runtime import Run
from lib.training import SGD, fit, minibatches
from lib.training.stacks import Part


@dataclass(frozen=True)
class Settings:
    """What may differ between the networks of a stack.

    Attributes:
        lr: learning rate, which falls linearly to zero.
        weight_decay: lambda of lambda/2 · Σ W², added to the loss; biases count as well.
        scale: factor on the initial weights.
        seed: fixes the initial weights and the order of the examples.
        rows: indices of the training examples for this network; None means all.
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
    """A stack of networks trained with these settings; copy i was trained with settings[i].

    Args:
        settings: one per network; a network that diverges does not disturb the others.
        train: the training examples.
        steps: number of updates.
        hidden: units of each hidden layer.
        batch_size: examples per update, at most as many as each network sees.
        progress: the label of a progress bar on stderr; None shows none.

    Raises:
        ValueError: no settings, different numbers of rows, or a bad network or rate.

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
            ((decay * p.square().sum(dim=(1, 2)) / 2).sum() for p in m.parameters()),
            start=torch.zeros(()),
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
