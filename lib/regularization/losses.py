"""The multiclass SVM loss, and penalties on the size of weights, to add to a loss."""

from collections.abc import Iterable

from torch import Tensor, nn

from lib.labels import class_indices


def multiclass_svm_loss(scores: Tensor, labels: Tensor, *, margin: float = 1.0) -> Tensor:
    """The mean over the batch of Σ_{j ≠ y} max(0, s_j - s_y + margin): a scalar.

    torch's `MultiMarginLoss` divides the sum by the number of classes; otherwise it is the same.

    Args:
        scores: (batch, classes), higher means likelier.
        labels: classes (batch,) or (batch, 1), integers of any dtype or bool; or one-hot rows.

    Raises:
        TypeError: classes that are not integers.
        ValueError: mismatched shapes, an empty batch, a class out of range, or rows that are not
            one-hot.

    Source: Weston and Watkins, "Support vector machines for multi-class pattern recognition", 1999.
    """
    if scores.ndim != 2 or len(scores) == 0:
        raise ValueError(f"expected scores (batch, classes); got {tuple(scores.shape)}")
    right = class_indices(labels, scores.shape)[:, None]
    margins = (scores - scores.gather(1, right) + margin).clamp(min=0)
    return margins.scatter(1, right, 0.0).sum(dim=1).mean()


def l2_penalty(weights: Iterable[Tensor]) -> Tensor:
    """Σ W² over all entries of all weights: a scalar.

    Its gradient 2W pulls in proportion to the weight. With plain gradient descent, λ Σ W² in the
    loss and the optimizer's weight decay of 2λ are the same; with Adam they are not.

    Args:
        weights: tensors of any shapes, such as those of `weights_of`.

    Raises:
        ValueError: no weights.
    """
    return _total(w.square().sum() for w in weights)


def l1_penalty(weights: Iterable[Tensor]) -> Tensor:
    """Σ |W| over all entries of all weights: a scalar.

    Its gradient is the sign of the weight: a constant pull, which takes small weights to zero. At
    zero, the gradient is taken as 0.

    Args:
        weights: tensors of any shapes.

    Raises:
        ValueError: no weights.

    Source: Tibshirani, "Regression shrinkage and selection via the lasso", 1996.
    """
    return _total(w.abs().sum() for w in weights)


def elastic_net_penalty(weights: Iterable[Tensor], *, beta: float) -> Tensor:
    """Σ β W² + |W| over all entries of all weights: a scalar.

    Args:
        weights: tensors of any shapes.
        beta: weight of the squares relative to the absolute values.

    Raises:
        ValueError: no weights, or a negative beta.

    Source: Zou and Hastie, "Regularization and variable selection via the elastic net", 2005, here
    with one coefficient for the whole penalty.
    """
    if not beta >= 0:
        raise ValueError(f"beta must be at least 0; got {beta}")
    return _total((beta * w.square() + w.abs()).sum() for w in weights)


def elastic_net_penalty_mixing(weights: Iterable[Tensor], *, l1_ratio: float) -> Tensor:
    """Σ r |W| + (1 - r)/2 W², with r the `l1_ratio`: scikit-learn's form.

    Equal to r · elastic_net_penalty with β = (1 - r) / 2r.

    Args:
        weights: tensors of any shapes.
        l1_ratio: r in [0, 1]; 1 is only L1, 0 is half of L2.

    Raises:
        ValueError: no weights, or a ratio out of range.
    """
    if not 0 <= l1_ratio <= 1:
        raise ValueError(f"l1_ratio must be in [0, 1]; got {l1_ratio}")
    return _total((l1_ratio * w.abs() + (1 - l1_ratio) / 2 * w.square()).sum() for w in weights)


def _total(terms: Iterable[Tensor]) -> Tensor:
    terms = list(terms)
    if not terms:
        raise ValueError("a penalty needs at least one weight tensor; got none")
    return sum(terms[1:], start=terms[0])


def weights_of(model: nn.Module) -> list[Tensor]:
    """The model's weights in order: parameters of two or more dimensions, except biases.

    What is left out (biases, batch normalization's scales and shifts) shifts or scales an output
    and does not make the function less smooth. A bias is recognized by its name, since those of an
    `MLP` have two dimensions.
    """
    return [p for name, p in model.named_parameters() if p.ndim >= 2 and "bias" not in name]
