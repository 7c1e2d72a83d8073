"""Checks of the exercises of chapter 10, image captioning."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from lib.attention import additive_attention
from lib.checks import Case, Report, expect_close, expect_parts, run_cases
from lib.visualization.scores import energy_inside

Looked = tuple[Tensor, Tensor]


def check_look_at_grid(look_at_grid: Callable[..., Looked]) -> Report:
    """Check attention over a grid of features.

    Args:
        look_at_grid: maps h (batch, width), z (batch, D, H, W), A (units, width), B (units, D),
            b (units,) and v (units,) to context (batch, D) and weights (batch, H, W).
    """

    def run(scale: float = 1.0) -> tuple[Looked, Looked]:
        h, z, A, B, b, v = _grid_inputs()
        v = scale * v
        states = z.flatten(2).transpose(1, 2)
        context, weights = additive_attention(h @ A.T, states @ B.T + b, states, None, score=v)
        return expect_parts(look_at_grid(h, z, A, B, b, v), 2), (context, weights.view(2, 3, 4))

    def weights() -> None:
        got, expected = run()
        hint = "A h + B z + b in the tanh, then one softmax over all places."
        expect_close(got[1], expected[1], hint=hint)

    def sums() -> None:
        got, _ = run()
        expect_close(got[1].sum(dim=(1, 2)), torch.ones(2), hint="Weights of a picture sum to 1.")

    def context() -> None:
        got, expected = run()
        expect_close(got[0], expected[0], hint="c_d is the sum of a_ij z_dij over i and j.")

    def sure() -> None:
        got, expected = run(1e3)
        expect_close(got[0], expected[0], hint="Large scores: let torch's softmax do it.")

    return run_cases(
        "look at a grid",
        [
            Case("weights", weights),
            Case("they sum to 1", sums),
            Case("context", context),
            Case("very large scores", sure),
        ],
    )


def check_clipped_precision(
    clipped_precision: Callable[[Sequence[str], Sequence[str], int], float],
) -> Report:
    """Check BLEU's clipped n-gram precision.

    Args:
        clipped_precision: maps the candidate's words, the reference's words and n to the share of
            the candidate's n-grams found in the reference, each counted at most as often as there.
    """

    def case(said: str, reference: str, n: int, expected: float, hint: str = "") -> Case:
        def test() -> None:
            got = clipped_precision(said.split(), reference.split(), n)
            expect_close(got, expected, hint=hint)

        return Case(f"n = {n}: “{said}” for “{reference}”", test)

    ring = "a red ring on sand"
    return run_cases(
        "clipped precision",
        [
            case(ring, ring, 1, 1.0),
            case("a red ring on grass", ring, 1, 0.8),
            case("ring on sand", ring, 1, 1.0, "Runs may stand anywhere in the reference."),
            case("a ring and a star", "a ring and a heart", 1, 0.8, "Both “a” count."),
            case("a red ring on grass", ring, 2, 0.75, "Four runs of two words, three are right."),
            case("a a a a", ring, 1, 0.25, "The reference has “a” once: count it once."),
            case("sand on ring red a", ring, 2, 0.0, "Order counts from n = 2 on."),
            case("a ring", ring, 3, 0.0, "No runs of three words at all: return 0."),
        ],
    )


def check_share_inside(share_inside: Callable[[Tensor, Tensor], float]) -> Report:
    """Check the share of weights on a grid that lies inside a mask of the picture.

    Args:
        share_inside: maps weights (H, W) that sum to 1 and mask (height, width) bool, where H
            divides height and W width, to a number from 0 to 1.
    """

    def matches(rows: int, columns: int, seed: int) -> Callable[[], None]:
        def test() -> None:
            weights, mask = _weights_and_mask(rows, columns, seed)
            blown = weights.repeat_interleave(4, 0).repeat_interleave(3, 1)
            expected = energy_inside(blown[None], mask[None])[0]
            expect_close(float(share_inside(weights, mask)), float(expected),
                         hint="A cell that the mask half covers counts half.")  # fmt: skip

        return test

    def whole() -> None:
        weights, mask = _weights_and_mask(2, 2, 0)
        expect_close(float(share_inside(weights, mask | True)), 1.0)

    def none() -> None:
        weights, mask = _weights_and_mask(2, 2, 0)
        expect_close(float(share_inside(weights, mask & False)), 0.0)

    def one_cell() -> None:
        weights = torch.tensor([[0.25, 0.75]])
        mask = torch.zeros(4, 8, dtype=torch.bool)
        mask[:, 4:] = True
        expect_close(float(share_inside(weights, mask)), 0.75, hint="Rows first, then columns.")

    return run_cases(
        "share inside",
        [
            Case("the mask is everything", whole),
            Case("the mask is empty", none),
            Case("the mask is one cell", one_cell),
            Case("a square grid", matches(3, 3, 1)),
            Case("another grid", matches(2, 5, 2)),
        ],
    )


def check_self_attention(self_attention: Callable[..., Tensor]) -> Report:
    """Check scaled dot-product self-attention that sees no later word.

    Args:
        self_attention: maps x (batch, T, d), W_q, W_k and W_v (d, d) to (batch, T, d).
    """

    def inputs() -> tuple[Tensor, ...]:
        g = torch.Generator().manual_seed(3)
        return torch.randn(2, 5, 4, generator=g), *(torch.randn(3, 4, 4, generator=g))

    def expected(x: Tensor, *weights: Tensor, causal: bool = True) -> Tensor:
        q, k, v = (x @ weight.T for weight in weights)
        return functional.scaled_dot_product_attention(q, k, v, is_causal=causal)

    def same() -> None:
        expect_close(self_attention(*inputs()), expected(*inputs()),
                     hint="softmax(q k / √d) v; hide later places before the softmax")  # fmt: skip

    def scale() -> None:
        x, *weights = inputs()
        expect_close(self_attention(3 * x, *weights), expected(3 * x, *weights),
                     hint="Divide the scores by √d.")  # fmt: skip

    def first() -> None:
        x, W_q, W_k, W_v = inputs()
        expect_close(self_attention(x, W_q, W_k, W_v)[:, 0], x[:, 0] @ W_v.T,
                     hint="The first word sees itself alone.")  # fmt: skip

    def later() -> None:
        x, *weights = inputs()
        changed = x.clone()
        changed[:, 3:] += 1
        got = self_attention(changed, *weights)[:, :3]
        expect_close(got, self_attention(x, *weights)[:, :3], hint="It sees later words.")

    return run_cases(
        "self-attention",
        [
            Case("the first word", first),
            Case("all words", same),
            Case("larger numbers", scale),
            Case("later words change nothing", later),
        ],
    )


def _grid_inputs() -> tuple[Tensor, ...]:
    g = torch.Generator().manual_seed(7)
    shapes = ((2, 6), (2, 5, 3, 4), (4, 6), (4, 5), (4,), (4,))
    return tuple(torch.randn(shape, generator=g) / math.sqrt(shape[-1]) for shape in shapes)


def _weights_and_mask(rows: int, columns: int, seed: int) -> Looked:
    g = torch.Generator().manual_seed(seed)
    weights = torch.randn(rows * columns, generator=g).softmax(0).view(rows, columns)
    return weights, torch.rand(4 * rows, 3 * columns, generator=g) < 0.4
