"""Hidden tests of chapter 3: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from lib.checks import Case, expect_close


def early_stopping(names: Mapping[str, object]) -> list[Case]:
    """Short, long, flat and falling histories, and values below zero."""
    early_stop = names["early_stop"]

    def definition(validation: list[float], patience: int) -> tuple[int, int]:
        """The definition in the exercise, without state carried through a loop."""
        for end in range(len(validation)):
            best_at = validation.index(max(validation[: end + 1]))
            if end - best_at >= patience:
                break
        return end, best_at

    def agrees() -> None:
        g = torch.Generator().manual_seed(21)
        for length in range(1, 30):
            validation = torch.randint(-5, 10, (length,), generator=g).tolist()
            for patience in (1, 2, 4, 8):
                answer = early_stop(list(validation), patience)
                expected = definition(validation, patience)
                if tuple(answer) != expected:
                    raise AssertionError(
                        f"{validation}, patience {patience}: expected {expected}; got {answer}"
                    )

    def gives(validation: list[float], patience: int, expected: tuple[int, int]) -> Case:
        def test() -> None:
            answer = tuple(early_stop(list(validation), patience))
            if answer != expected:
                raise AssertionError(f"expected {expected}; got {answer}")

        return Case(f"{validation}, patience {patience}", test)

    return [
        gives([50.0], 3, (0, 0)),
        gives([3.0, 2.0, 1.0, 0.0], 3, (3, 0)),
        gives([-3.0, -2.0, -2.5, -2.4, 5.0], 2, (3, 1)),
        gives([0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3], 2, (5, 3)),
        Case("29 drawn histories", agrees),
    ]


def elastic_gradient(names: Mapping[str, object], ALPHA: float = 1.0) -> list[Case]:
    """Other shapes, some weights at zero, no weights, and the difference quotient."""
    gradient = names["elastic_gradient"]
    w = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(22)).double()

    def penalty(weights: Tensor) -> Tensor:
        return (1.7 * weights**2 + ALPHA * weights.abs()).sum()

    def quotient() -> None:
        i, step = (1, 2, 3, 4), 1e-6
        ahead, behind = w.clone(), w.clone()
        ahead[i], behind[i] = w[i] + step, w[i] - step
        slope = (penalty(ahead) - penalty(behind)) / (2 * step)
        expect_close(gradient(w.clone(), 1.7)[i], slope)

    def mixed() -> None:
        expected = torch.tensor([0.0, 0.02 + ALPHA, -0.02 - ALPHA, 0.0])
        expect_close(gradient(torch.tensor([0.0, 0.01, -0.01, -0.0]), 1.0), expected)

    return [
        Case("a difference quotient", quotient),
        Case("zeros among small weights", mixed),
        Case(
            "a large β", lambda: expect_close(gradient(w.clone(), 50.0), 100 * w + ALPHA * w.sign())
        ),
        Case(
            "no weights", lambda: expect_close(gradient(torch.zeros(0, 3), 1.0), torch.zeros(0, 3))
        ),
    ]


def spatial_dropout(names: Mapping[str, object]) -> list[Case]:
    """Its mean, its rate at another p, gradients, and inputs with zeros of their own."""
    drop = names["spatial_dropout"]

    def generator() -> torch.Generator:
        return torch.Generator().manual_seed(23)

    def mean_is_the_input() -> None:
        x = torch.linspace(-1, 1, 24).view(1, 2, 3, 4)
        y = drop(x.expand(20_000, -1, -1, -1), 0.6, generator())
        expect_close(y.mean(dim=0, keepdim=True), x, tolerance=0.05)  # 5 standard errors

    def rate() -> None:
        y = drop(torch.ones(100, 100, 1, 1), 0.9, generator())
        expect_close((y == 0).float().mean(), 0.9, tolerance=0.007)  # relative and absolute

    def zeros_stay() -> None:
        x = torch.ones(6, 5, 4, 4)
        x[:, :, 0] = 0
        y = drop(x, 0.5, generator())
        expect_close(y[:, :, 0], torch.zeros(6, 5, 4))
        expect_close(y[:, :, 1:], y[:, :, 1:2, :1].expand(-1, -1, 3, 4))

    def gradient() -> None:
        x = torch.ones(8, 9, 2, 2, requires_grad=True)
        y = drop(x, 0.5, generator())
        y.sum().backward()
        expect_close(x.grad, y)

    return [
        Case("its mean is the input", mean_is_the_input),
        Case("nine of ten are dropped at p = 0.9", rate),
        Case("pixels that are zero tell nothing", zeros_stay),
        Case("dropped channels get no gradient", gradient),
    ]


def cutmix(names: Mapping[str, object]) -> list[Case]:
    """Squares of any place and size, with a mask as the definition."""
    mix = names["cutmix"]
    g = torch.Generator().manual_seed(24)
    images = torch.rand(5, 3, 7, 9, generator=g)
    probabilities = torch.rand(5, 4, generator=g).softmax(dim=1)
    partner = torch.tensor([4, 0, 2, 1, 3])

    def by_mask(top: int, left: int, size: int) -> tuple[Tensor, Tensor]:
        row, column = torch.arange(7)[:, None], torch.arange(9)
        inside = (row >= top) & (row < top + size) & (column >= left) & (column < left + size)
        share = inside.float().mean()
        mixed = torch.where(inside, images[partner], images)
        return mixed, torch.lerp(probabilities, probabilities[partner], share)

    def same(top: int, left: int, size: int) -> Case:
        def test() -> None:
            got = mix(images.clone(), probabilities.clone(), partner, top, left, size)
            for answer, expected in zip(got, by_mask(top, left, size), strict=True):
                expect_close(answer, expected, tolerance=1e-5)

        return Case(f"top {top}, left {left}, size {size}", test)

    places = [(0, 0, 1), (2, 3, 4), (-3, 4, 5), (5, -2, 4), (6, 8, 3), (0, 0, 20), (-4, -4, 20)]

    def alone() -> None:
        got = mix(images[:1, :1].clone(), probabilities[:1].clone(), torch.tensor([0]), 1, 1, 3)
        for answer, expected in zip(got, (images[:1, :1], probabilities[:1]), strict=True):
            expect_close(answer, expected, tolerance=1e-5)

    return [
        *(same(*place) for place in places),
        same(3, 3, 0),
        Case("a gray picture that is its own partner", alone),
    ]
