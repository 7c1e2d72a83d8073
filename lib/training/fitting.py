"""The mini-batch loop: sample, forward, backprop, update. It never prints."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from lib.progress import progress_bar
from lib.training.measures import cross_entropy

Metrics = Mapping[str, Tensor | float]
Network = TypeVar("Network", bound=nn.Module)
Stopper = Callable[[int, Metrics, nn.Module], bool]
LOOK_EVERY = 50  # updates between two looks at the losses; on a GPU, each look is a wait


class DivergedError(RuntimeError):
    """The training loss became infinite or NaN."""


def minibatches(
    examples: int, batch_size: int, steps: int, generators: Sequence[torch.Generator]
) -> Iterator[Tensor]:
    """Indices of `steps` mini-batches, drawn without replacement, reshuffled for each pass.

    Args:
        examples: size of the data set.
        generators: one gives index tensors (batch,); several give (copies, batch), each row in its
            generator's own order.

    Raises:
        ValueError: a batch larger than the data set, or a size below 1.
    """
    if not 1 <= batch_size <= examples:
        raise ValueError(f"batch_size must be from 1 to {examples} examples; got {batch_size}")
    per_pass = examples // batch_size
    for step in range(steps):
        position = step % per_pass
        if position == 0:
            orders = torch.stack([torch.randperm(examples, generator=g) for g in generators])
        batch = orders[:, position * batch_size : (position + 1) * batch_size]
        yield batch[0] if len(generators) == 1 else batch


@dataclass
class History:
    """Record of a training run.

    Attributes:
        loss: (steps,) or (steps, copies), each mini-batch's loss before its update.
        metrics: for each name that `evaluate` gave, its values, one row per evaluation.
        evaluated_at: updates done before each evaluation.
    """

    loss: Tensor
    metrics: dict[str, Tensor] = field(default_factory=dict)
    evaluated_at: list[int] = field(default_factory=list)


def fit(
    model: Network,
    images: Tensor,
    labels: Tensor,
    *,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[Tensor],
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    penalty: Callable[[Network], Tensor] | None = None,
    transform: Callable[[Tensor, Tensor], tuple[Tensor | tuple[Tensor, ...], Tensor]] | None = None,
    evaluate: Callable[[Network], Metrics] | None = None,
    evaluate_every: int = 100,
    stopper: Stopper | None = None,
    on_divergence: str = "raise",
    progress: str | None = None,
) -> History:
    """Train `model` in place; return its history.

    Args:
        images: (examples, ...), on the model's device.
        labels: a row for each example, in any form that the loss takes.
        batches: index tensors, such as those of `minibatches`.
        loss: of (logits, labels); a vector (one loss per copy of a stack) is summed for backprop.
        penalty: a scalar added to the loss before backprop; the history holds the loss without it.
        transform: maps a batch's (images, labels) to what the network is trained on; labels may
            be probabilities, if the loss takes them.
        evaluate: called before the first update, every `evaluate_every` updates and at the end.
        stopper: called with (updates, metrics, model) after each evaluation; True ends training.
        on_divergence: "raise", or "record" to continue: a stack's other copies are unaffected.
        progress: the label of a progress bar on stderr; None shows none.

    Raises:
        DivergedError: the loss is not finite, and `on_divergence` is "raise". On a GPU, which would
            have to be waited for, losses are only looked at every 50 updates and at the end.
        TypeError: labels that are not a tensor with a row for each example.
        ValueError: an unknown `on_divergence`, different numbers of images and labels, or a stopper
            without `evaluate`.
    """
    if on_divergence not in ("raise", "record"):
        raise ValueError(f"on_divergence must be 'raise' or 'record'; got {on_divergence!r}")
    if stopper is not None and evaluate is None:
        raise ValueError("a stopper looks at what evaluate returns; got a stopper and no evaluate")
    if not isinstance(labels, Tensor) or labels.ndim == 0:
        raise TypeError(f"labels must be a tensor, a row for each example; got {labels!r}")
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images, but {len(labels)} labels")
    losses: list[Tensor] = []
    log = _Log(evaluate, evaluate_every, stopper)
    look_every = 1 if images.device.type == "cpu" else LOOK_EVERY
    for step, index in enumerate(progress_bar(batches, desc=progress, shown=progress is not None)):
        log.before_update(step, model)
        if log.stopped:
            break
        index = index.to(images.device)
        batch, targets = images[index], labels[index]
        if transform is not None:
            batch, targets = transform(batch, targets)
        batch_loss = loss(model(batch), targets)
        losses.append(batch_loss.detach())
        if on_divergence == "raise" and len(losses) % look_every == 0:
            _check_finite(losses, look_every)
        total = batch_loss.sum() if penalty is None else batch_loss.sum() + penalty(model)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    if on_divergence == "raise":
        _check_finite(losses, look_every)
    log.at_end(len(losses), model)
    return History(torch.stack(losses) if losses else torch.empty(0), log.metrics(), log.steps)


def _check_finite(losses: Sequence[Tensor], count: int) -> None:
    """Raise DivergedError if one of the last `count` losses is not finite.

    They are read through numpy, which shares the CPU's memory: only a GPU's are copied.
    """
    for step, finite in enumerate(_are_finite(losses[-count:]), max(0, len(losses) - count)):
        if not finite:
            raise DivergedError(
                f"the loss at step {step} is {losses[step].tolist()}; "
                "a smaller learning rate, or a smaller initialization, usually cures this"
            )


def _are_finite(losses: Sequence[Tensor]) -> list[bool]:
    if not losses:
        return []
    return torch.stack([loss.isfinite().all() for loss in losses]).cpu().numpy().tolist()


class _Log(Generic[Network]):
    """The evaluations of one training run."""

    def __init__(
        self,
        evaluate: Callable[[Network], Metrics] | None,
        every: int,
        stopper: Stopper | None,
    ):
        self.evaluate, self.every, self.stopper, self.stopped = evaluate, every, stopper, False
        self.steps: list[int] = []
        self.rows: list[Metrics] = []

    def before_update(self, step: int, model: Network) -> None:
        if self.evaluate is not None and step % self.every == 0:
            self._record(self.evaluate, step, model)

    def at_end(self, steps: int, model: Network) -> None:
        if self.evaluate is not None and self.steps[-1:] != [steps]:
            self._record(self.evaluate, steps, model)

    def _record(self, evaluate: Callable[[Network], Metrics], step: int, model: Network) -> None:
        was_training = model.training
        model.eval()
        with torch.no_grad():
            self.rows.append(evaluate(model))
        model.train(was_training)
        self.steps.append(step)
        if self.stopper is not None:
            self.stopped = self.stopper(step, self.rows[-1], model)

    def metrics(self) -> dict[str, Tensor]:
        if not self.rows:
            return {}
        return {name: _stack_values([row[name] for row in self.rows]) for name in self.rows[0]}


def _stack_values(values: Sequence[Tensor | float]) -> Tensor:
    # A Python number has the precision of float64.
    return torch.stack(
        [
            value.detach()
            if isinstance(value, Tensor)
            else torch.tensor(value, dtype=torch.float64)
            for value in values
        ]
    )


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, *, batch_size: int = 500) -> Tensor:
    """Logits (n, classes) of images (n, ...) in evaluation mode; the model's mode is restored."""
    was_training = model.training
    model.eval()
    try:
        return torch.cat([model(batch) for batch in images.split(batch_size)])
    finally:
        model.train(was_training)
