"""Dropout, DropConnect and stochastic depth: parts of a network that are absent in training.

All divide by the probability that a part is kept ("inverted" scaling), so that an output's
expectation is the output without noise, and nothing is left to do at test.
"""

import torch
from torch import Tensor
from torch.nn import functional


def _keep(shape: tuple[int, ...], drop: float, like: Tensor, generator: torch.Generator) -> Tensor:
    """A mask with the device of `like`: False with probability `drop`, drawn by the generator."""
    draws = torch.rand(shape, generator=generator, device=generator.device)
    return (draws >= drop).to(like.device)


def check_drop_probability(p: float) -> None:
    """Raise unless 0 ≤ p < 1.

    Raises:
        ValueError: p is outside [0, 1).
    """
    if not 0 <= p < 1:
        raise ValueError(f"p, the probability of dropping, must be in [0, 1); got {p}")


def check_survival(survival: float) -> None:
    """Raise unless 0 < survival ≤ 1.

    Raises:
        ValueError: survival is outside (0, 1].
    """
    if not 0 < survival <= 1:
        raise ValueError(f"survival, a probability, must be in (0, 1]; got {survival}")


def dropout(x: Tensor, *, p: float, generator: torch.Generator) -> Tensor:
    """x with every entry zeroed with probability p and the others divided by 1 - p.

    For training; at test, use x itself, which is the expectation.

    Args:
        x: any shape.
        p: probability of dropping, in [0, 1).

    Raises:
        ValueError: p is out of range.

    Source: Srivastava et al., "Dropout: A simple way to prevent neural networks from overfitting",
    JMLR 2014. The paper does not divide in training but multiplies weights by 1 - p at test, and
    its p is the probability of keeping.
    """
    check_drop_probability(p)
    return x * _keep(x.shape, p, x, generator) / (1 - p)


def drop_connect(
    x: Tensor, weight: Tensor, bias: Tensor | None, *, p: float, generator: torch.Generator
) -> Tensor:
    """x Wᵀ + b with every weight zeroed with probability p and the others divided by 1 - p.

    For training; at test, use x Wᵀ + b. One mask is drawn for the whole batch.

    Args:
        x: (..., inputs).
        weight: (outputs, inputs).
        bias: (outputs,), never dropped, or None.
        p: probability of dropping, in [0, 1).

    Returns:
        (..., outputs).

    Raises:
        ValueError: p is out of range, or mismatched shapes.

    Cost: one random number per weight, whatever the batch size.

    Source: Wan et al., "Regularization of neural networks using DropConnect", ICML 2013. The paper
    draws a mask per example and drops biases, too; at test it does not use the mean weights, but
    averages the activation over draws from a Gaussian that has the pre-activation's mean and
    variance (section 3.2). Here the test-time layer is the plain one, as with dropout.
    """
    check_drop_probability(p)
    if weight.ndim != 2 or x.ndim < 1 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            "expected x (..., inputs) and weight (outputs, inputs); "
            f"got {tuple(x.shape)} and {tuple(weight.shape)}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bias must be ({weight.shape[0]},); got {tuple(bias.shape)}")
    kept = weight * _keep(weight.shape, p, weight, generator) / (1 - p)
    return functional.linear(x, kept, bias)


def stochastic_depth(
    x: Tensor, branch_output: Tensor, *, survival: float, generator: torch.Generator
) -> Tensor:
    """x + b · branch / survival, with b = 1 with probability `survival`, else 0; per example.

    For training; at test, use x + branch.

    Args:
        x: (batch, ...), what the block's shortcut carries.
        branch_output: what the residual branch computed from x; the same shape.
        survival: probability that the branch is kept, in (0, 1].

    Raises:
        ValueError: survival is out of range, or shapes that differ.

    Cost: the branch is computed for all examples, dropped ones included.

    Source: Huang et al., "Deep networks with stochastic depth", ECCV 2016. The paper draws one b
    per mini-batch, which saves computing the dropped branches, and instead of dividing in training
    multiplies the branch by its survival at test.
    """
    check_survival(survival)
    if x.shape != branch_output.shape or x.ndim < 1:
        raise ValueError(
            "x and branch_output must have one shape (batch, ...); "
            f"got {tuple(x.shape)} and {tuple(branch_output.shape)}"
        )
    b = _keep((len(x), *[1] * (x.ndim - 1)), 1 - survival, x, generator)
    return x + branch_output * (b / survival).to(x.dtype)


def linear_survival(block: int, blocks: int, *, last: float) -> float:
    """The survival 1 - (block / blocks) (1 - last) of one residual block.

    Early blocks are kept more often, since all later ones build on their features.

    Args:
        block: from 1 to `blocks`.
        blocks: the number of blocks.
        last: the last block's survival, in (0, 1]; the paper takes 0.5.

    Raises:
        ValueError: a block that does not exist, or `last` is out of range.

    Source: Huang et al., 2016, equation 4.
    """
    check_survival(last)
    if not 1 <= block <= blocks:
        raise ValueError(f"block must be from 1 to {blocks}; got {block}")
    return 1 - block / blocks * (1 - last)
