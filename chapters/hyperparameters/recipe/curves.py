"""Step 6: reading loss and accuracy curves."""

from collections.abc import Sequence

import numpy as np

from chapters.hyperparameters.recipe.finding import Finding

HUGE, NONE = 15.0, 5.0  # points between training and validation accuracy
OVERFITTING = (
    "a huge gap means overfitting: use more regularization or more data, or stop at the peak"
)
UNDERFITTING = (
    "no gap, and training accuracy could still rise: are all weights trained? If so, train longer, "
    "or use a bigger network"
)
GUESSING = "nothing was learned: go back to steps 1 to 3"
MEASURED_WRONG = (
    "by its loss the network knows the training images, by its accuracy it does not: does the "
    "evaluation change the images?"
)
FOREIGN = (
    "the network learns its training images, but nothing about others: do images and labels match?"
)


def moving_average(values: Sequence[float] | np.ndarray, window: int) -> np.ndarray:
    """The mean of each value and up to `window` - 1 values before it, (n,).

    It looks back only, so no value depends on later ones; the first ones average over fewer.

    Args:
        values: (n,).
        window: at least 1.

    Raises:
        ValueError: a window below 1.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1; got {window}")
    values = np.asarray(values, dtype=float)
    # Not from differences of a running sum: a diverged run would spoil all later means.
    return np.array([values[max(0, i + 1 - window) : i + 1].mean() for i in range(len(values))])


def read_curves(
    train: Sequence[float] | np.ndarray,
    validation: Sequence[float] | np.ndarray,
    *,
    classes: int,
    loss: Sequence[float] | np.ndarray | None = None,
    huge: float = HUGE,
    none: float = NONE,
) -> Finding:
    """Step 6: detect overfitting, underfitting or no learning from accuracies during training.

    Args:
        train, validation: accuracies in percent, one per evaluation; the last ones are judged.
        classes: C; guessing has an accuracy of 100 / C percent.
        loss: training loss in nats at each update, to tell bad networks from bad measurements.
        huge: smallest gap, in points, that counts as overfitting.
        none: largest gap, in points, that counts as underfitting, unless the training part is
            learned.

    Raises:
        ValueError: no evaluations, or different numbers of evaluations.
    """
    if not len(train) or len(train) != len(validation):
        raise ValueError(
            "need as many training as validation accuracies, and one at least; "
            f"got {len(train)} and {len(validation)}"
        )
    seen, new, guess = float(train[-1]), float(validation[-1]), 100 / classes
    gap, peak = seen - new, float(np.nanmax(validation)) if np.isfinite(validation).any() else new
    advice = _judge(seen, new, guess, huge, none)
    if loss is not None and _contradicts(seen, np.asarray(loss, dtype=float)):
        advice = MEASURED_WRONG
    measured = (
        f"{seen:.1f}% on training images, {new:.1f}% on validation images; "
        f"gap {_signed(gap)} points; best validation accuracy {peak:.1f}%"
    )
    values = {"gap": gap, "peak": peak}
    return Finding("curves", not advice, measured, advice, values)


def _contradicts(seen: float, loss: np.ndarray) -> bool:
    """Whether the accuracy is less than half of what the loss of the last updates promises.

    A mean loss L is a mean probability of the right class of e^-L or more.
    """
    last = loss[-max(1, len(loss) // 10) :].mean()
    return bool(np.isfinite(last)) and seen < 50 * np.exp(-last)


def _signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def _judge(seen: float, new: float, guess: float, huge: float, none: float) -> str:
    """The advice, or an empty text."""
    if not np.isfinite(seen + new) or seen < 1.5 * guess:
        return GUESSING
    if new < 1.5 * guess:
        return FOREIGN
    if seen - new >= huge:
        return OVERFITTING
    return UNDERFITTING if seen - new <= none and seen < 100 - none else ""
