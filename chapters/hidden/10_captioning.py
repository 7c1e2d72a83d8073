"""Hidden tests of chapter 10: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from lib.attention import additive_attention
from lib.checks import Case, expect_close
from lib.visualization.scores import energy_inside


def look_at_grid(names: Mapping[str, object]) -> list[Case]:
    """One place, a large grid, one picture, gradients to the features."""
    f = names["look_at_grid"]

    def inputs(batch: int, rows: int, columns: int) -> list[Tensor]:
        g = torch.Generator().manual_seed(rows)
        shapes = ((batch, 3), (batch, 4, rows, columns), (5, 3), (5, 4), (5,), (5,))
        return [torch.randn(shape, generator=g) for shape in shapes]

    def matches(batch: int, rows: int, columns: int) -> None:
        h, z, W, U, b, v = inputs(batch, rows, columns)
        states = z.flatten(2).transpose(1, 2)
        context, weights = additive_attention(h @ W.T, states @ U.T + b, states, None, score=v)
        got = f(*inputs(batch, rows, columns))
        expect_close(got[0], context)
        expect_close(got[1], weights.view(batch, rows, columns))

    def gradient() -> None:
        h, z, *rest = inputs(2, 3, 2)
        z.requires_grad_()
        (slope,) = torch.autograd.grad(f(h, z, *rest)[0].sum(), z)
        if not bool((slope != 0).all()):
            raise AssertionError("every place should get a gradient")

    return [
        Case("one place", lambda: matches(2, 1, 1)),
        Case("a grid that is no square", lambda: matches(3, 7, 2)),
        Case("one picture", lambda: matches(1, 4, 4)),
        Case("gradients reach every place", gradient),
    ]


def clipped_precision(names: Mapping[str, object]) -> list[Case]:
    """Repeated n-grams, empty sentences, and lists that must not be changed."""
    f = names["clipped_precision"]

    def leaves_alone() -> None:
        said, reference = ["a", "b", "a"], ["a", "a"]
        f(said, reference, 1)
        if (said, reference) != (["a", "b", "a"], ["a", "a"]):
            raise AssertionError("an argument was changed")

    return [
        Case("a run twice in both", lambda: expect_close(
            f(["x", "y", "x", "y"], ["x", "y", "z", "x", "y"], 2), 2 / 3)),
        Case("a run more often than in the reference", lambda: expect_close(
            f(["x", "y", "x", "y", "x", "y"], ["x", "y", "z"], 2), 1 / 5)),
        Case("nothing said", lambda: expect_close(f([], ["a"], 1), 0.0)),
        Case("no reference words", lambda: expect_close(f(["a", "b"], [], 1), 0.0)),
        Case("the arguments are left alone", leaves_alone),
    ]  # fmt: skip


def share_inside(names: Mapping[str, object]) -> list[Case]:
    """Large pictures, and shares that add up."""
    f = names["share_inside"]

    def parts(rows: int, columns: int, scale: int) -> tuple[Tensor, Tensor]:
        g = torch.Generator().manual_seed(rows + columns)
        weights = torch.rand(rows, columns, generator=g)
        mask = torch.rand(scale * rows, scale * columns, generator=g) < 0.3
        return weights / weights.sum(), mask

    def matches(rows: int, columns: int, scale: int) -> None:
        weights, mask = parts(rows, columns, scale)
        blown = weights.repeat_interleave(scale, 0).repeat_interleave(scale, 1)
        expect_close(
            float(f(weights.clone(), mask.clone())),
            float(energy_inside(blown[None], mask[None])[0]),
        )

    def adds_up() -> None:
        weights, mask = parts(3, 4, 5)
        whole = float(f(weights.clone(), mask.clone())) + float(f(weights.clone(), ~mask))
        expect_close(whole, 1.0)

    return [
        Case("one pixel for each cell", lambda: matches(3, 5, 1)),
        Case("sixteen pixels a side", lambda: matches(6, 6, 16)),
        Case("inside and outside are everything", adds_up),
    ]


def self_attention(names: Mapping[str, object], WINDOW: int = 3) -> list[Case]:
    """One word, many words, numbers so large that a plain softmax overflows."""
    f = names["self_attention"]

    def matches(batch: int, steps: int, d: int, scale: float = 1.0) -> None:
        g = torch.Generator().manual_seed(steps)
        x, *weights = torch.randn(batch, steps, d, generator=g), *torch.randn(3, d, d, generator=g)
        q, k, v = (scale * x @ weight.T for weight in weights)
        seen = torch.ones(steps, steps, dtype=torch.bool).tril().triu(1 - WINDOW)
        expected = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        expect_close(f(scale * x, *weights), expected, tolerance=1e-3 * max(1, scale))

    return [
        Case("one word", lambda: matches(2, 1, 3)),
        Case("thirty words", lambda: matches(1, 30, 8)),
        Case("very large scores", lambda: matches(2, 9, 4, scale=30.0)),
    ]
