"""Early stopping: the snapshot of a model at its best validation result, and when to stop."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn


class BestSnapshot:
    """Keeps the model's state at its best evaluation; a stopper for `lib.training.fit`.

    Called after each evaluation, it copies the state (parameters, buffers such as batch-norm
    averages) whenever the metric reaches a new maximum, and asks to stop once the best is
    `patience` evaluations old. Of equal values the first is the best; NaN never is. `restore_` puts
    the copy back, bit for bit.

    Args:
        metric: the name in the metrics to maximize, such as a validation accuracy.
        patience: evaluations without a new best after which to stop; None trains to the end.

    Raises:
        ValueError: a patience below 1.

    Source: Prechelt, "Early stopping, but when?", 1998.
    """

    def __init__(self, metric: str = "validation", *, patience: int | None = None):
        if patience is not None and patience < 1:
            raise ValueError(f"patience must be at least 1 evaluation; got {patience}")
        self.metric, self.patience = metric, patience
        self.best: float = float("-inf")
        self.best_step: int | None = None
        self.since_best = 0
        self._state: dict[str, Tensor] | None = None

    def __call__(self, step: int, metrics: Mapping[str, Tensor | float], model: nn.Module) -> bool:
        """Look at an evaluation; True if training should stop.

        Raises:
            KeyError: the metrics lack the one being watched.
        """
        if self.metric not in metrics:
            raise KeyError(f"no metric {self.metric!r} to watch; there are {', '.join(metrics)}")
        value = float(metrics[self.metric])
        if value > self.best:
            self.best, self.best_step, self.since_best = value, step, 0
            self._state = copy.deepcopy(model.state_dict())
        else:
            self.since_best += 1
        return self.patience is not None and self.since_best >= self.patience

    @torch.no_grad()
    def restore_(self, model: nn.Module) -> None:
        """Restore the best state of the model.

        Raises:
            RuntimeError: no state has been kept yet.
        """
        if self._state is None:
            raise RuntimeError(
                f"no snapshot to restore: no evaluation has had a {self.metric} yet that is a "
                "number and above minus infinity"
            )
        model.load_state_dict(self._state)
