"""Labels in the forms that people hand over, as the one form that a loss needs.

Their dtype and shape are checked everywhere, their values on the CPU alone: a GPU computes while
the program goes on, and reading a value back would make the program wait.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

TOLERANCE = 0.01  # for a sum of probabilities, which may be in half precision


def class_indices(labels: Tensor, shape: Sequence[int]) -> Tensor:
    """The class of each example: int64, `shape` without its last number.

    Args:
        labels: one class per example, as integers of any dtype or bool: (..., batch), or (batch,)
            for all copies of a stack, or either of them as a column (..., 1). One-hot rows
            (..., batch, classes) or (batch, classes) of any dtype are taken, too.
        shape: (..., batch, classes), that of the logits.

    Raises:
        TypeError: not a tensor, or classes that are not integers.
        ValueError: another shape, a class out of range, or rows that are not one-hot.
    """
    *examples, classes = shape
    if are_rows(labels, shape):
        rows = _checked_rows(labels)
        if rows.device.type == "cpu" and not bool((rows.amax(dim=-1) == 1).all()):
            raise ValueError("labels must name one class each; got probabilities between 0 and 1")
        return rows.argmax(dim=-1).expand(examples)
    found = labels.long()
    if found.shape not in _shapes(examples):
        found = found.squeeze(-1)
    if found.numel() and found.device.type == "cpu":
        low, high = (int(end.numpy()) for end in found.aminmax())
        if low < 0 or high >= classes:
            raise ValueError(
                f"labels must be from 0 to {classes - 1}, below the number of classes; "
                f"got {low} to {high}"
            )
    return found.expand(examples)


def class_probabilities(labels: Tensor, shape: Sequence[int]) -> Tensor:
    """The probability of each class: (..., batch, classes) or (batch, classes).

    Args:
        labels: as in `class_indices`, or probabilities, which may lie between 0 and 1.
        shape: (..., batch, classes), that of the logits.

    Returns:
        Floating-point labels as they are; anything else as float32.

    Raises:
        TypeError: not a tensor, or classes that are not integers.
        ValueError: another shape, a class out of range, or rows that are not probabilities.
    """
    if are_rows(labels, shape):
        return _checked_rows(labels)
    return functional.one_hot(class_indices(labels, shape), shape[-1]).float()


def are_rows(labels: Tensor, shape: Sequence[int]) -> bool:
    """Whether labels are a row for each example; if not, they are its class.

    Args:
        labels, shape: as in `class_probabilities`.

    Raises:
        TypeError: not a tensor, or classes that are not integers.
        ValueError: another shape.
    """
    *examples, classes = shape
    if not isinstance(labels, Tensor):
        raise TypeError(f"labels must be a tensor; got {type(labels).__name__}")
    rows = labels.shape in _shapes(examples, classes)
    if rows and labels.is_floating_point():
        return True
    if labels.shape in _shapes(examples) + _shapes(examples, 1):
        if labels.is_floating_point() or labels.is_complex():
            raise TypeError(f"classes must be integers; got labels of {labels.dtype}")
        return False
    if rows and not labels.is_complex():
        return True
    raise ValueError(
        f"labels must be classes {tuple(examples[-1:])} or probabilities "
        f"{(*examples[-1:], classes)}; got {labels.dtype} {tuple(labels.shape)}"
    )


def _shapes(examples: Sequence[int], *last: int) -> tuple[tuple[int, ...], ...]:
    """The shapes of labels for all copies of a stack and for each copy its own."""
    return (*examples[-1:], *last), (*examples, *last)


def _checked_rows(labels: Tensor) -> Tensor:
    rows = labels if labels.is_floating_point() else labels.float()
    if rows.device.type != "cpu":
        return rows
    sums = rows.sum(dim=-1, dtype=torch.promote_types(rows.dtype, torch.float32))
    if not bool(((sums - 1).abs() <= TOLERANCE).all() & (rows >= 0).all()):
        raise ValueError(
            "each row of labels must hold probabilities that sum to 1; "
            f"got sums from {float(sums.min()):.3g} to {float(sums.max()):.3g}, "
            f"smallest value {float(rows.min()):.3g}"
        )
    return rows
