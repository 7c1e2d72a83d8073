"""Optimizers with their schedules: gradient descent for stacks, and Adam with one cycle."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


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
