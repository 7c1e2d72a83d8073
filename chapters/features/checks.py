"""Checks of the exercises of chapter 6, what models have learned."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.checks import Case, Report, expect_close, run_cases
from lib.visualization import nearest_neighbors, principal_components, receptive_field

Layers = Sequence[tuple[int, int, int]]


def check_edge_filter(edge_filter: Callable[[], Tensor]) -> Report:
    """Check a 3 × 3 filter that responds only to vertical edges that are dark on the left.

    Args:
        edge_filter: takes nothing, returns a tensor (3, 3).
    """

    def response(picture: Tensor) -> Tensor:
        weights = edge_filter()
        if not isinstance(weights, Tensor) or weights.shape != (3, 3):
            what = tuple(weights.shape) if isinstance(weights, Tensor) else type(weights).__name__
            raise AssertionError(f"expected a tensor of shape (3, 3); got {what}")
        return functional.conv2d(picture[None, None], weights.float()[None, None])[0, 0]

    step = (torch.arange(8) >= 4).float()
    beside, below = step.expand(8, 8), step[:, None].expand(8, 8)

    def is_silent(picture: Tensor, hint: str) -> Callable[[], None]:
        return lambda: expect_close(response(picture), torch.zeros(6, 6), hint=hint)

    def rises() -> None:
        found = response(beside)
        if not bool((found.max(dim=1).values > 0.1).all()):
            raise AssertionError("dark on the left, bright on the right must give more than 0.1")

    def falls() -> None:
        if not bool((response(1 - beside).min(dim=1).values < -0.1).all()):
            raise AssertionError("bright on the left, dark on the right must give less than -0.1")

    def agree() -> None:
        short = torch.full((8, 8), 0.5)
        short[4] = step
        if float(response(short).min()) < -1e-6:
            raise AssertionError(
                "a rising edge in one row gives a negative number; rows must agree"
            )

    return run_cases(
        "edge filter",
        [
            Case("a gray picture gives 0",
                 is_silent(torch.full((8, 8), 0.7), "Positive and negative weights must cancel.")),
            Case("a horizontal edge gives 0", is_silent(below, "Each row must sum to zero.")),
            Case("a vertical edge gives a positive number", rises),
            Case("the opposite edge gives a negative one", falls),
            Case("no row works against the others", agree),
        ],
    )  # fmt: skip


def check_unit_box(unit_box: Callable[[Layers, int, int], Sequence[int]]) -> Report:
    """Check the pixels that a unit sees through several layers, not clipped at the border.

    Args:
        unit_box: maps (kernel, stride, padding) of each layer, the first first, and the unit's row
            and column to (top, left, bottom, right), bottom and right exclusive.
    """

    def matches(layers: Layers, row: int, column: int, hint: str = "") -> Callable[[], None]:
        def test() -> None:
            answer = unit_box(list(layers), row, column)
            if not isinstance(answer, tuple | list | Tensor) or len(answer) != 4:
                raise AssertionError(f"expected four numbers; got {answer!r:.60}")
            got = torch.tensor([float(number) for number in answer])
            expect_close(got, torch.tensor(_measure(layers, row, column)), hint=hint)

        return test

    first = "The corner of unit (0, 0) is at minus the padding."
    return run_cases(
        "unit box",
        [
            Case("no layer: a unit is a pixel", matches([], 2, 3)),
            Case("one 3 × 3 layer", matches([(3, 1, 0)], 0, 0)),
            Case("with padding", matches([(3, 1, 1)], 0, 2, first)),
            Case("with a stride", matches([(5, 2, 2)], 1, 4, "Units are a stride apart.")),
            Case("two layers", matches([(3, 2, 1), (3, 1, 1)], 0, 1,
                 "Padding of the second layer counts in units of the first.")),
            Case("AlexNet's first layers", matches([(11, 4, 2), (3, 2, 0), (5, 1, 2)], 3, 5)),
        ],
    )  # fmt: skip


def _measure(layers: Layers, row: int, column: int) -> tuple[float, ...]:
    """The box, measured on a network with these layers."""
    if not layers:
        return row, column, row + 1.0, column + 1.0
    stack = nn.Sequential(*(nn.Conv2d(1, 1, *layer) for layer in layers))
    field = receptive_field(stack, str(len(layers) - 1), image_size=160)
    return tuple(map(float, field.box(row, column, cut=False)))


def check_cosine_neighbors(cosine_neighbors: Callable[[Tensor, int], Tensor]) -> Report:
    """Check the indices of the k rows at the smallest angle to each row, excluding itself.

    Args:
        cosine_neighbors: maps features (n, d) and k to indices (n, k), the closest first.
    """

    def rows() -> Tensor:
        lengths = torch.tensor([1.0, 5.0, 0.2, 3.0, 1.0, 8.0, 0.5, 2.0])[:, None]
        return lengths * torch.randn(8, 4, generator=torch.Generator().manual_seed(3))

    def nearest(k: int) -> None:
        expected = nearest_neighbors(rows(), rows(), k, metric="cosine", exclude_self=True)
        hint = "Divide each row by its length, then one matrix product gives all cosines."
        expect_close(cosine_neighbors(rows(), k), expected.indices, hint=hint)

    def no_self() -> None:
        found = torch.as_tensor(cosine_neighbors(rows(), 3))
        if bool((found == torch.arange(8)[:, None]).any()):
            raise AssertionError("a row is among its own neighbors; give it a cosine below -1")

    def lengths() -> None:
        scaled = rows() * torch.arange(1, 9.0)[:, None]
        expect_close(cosine_neighbors(scaled, 2), cosine_neighbors(rows(), 2),
                     hint="The length of a row must not matter.")  # fmt: skip

    def keeps_input() -> None:
        given = rows()
        cosine_neighbors(given, 2)
        if not torch.equal(given, rows()):
            raise AssertionError("the features were changed; return new tensors")

    return run_cases(
        "cosine neighbors",
        [
            Case("the nearest row", lambda: nearest(1)),
            Case("the three nearest, in order", lambda: nearest(3)),
            Case("no row is its own neighbor", no_self),
            Case("lengths do not matter", lengths),
            Case("the input is left alone", keeps_input),
        ],
    )


def check_compress(compress: Callable[[Tensor, int], Tensor]) -> Report:
    """Check rows rebuilt from their mean and their coordinates along the first directions.

    Args:
        compress: maps features (n, d) and a count to features (n, d) again.
    """

    def rows() -> Tensor:
        generator = torch.Generator().manual_seed(5)
        mixed = torch.randn(30, 6, generator=generator) @ torch.randn(6, 6, generator=generator)
        return mixed + 10

    def matches(count: int, hint: str = "") -> Callable[[], None]:
        def test() -> None:
            found = principal_components(rows(), max(count, 1))
            kept = found.coordinates @ found.directions if count else torch.zeros(30, 6)
            expected = rows().mean(dim=0) + kept
            expect_close(compress(rows(), count), expected, hint=hint, tolerance=1e-3)

        return test

    return run_cases(
        "compress",
        [
            Case("no direction leaves the mean", matches(0, "Add the mean again at the end.")),
            Case("one direction", matches(1, "Subtract the mean before the decomposition.")),
            Case("three directions", matches(3, "Keep the first rows of Vh.")),
            Case("all directions give the rows back", matches(6)),
        ],
    )
