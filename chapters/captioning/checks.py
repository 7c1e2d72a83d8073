"""Checks of the exercises of chapter 10, image captioning."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from chapters.captioning.mistakes import (
    attend_to_itself,
    has_nan,
    precision,
    wrong_attentions,
    wrong_contexts,
    wrong_looks,
    wrong_precisions,
    wrong_shares,
)
from lib.attention import additive_attention
from lib.checks import Case, Report, agrees, expect_close, expect_parts, run_cases
from lib.visualization.scores import energy_inside

Looked = tuple[Tensor, Tensor]


def check_look_at_grid(look_at_grid: Callable[..., Looked]) -> Report:
    """Check attention over a grid of features.

    Args:
        look_at_grid: maps s (batch, width), z (batch, D, rows, columns), W (units, width),
            U (units, D), b (units,) and v (units,) to context (batch, D) and weights (batch, rows,
            columns).
    """

    def run(scale: float = 1.0) -> tuple[Looked, Looked]:
        s, z, W, U, b, v = _grid_inputs()
        v = scale * v
        states = z.flatten(2).transpose(1, 2)
        context, weights = additive_attention(s @ W.T, states @ U.T + b, states, None, score=v)
        got = expect_parts(look_at_grid(*(each.clone() for each in (s, z, W, U, b, v))), 2)
        if agrees(got[0], weights.view(2, 3, 4)) and agrees(got[1], context):
            raise AssertionError("The results are swapped: the context comes first.")
        return got, (context, weights.view(2, 3, 4))

    def weights() -> None:
        got, expected = run()
        hint = (
            "Inside the tanh stands the sum of two products and b. One softmax covers all places."
        )
        expect_close(got[1], expected[1], wrong_looks(*_grid_inputs()), hint)

    def sums() -> None:
        got, _ = run()
        total = torch.as_tensor(got[1]).flatten(1).sum(1)
        expect_close(total, torch.ones(2), {}, "The weights of all places of a picture sum to 1.")

    def context() -> None:
        (got, weights), expected = run()
        z = _grid_inputs()[1]
        fits = getattr(weights, "shape", ()) == (2, 3, 4)
        if fits and agrees(got, torch.einsum("nij,ndij->nd", weights, z)):
            expect_close(
                got, expected[0], {}, "This fits your weights, but they are not right yet."
            )
        hint = "The context is the sum of all places' features, each times the place's weight."
        expect_close(got, expected[0], wrong_contexts(z, expected[1]), hint)

    def sure() -> None:
        (_, small), _ = run()
        got, expected = run(1e3)
        if has_nan(got[1]) and not has_nan(small):
            raise AssertionError("exp of a large score overflows; torch's softmax copes with it.")
        expect_close(got[0], expected[0])

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

    def case(said: str, reference: str, n: int, hint: str = "") -> Case:
        def test() -> None:
            given = said.split(), reference.split(), n
            try:
                got = clipped_precision(said.split(), reference.split(), n)
            except ZeroDivisionError:
                raise AssertionError("You divided by 0. Without any run, return 0.") from None
            expect_close(got, precision(*given), wrong_precisions(*given), hint)

        return Case(f"n = {n}: “{said}” for “{reference}”", test)

    ring = "a red ring on sand"
    return run_cases(
        "clipped precision",
        [
            case(ring, ring, 1),
            case("a red ring on grass", ring, 1),
            case("ring on sand", ring, 1, "A run may stand anywhere in the reference."),
            case("a ring and a star", "a ring and a heart", 1, "The reference has “a” twice."),
            case("a red ring on grass", ring, 2, "There are four runs of two words."),
            case("a a a a", ring, 1, "The reference has “a” once, so it counts once."),
            case("sand on ring red a", ring, 2, "The order counts from n = 2 on."),
            case("a red ring and a star on sand", ring, 2, "Divide by the runs of what was said."),
            case("a ring", ring, 3, "There are no runs of three words at all, so return 0."),
        ],
    )


def check_share_inside(share_inside: Callable[[Tensor, Tensor], float]) -> Report:
    """Check the share of weights on a grid that lies inside a mask of the picture.

    Args:
        share_inside: maps weights (H, W) that sum to 1 and mask (height, width) bool, where H
            divides height and W width, to a number from 0 to 1.
    """

    def run(weights: Tensor, mask: Tensor, expected: Tensor | float, hint: str = "") -> None:
        got = share_inside(weights.clone(), mask.clone())
        try:
            number = float(got)
        except (TypeError, ValueError, RuntimeError):
            raise AssertionError(f"expected one number; got {type(got).__name__}") from None
        expect_close(number, expected, wrong_shares(weights, mask), hint)

    def matches(rows: int, columns: int, seed: int) -> Callable[[], None]:
        def test() -> None:
            weights, mask = _weights_and_mask(rows, columns, seed)
            blown = weights.repeat_interleave(4, 0).repeat_interleave(3, 1)
            expected = energy_inside(blown[None], mask[None])[0]
            run(
                weights, mask, expected, "If half of a place is covered, half of its weight counts."
            )

        return test

    def whole() -> None:
        weights, mask = _weights_and_mask(2, 2, 0)
        run(weights, mask | True, 1.0, "If the thing covers everything, all the weight is inside.")

    def none() -> None:
        weights, mask = _weights_and_mask(2, 2, 0)
        run(weights, mask & False, 0.0, "If there is no thing, no weight is inside.")

    def one_cell() -> None:
        mask = torch.zeros(4, 8, dtype=torch.bool)
        mask[:, 4:] = True
        run(torch.tensor([[0.25, 0.75]]), mask, 0.75, "The thing covers the right place.")

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


def check_self_attention(self_attention: Callable[..., Tensor], window: int = 3) -> Report:
    """Check scaled dot-product self-attention that sees the last few words and no later one.

    Args:
        self_attention: maps x (batch, T, d), W_q, W_k and W_v (d, d) to (batch, T, d).
        window: the number of words that a word sees, itself included.
    """

    def inputs(scale: float = 1.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        g = torch.Generator().manual_seed(3)
        x = scale * torch.randn(2, 8, 4, generator=g)
        query, key, value = torch.randn(3, 4, 4, generator=g) / 2
        return x, query, key, value

    def matches(scale: float, steps: slice, hint: str) -> Callable[[], None]:
        def test() -> None:
            got = self_attention(*inputs(scale))
            if has_nan(got):
                raise AssertionError("Some results are nan: is there a word that sees no word?")
            if not isinstance(got, Tensor) or got.shape != (2, 8, 4):
                expect_close(got, attend_to_itself(*inputs(scale), 1 - window))
            wrong = wrong_attentions(*inputs(scale), window)
            mistakes = {said: torch.as_tensor(each)[:, steps] for said, each in wrong.items()}
            right = torch.as_tensor(attend_to_itself(*inputs(scale), 1 - window))[:, steps]
            expect_close(got[:, steps], right, mistakes, hint)

        return test

    def first() -> None:
        x, W_q, W_k, W_v = inputs()
        got = self_attention(x, W_q, W_k, W_v)
        mistakes = {"The values are x itself; W_v is not used.": x[:, 0],
                    "Project with x @ W_v.T.": x[:, 0] @ W_v}  # fmt: skip
        hint = "The first word sees only itself, so its result is its own value."
        expect_close(got[:, 0], x[:, 0] @ W_v.T, mistakes, hint)

    def unseen(words: slice, change: slice, hint: str) -> Callable[[], None]:
        def test() -> None:
            x, *weights = inputs()
            changed = x.clone()
            changed[:, change] += 1
            got = self_attention(changed, *weights)[:, words]
            expect_close(got, self_attention(x, *weights)[:, words].detach(), {}, hint)

        return test

    late, early = "Words see later words.", "A word sees words that its window does not reach."
    return run_cases(
        "self-attention",
        [
            Case("the first word", first),
            Case("all words", matches(1.0, slice(None), "")),
            Case("larger numbers", matches(3.0, slice(None), "")),
            Case("later words change nothing", unseen(slice(0, 3), slice(3, None), late)),
            Case("words before the window change nothing",
                 unseen(slice(window, None), slice(0, 1), early)),
        ],
    )  # fmt: skip


def _grid_inputs() -> tuple[Tensor, ...]:
    g = torch.Generator().manual_seed(7)
    shapes = ((2, 6), (2, 5, 3, 4), (4, 6), (4, 5), (4,), (4,))
    return tuple(torch.randn(shape, generator=g) / math.sqrt(shape[-1]) for shape in shapes)


def _weights_and_mask(rows: int, columns: int, seed: int) -> Looked:
    g = torch.Generator().manual_seed(seed)
    weights = torch.randn(rows * columns, generator=g).softmax(0).view(rows, columns)
    return weights, torch.rand(4 * rows, 3 * columns, generator=g) < 0.4
