"""What a training minimizes and what it is judged by: cross-entropy and accuracy."""

import torch
from torch import Tensor

from lib.labels import are_rows, class_indices, class_probabilities
from lib.precision import wide_dtype


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean of -log softmax(logits)[label] over the batch; a stack gives one per copy.

    Args:
        logits: (..., batch, classes).
        labels: classes (batch,) or (..., batch), or probabilities of classes with one more
            dimension, in any form that `lib.labels.class_probabilities` takes.

    Returns:
        (...): a scalar for one network, (copies,) for a stack.

    Raises:
        TypeError, ValueError: labels that do not belong to the logits.
    """
    log_p = logits.log_softmax(dim=-1)
    if are_rows(labels, logits.shape):
        rows = class_probabilities(labels, logits.shape)
        return -(rows * log_p).sum(dim=-1).mean(dim=-1)
    labels = class_indices(labels, logits.shape)
    return -log_p.gather(-1, labels[..., None]).squeeze(-1).mean(dim=-1)


@torch.no_grad()
def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """The fraction of examples whose largest logit is the label's; a stack gives one per copy.

    Of equal logits, the first counts as the largest. A network whose logits are not finite has
    diverged, and its accuracy is NaN.

    Args:
        logits: (..., batch, classes).
        labels: classes (batch,) or (..., batch), in any form that `lib.labels.class_indices` takes.

    Raises:
        TypeError, ValueError: labels that do not belong to the logits.
    """
    labels = class_indices(labels, logits.shape)
    right = (logits.argmax(dim=-1) == labels).to(wide_dtype(logits)).mean(dim=-1)
    return right.where(logits.isfinite().all(dim=-1).all(dim=-1), torch.nan)
