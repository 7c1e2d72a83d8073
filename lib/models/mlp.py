"""Multilayer perceptrons, one at a time or many in a stack."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib.activations import get_activation
from lib.initialization import init_std


class Trace(NamedTuple):
    """A forward pass with all its intermediate values.

    Attributes:
        logits: (..., batch, classes).
        pre: per hidden layer, the pre-activations (..., batch, pieces · units).
        post: per hidden layer, the activations (..., batch, units).
    """

    logits: Tensor
    pre: list[Tensor]
    post: list[Tensor]


class MLP(nn.Module):
    """A multilayer perceptron: h ← f(h W + b) for each hidden layer, then logits = h W + b.

    Weights are normal with the initialization's standard deviation, biases zero. With `stack`,
    the parameters get a leading dimension and the same code runs many networks at once.

    Args:
        inputs: features per example.
        hidden: units of each hidden layer; may be empty (a linear classifier).
        classes: number of logits.
        activation: a key of `lib.activations.ACTIVATIONS`.
        init: a key of `lib.initialization.INITIALIZATIONS`; None takes the activation's own.
        generator: source of the initial weights; they are on its device.

    Raises:
        ValueError: a size below 1, an unknown activation or initialization.
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int],
        classes: int,
        *,
        activation: str = "relu",
        init: str | None = None,
        generator: torch.Generator,
    ):
        super().__init__()
        sizes = [inputs, *hidden, classes]
        if min(sizes) < 1:
            raise ValueError(f"every layer needs at least 1 unit; got {sizes}")
        self.inputs = inputs
        self.activation = activation
        chosen = get_activation(activation)
        pieces = [chosen.pieces] * len(hidden) + [1]
        self.weights = nn.ParameterList()
        self.biases = nn.ParameterList()
        for fan_in, units, p in zip(sizes, sizes[1:], pieces, strict=False):
            std = init_std(init or chosen.init, fan_in, units)
            draw = torch.randn(fan_in, p * units, generator=generator, device=generator.device)
            self.weights.append(nn.Parameter(std * draw))
            self.biases.append(nn.Parameter(torch.zeros(1, p * units, device=generator.device)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, classes) of `x` (batch, inputs); a stack prepends (copies,).

        A stack also takes (copies, batch, inputs): a separate batch for each copy.
        """
        return self.trace(x).logits

    def trace(self, x: Tensor) -> Trace:
        """The forward pass with each hidden layer's pre-activations and activations.

        Raises:
            ValueError: the last dimension of `x` is not `inputs`.
        """
        if x.ndim < 2 or x.shape[-1] != self.inputs:
            raise ValueError(f"expected x of shape (batch, {self.inputs}); got {tuple(x.shape)}")
        f = get_activation(self.activation).function
        pre, post, h = [], [], x
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            z = h @ W + b
            h = f(z)
            pre.append(z)
            post.append(h)
        return Trace(h @ self.weights[-1] + self.biases[-1], pre, post)


def stack(models: Sequence[MLP]) -> MLP:
    """One MLP that computes all of `models` at once, with copies of their parameters.

    Its parameters are (copies, ...) and its outputs (copies, batch, classes); copy i computes what
    models[i] does. On a CPU this turns many small matrix products into few larger ones.

    Raises:
        ValueError: no models, or models of different shape or activation.
    """
    if not models:
        raise ValueError("stack needs at least one model; got none")
    kinds = {(m.activation, *(tuple(p.shape) for p in m.parameters())) for m in models}
    if len(kinds) > 1:
        raise ValueError(f"stack needs models of one shape and activation; got {sorted(kinds)}")
    first = models[0]
    stacked = MLP(first.inputs, [], 1, activation=first.activation, generator=torch.Generator())
    for name in ("weights", "biases"):
        layers = zip(*(getattr(m, name) for m in models), strict=True)
        setattr(stacked, name, nn.ParameterList(torch.stack(list(p)).detach() for p in layers))
    return stacked
