"""The mini-batch loop: sample, forward, backprop, update. It never prints."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from lib.progress import progress_bar

Metrics = Mapping[str, Tensor | float]
Network = TypeVar("Network", bound=nn.Module)
Stopper = Callable[[int, Metrics, nn.Module], bool]


class DivergedError(RuntimeError):
    """The training loss became infinite or NaN."""


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean of -log softmax(logits)[label] over the batch; a stack gives one per copy.

    Args:
        logits: (..., batch, classes).
        labels: int64, (batch,) or (..., batch); or the probability of each class, floats of the
            logits' shape.

    Returns:
        (...): a scalar for one network, (copies,) for a stack.
    """
    log_p = logits.log_softmax(dim=-1)
    if labels.is_floating_point():
        return -(labels * log_p).sum(dim=-1).mean(dim=-1)
    labels = labels.expand(log_p.shape[:-1])
    return -log_p.gather(-1, labels[..., None]).squeeze(-1).mean(dim=-1)


class SGD(torch.optim.Optimizer):
    """Gradient descent with momentum: v ← momentum · v + g, then p ← p - lr · v.

    Like torch.optim.SGD, but `lr` may be a tensor (copies,): one learning rate for each copy of a
    stack. `state_dict` holds the schedule and the updates done, so a new object that loads it
    continues where this one is.

    Args:
        params: parameters to train.
        lr: learning rate, or one per copy.
        momentum: fraction of the last step added to the next.
        decay_steps: updates over which the rate falls linearly to zero; None keeps it constant.

    Raises:
        ValueError: a learning rate that is not positive, a momentum outside [0, 1), or no steps.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        *,
        lr: float | Tensor,
        momentum: float = 0.0,
        decay_steps: int | None = None,
    ):
        if not bool((torch.as_tensor(lr) > 0).all()):
            raise ValueError(f"lr must be positive; got {lr}")
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in [0, 1); got {momentum}")
        if decay_steps is not None and decay_steps < 1:
            raise ValueError(f"decay_steps must be at least 1; got {decay_steps}")
        schedule = {"decay_steps": decay_steps, "updates": 0}
        super().__init__(params, {"lr": lr, "momentum": momentum} | schedule)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            lr, momentum, decay_steps = group["lr"], group["momentum"], group["decay_steps"]
            decay = max(0.0, 1 - group["updates"] / decay_steps) if decay_steps else 1.0
            group["updates"] += 1
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p not in self.state:
                    self.state[p]["velocity"] = torch.zeros_like(p)
                v = self.state[p]["velocity"]
                torch.add(p.grad, v, alpha=momentum, out=v)
                p.addcmul_(v, _per_copy(lr, p), value=-decay)


def one_cycle_adam(
    params: Iterable[nn.Parameter], *, lr: float, decay_steps: int, max_norm: float = 1.0
) -> torch.optim.Adam:
    """Adam whose rate rises for 30% of the updates and then falls to zero, gradients clipped.

    Args:
        params: parameters to train.
        lr: the highest learning rate.
        decay_steps: total number of updates; more are an error.
        max_norm: gradients are scaled down together if their norm is larger.

    Returns:
        An optimizer whose `state_dict` holds the updates done, so that a new one with the same
        schedule that loads it continues where this one is.

    Source: Smith and Topin, "Super-convergence", 2018; the schedule is torch's OneCycleLR.
    """
    params = list(params)
    optimizer = torch.optim.Adam(params, lr=lr, fused=True)  # one call for all parameters
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=decay_steps)

    def clip(*_: object) -> None:
        nn.utils.clip_grad_norm_(params, max_norm)

    optimizer.register_step_pre_hook(clip)

    def save(_: object, state: dict) -> None:
        state["updates"] = schedule.last_epoch

    def load(_: object, state: dict) -> None:
        schedule.last_epoch = state["updates"]

    optimizer.register_step_post_hook(lambda *_: schedule.step())
    optimizer.register_state_dict_post_hook(save)
    optimizer.register_load_state_dict_pre_hook(load)
    return optimizer


def _per_copy(lr: float | Tensor, p: Tensor) -> Tensor:
    """`lr` as a tensor that multiplies each copy of the parameter by its own rate."""
    lr = torch.as_tensor(lr, dtype=p.dtype, device=p.device)
    if lr.ndim == 0:
        return lr
    if p.shape[0] != lr.shape[0]:
        raise ValueError(f"{lr.shape[0]} learning rates for a parameter of shape {tuple(p.shape)}")
    return lr.view(-1, *[1] * (p.ndim - 1))


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
        labels: (examples,).
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
        DivergedError: the loss is not finite, and `on_divergence` is "raise".
        ValueError: an unknown `on_divergence`, different numbers of images and labels, or a stopper
            without `evaluate`.
    """
    if on_divergence not in ("raise", "record"):
        raise ValueError(f"on_divergence must be 'raise' or 'record'; got {on_divergence!r}")
    if stopper is not None and evaluate is None:
        raise ValueError("a stopper looks at what evaluate returns; got a stopper and no evaluate")
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images, but {len(labels)} labels")
    losses, log = [], _Log(evaluate, evaluate_every, stopper)
    for step, index in enumerate(progress_bar(batches, desc=progress, shown=progress is not None)):
        log.before_update(step, model)
        if log.stopped:
            break
        index = index.to(images.device)
        batch, targets = images[index], labels[index]
        if transform is not None:
            batch, targets = transform(batch, targets)
        batch_loss = loss(model(batch), targets)
        if on_divergence == "raise" and not bool(batch_loss.isfinite().all()):
            raise DivergedError(
                f"the loss at step {step} is {batch_loss.detach().tolist()}; "
                "a smaller learning rate, or a smaller initialization, usually cures this"
            )
        total = batch_loss.sum() if penalty is None else batch_loss.sum() + penalty(model)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append(batch_loss.detach())
    log.at_end(len(losses), model)
    return History(torch.stack(losses) if losses else torch.empty(0), log.metrics(), log.steps)


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
    return torch.stack([torch.as_tensor(value).detach() for value in values])


@torch.no_grad()
def predict(model: nn.Module, images: Tensor, *, batch_size: int = 500) -> Tensor:
    """Logits (n, classes) of images (n, ...) in evaluation mode; the model's mode is restored."""
    was_training = model.training
    model.eval()
    try:
        return torch.cat([model(batch) for batch in images.split(batch_size)])
    finally:
        model.train(was_training)


@torch.no_grad()
def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """The fraction of examples whose largest logit is the label's; a stack gives one per copy.

    A network whose logits are not finite has diverged, and its accuracy is NaN.

    Args:
        logits: (..., batch, classes).
        labels: (batch,).
    """
    right = (logits.argmax(dim=-1) == labels).float().mean(dim=-1)
    return right.where(logits.isfinite().all(dim=-1).all(dim=-1), torch.nan)
