"""Checks of the exercises of chapter 6, what models have learned."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.checks import Case, Mistakes, Report, expect_close, explain, run_cases
from lib.visualization import nearest_neighbors, principal_components, receptive_field

Layers = Sequence[tuple[int, int, int]]


def check_edge_filter(edge_filter: Callable[[], Tensor], strength: float = 0.6) -> Report:
    """Check a 3 × 3 filter that responds only to vertical edges that are dark on the left.

    Args:
        edge_filter: takes nothing, returns a tensor (3, 3).
        strength: the largest response to an edge from 0 to 1.
    """

    def response(picture: Tensor) -> Tensor:
        found = edge_filter()
        weights = torch.from_numpy(found) if isinstance(found, np.ndarray) else found
        if not isinstance(weights, Tensor) or weights.shape != (3, 3):
            what = tuple(weights.shape) if isinstance(weights, Tensor) else type(weights).__name__
            raise AssertionError(f"expected a tensor of shape (3, 3); got {what}")
        return functional.conv2d(picture[None, None], weights.detach().float()[None, None])

    def strongest(picture: Tensor) -> float:
        found = response(picture).flatten()
        return float(found[found.abs().argmax()])

    step = (torch.arange(8) >= 4).float()
    beside, below = step.expand(8, 8), step[:, None].expand(8, 8)

    def is_silent(picture: Tensor, hint: str) -> Callable[[], None]:
        return lambda: expect_close(strongest(picture), 0.0, hint=hint)

    def rises() -> None:
        hint = "Does it find horizontal edges? Then exchange rows and columns."
        if strongest(beside) < -1e-4:
            hint = "The signs are the wrong way round. Note that (1) does not turn the filter over."
        elif strongest(beside) > 1e-4:
            hint = "Multiply all nine weights by one number."
        expect_close(strongest(beside), strength, hint=hint)

    def falls() -> None:
        least = float(response(1 - beside).min())
        hint = "Dark and bright exchanged must change the sign. Do you need negative weights?"
        expect_close(least, -strength, hint=hint)

    def agree() -> None:
        short = torch.full((8, 8), 0.5)
        short[4] = step
        if float(response(short).min()) < -1e-6:
            raise AssertionError(
                "a rising edge in a single row gives a negative number: some row of your filter "
                "finds edges the other way round"
            )

    return run_cases(
        "edge filter",
        [
            Case("a gray picture gives 0",
                 is_silent(torch.full((8, 8), 0.7), "Positive and negative weights must cancel.")),
            Case("a horizontal edge gives 0",
                 is_silent(below, "In each single row the weights must cancel.")),
            Case(f"a vertical edge gives {strength:g}", rises),
            Case(f"the opposite edge gives {-strength:g}", falls),
            Case("no row works against the others", agree),
        ],
    )  # fmt: skip


def check_unit_box(unit_box: Callable[[Layers, int, int], Sequence[int]]) -> Report:
    """Check the pixels that a unit sees through several layers, not clipped at the border.

    Args:
        unit_box: maps (kernel, stride, padding) of each layer, the first first, and the unit's row
            and column to (top, left, bottom, right), bottom and right exclusive.
    """

    def matches(layers: Layers, row: int, column: int) -> Callable[[], None]:
        def test() -> None:
            answer = unit_box(list(layers), row, column)
            if not isinstance(answer, tuple | list | Tensor | np.ndarray) or len(answer) != 4:
                raise AssertionError(f"expected four numbers; got {answer!r:.60}")
            got = torch.tensor([float(number) for number in answer])
            expected = torch.tensor(_measure(layers, row, column))
            hint = explain(got, _misread_boxes(layers, row, column))
            width, right = float(got[2] - got[0]), float(expected[2] - expected[0])
            if not hint and width != right:
                hint = (
                    f"The box is {right:g} pixels wide, and yours {width:g}: follow (8) in order."
                )
            hint = (
                hint or "The size is right. Where does unit (0, 0) begin, and how far is the next?"
            )
            expect_close(got, expected, hint=hint)

        return test

    return run_cases(
        "unit box",
        [
            Case("no layer: a unit is a pixel", matches([], 2, 3)),
            Case("one 3 × 3 layer", matches([(3, 1, 0)], 0, 0)),
            Case("with padding", matches([(3, 1, 1)], 0, 2)),
            Case("with a stride", matches([(5, 2, 2)], 1, 4)),
            Case("two layers", matches([(3, 2, 1), (3, 1, 1)], 0, 1)),
            Case("AlexNet's first layers", matches([(11, 4, 2), (3, 2, 0), (5, 1, 2)], 3, 5)),
        ],
    )


def _misread_boxes(layers: Layers, row: int, column: int) -> dict[str, Tensor]:
    """The boxes that common mistakes give, under what the learner is told about them."""
    box = _box(layers, row, column)
    unpadded = _box([(kernel, stride, 0) for kernel, stride, _ in layers], row, column)
    longer = _box(
        [(kernel + 1, stride, padding) for kernel, stride, padding in layers], row, column
    )
    return {
        "Row and column are exchanged: the order is top, left, bottom, right.":
            _box(layers, column, row),
        "Bottom and right are exclusive: one more than the last pixel.":
            box - torch.tensor([0, 0, 1, 1]),
        "Return where the box ends, not how large it is.": torch.cat([box[:2], box[2:] - box[:2]]),
        "Do not cut the box at the border: numbers may be negative.": box.clamp(min=0),
        "What about the padding? Unit (0, 0) may begin outside the picture.": unpadded,
        "Padding moves the box up and to the left, not down and to the right.": 2 * unpadded - box,
        "The padding of a later layer counts in units of the layer below it, not in pixels.":
            unpadded - sum(padding for _, _, padding in layers),
        "From the first to the last of k units it is k - 1 steps, not k.": longer,
        "Neighboring units lie further apart than one pixel: use j of (8).":
            _box(layers, 0, 0) + torch.tensor([row, column] * 2),
        "The first layer comes first in the list; you began with the last.":
            _box(layers[::-1], row, column),
    }  # fmt: skip


def _box(layers: Layers, row: int, column: int) -> Tensor:
    """The box by the formula, which works for layers that no network could have, too."""
    r, j, start = 1, 1, 0
    for kernel, stride, padding in layers:
        r, j, start = r + (kernel - 1) * j, j * stride, start - padding * j
    return torch.tensor([row, column, row, column]) * j + start + torch.tensor([0, 0, r, r])


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
        expected = nearest_neighbors(rows(), rows(), k, metric="cosine", exclude_self=True).indices
        answer = cosine_neighbors(rows(), k)
        hint = explain(answer, _misread_neighbors(rows(), k))
        expect_close(answer, expected, hint=hint or "Compare the cosines of a few rows by hand.")

    def parallel() -> None:
        given = torch.tensor([[3.0, 4.0], [6.0, 8.0], [8.0, -6.0], [4.0, -3.0]])
        hint = ("Of two rows in the same direction, either may come first when you sort. Exclude "
                "each row by its number, not by its place in the order.")  # fmt: skip
        expect_close(cosine_neighbors(given, 1), torch.tensor([[1], [0], [3], [2]]), hint=hint)

    def keeps_input() -> None:
        given = rows()
        cosine_neighbors(given, 2)
        if not torch.equal(given, rows()):
            raise AssertionError("the features were changed in place; return new tensors")

    return run_cases(
        "cosine neighbors",
        [
            Case("the nearest row", lambda: nearest(1)),
            Case("the three nearest, in order", lambda: nearest(3)),
            Case("a row beside another of its direction is not its own neighbor", parallel),
            Case("the input is left alone", keeps_input),
        ],
    )


def _misread_neighbors(rows: Tensor, k: int) -> Mistakes:
    """The answers that common mistakes give, under what the learner is told about them."""
    directions = rows / rows.norm(dim=1, keepdim=True)
    cosines, myself = directions @ directions.T, torch.eye(len(rows), dtype=torch.bool)
    others, products = cosines.masked_fill(myself, -9), (rows @ rows.T).masked_fill(myself, -9e9)
    ranked = others.argsort(dim=1, descending=True)[:, :k]
    columns = rows / rows.norm(dim=0)
    return {
        "Return the indices of the rows, not their cosines.": others.gather(1, ranked),
        "These are the nearest by distance: lengths must not matter.":
            nearest_neighbors(rows, rows, k, exclude_self=True).indices,
        "Long rows win in plain inner products: divide each row by its length.":
            products.argsort(dim=1, descending=True)[:, :k],
        "Divide by the lengths of rows; you took those of columns.":
            (columns @ columns.T).masked_fill(myself, -9).argsort(dim=1, descending=True)[:, :k],
        "These have the largest angles: the smallest angle has the largest cosine.":
            cosines.argsort(dim=1)[:, :k],
        "The first of each row is the row itself.":
            cosines.argsort(dim=1, descending=True)[:, :k],
        "These are the right rows; the closest comes first.": ranked.flip(1),
    }  # fmt: skip


def check_compress(compress: Callable[[Tensor, int], Tensor]) -> Report:
    """Check rows rebuilt from their mean and their coordinates along the first directions.

    Args:
        compress: maps features (n, d) and a count to features (n, d) again.
    """

    def rows() -> Tensor:
        generator = torch.Generator().manual_seed(5)
        mixed = torch.randn(30, 6, generator=generator) @ torch.randn(6, 6, generator=generator)
        return mixed + 10

    def matches(count: int) -> Callable[[], None]:
        def test() -> None:
            found = principal_components(rows(), max(count, 1))
            kept = found.coordinates @ found.directions if count else torch.zeros(30, 6)
            expected = rows().mean(dim=0) + kept
            answer = compress(rows(), count)
            hint = explain(answer, _misread_rows(rows(), count), tolerance=1e-3)
            if hint and answer.shape != expected.shape:
                raise AssertionError(hint)
            expect_close(answer, expected, hint=hint, tolerance=1e-3)

        return test

    return run_cases(
        "compress",
        [
            Case("no direction leaves the mean", matches(0)),
            Case("one direction", matches(1)),
            Case("three directions", matches(3)),
            Case("all directions give the rows back", matches(6)),
        ],
    )


def _misread_rows(rows: Tensor, count: int) -> Mistakes:
    """The answers that common mistakes give, under what the learner is told about them."""

    def kept(given: Tensor, directions: Tensor) -> Tensor:
        return given @ directions.T @ directions

    mean, each = rows.mean(dim=0), rows.mean(dim=1, keepdim=True)
    X = rows - mean
    Vh = torch.linalg.svd(X)[2]
    plain, across = torch.linalg.svd(rows)[2], torch.linalg.svd(rows - each)[2]
    return {
        "These are the coordinates; multiply them by the directions to get rows again.":
            X @ Vh[:count].T,
        "Add the mean again at the end.": kept(X, Vh[:count]),
        "Subtract the mean before you look for directions.": kept(rows, plain[:count]),
        "The directions are rows of Vh; you took its columns.": mean + kept(X, Vh[:, :count].T),
        "The first directions count, those with the largest singular values.":
            mean + kept(X, Vh[len(Vh) - count:]),
        "That is one direction too many.": mean + kept(X, Vh[:count + 1]),
        "The mean is over the rows, so it has one number for each column.":
            each + kept(rows - each, across[:count]),
        "Nothing was left out: use `count`.": rows,
    }  # fmt: skip
