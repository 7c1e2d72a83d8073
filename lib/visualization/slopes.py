"""Gradients of scores with respect to pixels, or to a layer's output."""

import torch
from torch import Tensor, nn

from lib.visualization.base import Neuron, target_scores
from lib.visualization.examining import check_differentiable

NO_SLOPE = "the score does not depend on the pixels through anything with a slope"


def image_gradients(
    model: nn.Module, images: Tensor, target: Tensor | Neuron, *, batch_size: int
) -> Tensor:
    """The gradient of each image's score with respect to its pixels, in the images' shape.

    Call this inside `examined`. Images are taken `batch_size` at a time to bound the memory.

    Raises:
        ValueError: a batch size below 1, or what `as_leaf` and `slope` refuse.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    parts = []
    for start in range(0, len(images), batch_size):
        rows = slice(start, start + batch_size)
        x = as_leaf(model, images[rows])
        part = target if isinstance(target, Neuron) else target[rows]
        scores = target_scores(model, x.clone(), part)  # a copy: the first layer may work in place
        parts.append(slope(scores, x))
    return torch.cat(parts)


def as_leaf(model: nn.Module, images: Tensor) -> Tensor:
    """A copy of the images for which gradients through the model are recorded.

    Raises:
        ValueError: the model was made under `torch.inference_mode`.
    """
    check_differentiable(model)
    return images.detach().clone().requires_grad_()


def slope(scores: Tensor, x: Tensor, *, missing: str = NO_SLOPE) -> Tensor:
    """The gradient of the sum of the scores with respect to x, in the shape of x.

    Args:
        missing: the message if there is none.

    Raises:
        ValueError: the scores do not depend on x, or the model checkpoints activations by a method
            that cannot be differentiated with respect to x alone.
    """
    if not scores.requires_grad:
        raise ValueError(missing)
    try:
        (gradient,) = torch.autograd.grad(scores.sum(), x, allow_unused=True)
    except RuntimeError as error:
        if "use_reentrant" not in str(error):
            raise
        raise ValueError(
            "the model calls torch.utils.checkpoint with use_reentrant=True, which computes no "
            "gradient for images alone; set use_reentrant=False"
        ) from error
    if gradient is None:
        raise ValueError(missing)
    return gradient
