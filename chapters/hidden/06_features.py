"""Hidden tests of chapter 6: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from lib.checks import Case, expect_close
from lib.visualization import nearest_neighbors, principal_components, receptive_field


def edge_filter(names: Mapping[str, object], STRENGTH: float = 0.6) -> list[Case]:
    """Slopes, edges of any contrast, and edges in one row, whichever it is."""
    f = names["edge_filter"]

    def response(picture: torch.Tensor) -> torch.Tensor:
        weights = torch.as_tensor(f()).float()
        return functional.conv2d(picture[None, None], weights[None, None])[0, 0]

    def ramp() -> None:
        down = torch.linspace(0, 1, 9)[:, None].expand(9, 9)
        expect_close(response(down), torch.zeros(7, 7))

    def linear() -> None:
        edge = (torch.arange(9) >= 5).float().expand(9, 9)
        expect_close(response(0.2 + 0.5 * edge), 0.5 * response(edge))
        expect_close(response(0.2 + 0.5 * edge).max(), 0.5 * STRENGTH)

    def short() -> None:
        for row in range(9):
            picture = torch.full((9, 9), 0.5)
            picture[row] = (torch.arange(9) >= 5).float()
            expect_close(response(picture).clamp(max=0), torch.zeros(7, 7))

    return [
        Case("an edge in one row never counts the other way round", short),
        Case("a slope from top to bottom gives 0", ramp),
        Case("half the contrast gives half the answer, whatever the light", linear),
    ]


def unit_box(names: Mapping[str, object]) -> list[Case]:
    """Stacks the visible check does not name."""
    f = names["unit_box"]

    def matches(layers: list[tuple[int, int, int]], row: int, column: int) -> None:
        stack = nn.Sequential(*(nn.Conv2d(1, 1, *layer) for layer in layers))
        field = receptive_field(stack, str(len(layers) - 1), image_size=192)
        expected = torch.tensor(field.box(row, column, cut=False)).float()
        expect_close(torch.tensor([float(x) for x in f(layers, row, column)]), expected)

    return [
        Case("an even kernel", lambda: matches([(4, 2, 1), (2, 2, 0)], 2, 1)),
        Case("VGG's first block", lambda: matches([(3, 1, 1), (3, 1, 1), (2, 2, 0)], 7, 0)),
        Case("five layers", lambda: matches([(7, 2, 3), (3, 2, 1), (3, 1, 1)] + [(3, 2, 1)] * 2, 1, 4)),
    ]  # fmt: skip


def cosine_neighbors(names: Mapping[str, object]) -> list[Case]:
    """More rows, all others as neighbors, opposite rows."""
    f = names["cosine_neighbors"]

    def many(count: int, k: int) -> None:
        rows = torch.randn(count, 7, generator=torch.Generator().manual_seed(count))
        expected = nearest_neighbors(rows, rows, k, metric="cosine", exclude_self=True).indices
        expect_close(torch.as_tensor(f(rows.clone(), k)), expected)

    def opposite() -> None:
        rows = torch.tensor([[1.0, 0.0], [-1.0, 0.01], [-9.0, 0.0]])
        expect_close(torch.as_tensor(f(rows, 2)), torch.tensor([[1, 2], [2, 0], [1, 0]]))

    def parallel() -> None:
        rows = torch.tensor([[0.0, 5.0], [12.0, 5.0], [0.0, 0.5], [24.0, 10.0]])
        expect_close(torch.as_tensor(f(rows, 1)), torch.tensor([[2], [3], [0], [1]]))

    return [
        Case("rows of one direction", parallel),
        Case("fifty rows", lambda: many(50, 5)),
        Case("all others", lambda: many(9, 8)),
        Case("opposite rows are the farthest", opposite),
    ]


def compress(names: Mapping[str, object]) -> list[Case]:
    """Wide and tall, and the error that theory predicts."""
    f = names["compress"]

    def rows(count: int, size: int) -> torch.Tensor:
        return torch.randn(count, size, generator=torch.Generator().manual_seed(size)) - 3

    def error() -> None:
        given = rows(40, 8)
        left = 1 - principal_components(given, 2).shares.sum()
        spread = ((given - given.mean(dim=0)) ** 2).sum()
        expect_close(((f(given.clone(), 2) - given) ** 2).sum(), left * spread, tolerance=1e-3)

    def wide() -> None:
        given = rows(4, 20)
        expect_close(f(given.clone(), 4), given, tolerance=1e-3)

    def keeps_input() -> None:
        given = rows(10, 5)
        f(given, 2)
        expect_close(given, rows(10, 5))

    return [
        Case("what is lost is the variance of the other directions", error),
        Case("more columns than rows", wide),
        Case("the input is left alone", keeps_input),
    ]
