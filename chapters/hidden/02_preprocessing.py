"""Hidden tests of chapter 2: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

from collections.abc import Mapping

import torch

from lib.checks import Case, expect_close


def standardize(names: Mapping[str, object]) -> list[Case]:
    """Other shapes, and a test set of one image."""
    f = names["standardize"]
    g = torch.Generator().manual_seed(21)
    train, test = torch.rand(50, 1, 5, 7, generator=g), torch.rand(1, 1, 5, 7, generator=g)

    def one_image() -> None:
        got = f(train.clone(), test.clone())[1]
        expect_close(got, (test - train.mean()) / train.std(), tolerance=5e-3)

    def alone_or_together() -> None:
        together = f(train.clone(), torch.cat([test, 0 * test]))[1][:1]
        expect_close(together, f(train.clone(), test.clone())[1])

    return [
        Case("a test set of one gray image", one_image),
        Case("a test image comes out the same in any company", alone_or_together),
    ]


def zca(names: Mapping[str, object], EPSILON: float = 0.1) -> list[Case]:
    """Data far off center, and a direction without variance."""
    f = names["zca"]
    g = torch.Generator().manual_seed(22)
    x = torch.randn(300, 4, generator=g).double() @ torch.randn(4, 4, generator=g).double()

    def off_center() -> None:
        expect_close(f(x + 50), f(x.clone()), hint="Where the data lies must not matter.")

    def flat_direction() -> None:
        flat = x.clone()
        flat[:, 0] = 0.5
        expected = torch.tensor([EPSILON**-0.5, 0, 0, 0])
        expect_close(f(flat)[0], expected, tolerance=1e-3)

    return [
        Case("data off center", off_center),
        Case("a constant input is scaled by 1/√epsilon", flat_direction),
    ]


def streaming(names: Mapping[str, object]) -> list[Case]:
    """Batches of a single image, and a single channel."""
    f = names["moments"]
    images = 7 + torch.rand(12, 1, 3, 5, generator=torch.Generator().manual_seed(23))

    def one_by_one() -> None:
        mean, std = f(image[None] for image in images)
        expect_close(mean, images.mean().reshape(1))
        expect_close(std, images.std(correction=0).reshape(1), tolerance=1e-3)

    return [Case("images one at a time", one_by_one)]


def fold(names: Mapping[str, object]) -> list[Case]:
    """A large layer, and the same statistics for all inputs."""
    f = names["fold"]
    g = torch.Generator().manual_seed(24)
    weight, bias = torch.randn(10, 300, generator=g), torch.randn(10, generator=g)
    x = torch.rand(5, 300, generator=g)

    def same() -> None:
        mean, std = torch.full((300,), 0.4), torch.full((300,), 0.25)
        new_weight, new_bias = f(weight.clone(), bias.clone(), mean.clone(), std.clone())
        expected = (x - mean) / std @ weight.T + bias
        expect_close(x @ new_weight.T + new_bias, expected, tolerance=1e-3)

    return [Case("300 inputs, ten units", same)]
