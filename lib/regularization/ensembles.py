"""Two ways to average the predictions of several networks."""

from torch import Tensor


def average_probabilities(logits: Tensor) -> Tensor:
    """The arithmetic mean of the models' softmax probabilities: (batch, classes), rows sum to 1.

    A class that one model is sure of stays possible. See `average_logits` for the other mean.

    Args:
        logits: (models, batch, classes).

    Raises:
        ValueError: a wrong number of dimensions, or no models.
    """
    _check(logits)
    return logits.softmax(dim=-1).mean(dim=0)


def average_logits(logits: Tensor) -> Tensor:
    """The mean of the models' logits: (batch, classes); its softmax is a geometric mean.

    softmax(mean of logits) is the geometric mean of the models' probabilities, normalized to sum
    to 1. It lets any one model veto a class by giving it almost no probability, and a model with
    large logits counts for more.

    Args:
        logits: (models, batch, classes).

    Raises:
        ValueError: a wrong number of dimensions, or no models.
    """
    _check(logits)
    return logits.mean(dim=0)


def _check(logits: Tensor) -> None:
    if logits.ndim != 3 or len(logits) == 0:
        raise ValueError(f"expected logits (models, batch, classes); got {tuple(logits.shape)}")
