"""Layers that are random in training and deterministic (often the identity) in evaluation mode.

A layer holds its generator and is copied and pickled with it: a copy continues the same numbers,
and layers that share a generator share its copy. The generator is not part of the state dict.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.regularization import noise, pooling
from lib.validation import check_images


class Dropout(nn.Module):
    """`dropout` in training, the identity at test.

    Args:
        p: probability of dropping, in [0, 1).
        generator: source of the masks.

    Raises:
        ValueError: p is out of range.
    """

    def __init__(self, p: float, generator: torch.Generator):
        super().__init__()
        noise.check_drop_probability(p)
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        """A tensor of x's shape."""
        return noise.dropout(x, p=self.p, generator=self.generator) if self.training else x

    def extra_repr(self) -> str:
        """What the layer's `repr` shows between parentheses."""
        return f"p={self.p}"


class DropConnectLinear(nn.Module):
    """A linear layer: `drop_connect` in training, all its weights at test.

    Weights start with He's scale, drawn from the generator on its device; biases are zero.

    Args:
        in_features, out_features: numbers of inputs and outputs.
        p: probability of dropping a weight, in [0, 1).
        generator: source of the initial weights and the masks.
        bias: whether to add a bias.

    Raises:
        ValueError: p is out of range, or a size below 1.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        p: float,
        generator: torch.Generator,
        *,
        bias: bool = True,
    ):
        super().__init__()
        noise.check_drop_probability(p)
        if in_features < 1 or out_features < 1:
            raise ValueError(f"sizes must be at least 1; got {in_features} and {out_features}")
        self.p, self.generator = p, generator
        draws = torch.randn(out_features, in_features, generator=generator, device=generator.device)
        self.weight = nn.Parameter(draws * (2 / in_features) ** 0.5)
        zeros = torch.zeros(out_features, device=generator.device)
        self.bias = nn.Parameter(zeros) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(..., out_features) from (..., in_features)."""
        if not self.training:
            return functional.linear(x, self.weight, self.bias)
        return noise.drop_connect(x, self.weight, self.bias, p=self.p, generator=self.generator)

    def extra_repr(self) -> str:
        """What the layer's `repr` shows between parentheses."""
        outputs, inputs = self.weight.shape
        return f"{inputs}, {outputs}, p={self.p}, bias={self.bias is not None}"


class FractionalMaxPool2d(nn.Module):
    """`fractional_max_pool2d` in training; at test, the same windows every time, with u = 1/2.

    To average predictions over several draws instead, as the paper does, put this layer into
    training mode and call the model several times.

    Args:
        output_ratio: output over input size, in [1/2, 1); sizes are rounded to the nearest
            size that the pooling allows.
        output_size: (height, width) after pooling, or one number for both, instead of the ratio.
        generator: source of the windows' positions.

    Raises:
        ValueError: both a ratio and a size, neither, or a ratio out of range.
    """

    def __init__(
        self,
        *,
        output_ratio: float | None = None,
        output_size: int | tuple[int, int] | None = None,
        generator: torch.Generator,
    ):
        super().__init__()
        if (output_ratio is None) == (output_size is None):
            raise ValueError(
                "expected output_ratio or output_size, one of them; "
                f"got {output_ratio} and {output_size}"
            )
        if output_ratio is not None and not 0.5 <= output_ratio < 1:
            raise ValueError(f"output_ratio must be in [0.5, 1); got {output_ratio}")
        self.output_ratio, self.output_size, self.generator = output_ratio, output_size, generator

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, *output size) from (batch, channels, height, width)."""
        check_images(x, name="x")
        size = self._size(x)
        if not self.training:
            return pooling.fractional_max_pool2d_fixed(x, output_size=size)
        return pooling.fractional_max_pool2d(x, output_size=size, generator=self.generator)

    def _size(self, x: Tensor) -> int | tuple[int, int]:
        if self.output_size is not None:
            return self.output_size
        assert self.output_ratio is not None  # one of the two is given
        height, width = (_scaled(side, self.output_ratio) for side in x.shape[2:])
        return height, width

    def extra_repr(self) -> str:
        """What the layer's `repr` shows between parentheses."""
        if self.output_size is None:
            return f"output_ratio={self.output_ratio}"
        return f"output_size={self.output_size}"


def _scaled(side: int, ratio: float) -> int:
    return min(max(round(side * ratio), -(-side // 2)), side - 1)


class StochasticDepth(nn.Module):
    """Joins a residual branch to its shortcut: `stochastic_depth` in training, the sum at test.

    Args:
        survival: probability that the branch is kept, in (0, 1].
        generator: source of the draws.

    Raises:
        ValueError: survival is out of range.
    """

    def __init__(self, survival: float, generator: torch.Generator):
        super().__init__()
        noise.check_survival(survival)
        self.survival, self.generator = survival, generator

    def forward(self, x: Tensor, branch_output: Tensor) -> Tensor:
        """A tensor of x's shape; `branch_output` must have the same shape."""
        if not self.training or self.survival == 1:
            return x + branch_output
        return noise.stochastic_depth(
            x, branch_output, survival=self.survival, generator=self.generator
        )

    def extra_repr(self) -> str:
        """What the layer's `repr` shows between parentheses."""
        return f"survival={self.survival}"
