"""Checks of the exercises of chapter 2, data preprocessing."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from lib.checks import Case, Report, expect_close, run_cases


def _images(n: int, seed: int, *, center: float = 0.5) -> Tensor:
    """Images (n, 3, 4, 4) in [0, 1], whose channels differ in mean and spread."""
    g = torch.Generator().manual_seed(seed)
    spread = torch.tensor([0.4, 0.2, 0.1]).view(3, 1, 1)
    return center + spread * (torch.rand(n, 3, 4, 4, generator=g) - 0.5)


def check_standardize(standardize: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Report:
    """Check a standardization whose statistics come from the training images alone.

    Args:
        standardize: maps training and test images (n, C, H, W) to both, standardized per channel.
    """

    def train() -> Tensor:  # new for each case, since an answer might change them
        return _images(60, seed=1)

    def test() -> Tensor:
        return _images(20, seed=2, center=0.6)

    def spread_is_one() -> None:
        std = standardize(train(), test())[0].std(dim=(0, 2, 3))
        expect_close(std, torch.ones(3), hint="One std per channel.", tolerance=2e-3)

    def tests_follow_training() -> None:
        mean, std = train().mean(dim=(0, 2, 3)), train().std(dim=(0, 2, 3))
        expected = (test() - mean.view(3, 1, 1)) / std.view(3, 1, 1)
        hint = "Test images get the training images' mean and std, not their own."
        expect_close(standardize(train(), test())[1], expected, hint=hint, tolerance=5e-3)

    def tests_do_not_move_training() -> None:
        expected = standardize(train(), test())[0]
        got = standardize(train(), 0 * test())[0]
        expect_close(got, expected, hint="Other test images changed the training images.")

    def keeps_input() -> None:
        standardize(x := train(), y := test())
        if not (torch.equal(x, train()) and torch.equal(y, test())):
            raise AssertionError("the input was changed; return new tensors")

    return run_cases(
        "standardize",
        [
            Case("training images: mean 0 in every channel",
                 lambda: expect_close(standardize(train(), test())[0].mean(dim=(0, 2, 3)),
                                      torch.zeros(3))),
            Case("training images: std 1 in every channel", spread_is_one),
            Case("test images: the training images' statistics", tests_follow_training),
            Case("test images have no say in the statistics", tests_do_not_move_training),
            Case("the input is left alone", keeps_input),
        ],
    )  # fmt: skip


def check_zca(zca: Callable[[Tensor, float], Tensor]) -> Report:
    """Check the matrix of ZCA whitening, made from an eigendecomposition.

    Args:
        zca: maps X (n, D), one example per row, and epsilon to the matrix (D, D).
    """
    cloud = torch.tensor([[0.8, 0.8], [0.2, 0.2], [0.6, 0.4], [0.4, 0.6]], dtype=torch.float64)

    def mixed() -> Tensor:
        g = torch.Generator().manual_seed(3)
        return torch.randn(200, 5, generator=g).double() @ torch.randn(5, 5, generator=g).double()

    def identity() -> None:
        x = mixed() - mixed().mean(dim=0)
        white = x @ zca(mixed(), 0.0).T
        expect_close(white.T @ white / len(x), torch.eye(5), tolerance=6e-3)

    def symmetric() -> None:
        matrix = zca(mixed(), 0.1)
        hint = "Rotating back makes the matrix equal to its transpose."
        expect_close(matrix, torch.as_tensor(matrix).T, hint=hint)

    # Variances 0.09 along (1, 1) and 0.01 along (1, -1): scales 1/0.3 and 1/0.1.
    plain = torch.tensor([[20 / 3, -10 / 3], [-10 / 3, 20 / 3]])
    damped = torch.tensor([[3.0178, -0.5178], [-0.5178, 3.0178]])  # 1/√0.16 and 1/√0.08
    return run_cases(
        "zca",
        [
            Case("two dimensions, computed by hand",
                 lambda: expect_close(zca(cloud, 0.0), plain, hint="Is the covariance centered?",
                                      tolerance=1e-3)),
            Case("epsilon stands under the root",
                 lambda: expect_close(zca(cloud, 0.07), damped, tolerance=1e-3)),
            Case("whitened data has the identity as covariance", identity),
            Case("the matrix is symmetric", symmetric),
        ],
    )  # fmt: skip


def check_streaming(moments: Callable[[Iterable[Tensor]], tuple[Tensor, Tensor]]) -> Report:
    """Check a mean and std computed over batches in one pass.

    Args:
        moments: maps an iterable of batches (n_i, C, H, W) to mean (C,) and std (C,), over N.
    """

    def same(images: Tensor, sizes: list[int], hint: str = "") -> Callable[[], None]:
        def test() -> None:
            batches: Iterator[Tensor] = iter(images.split(sizes))  # can be read once
            mean, std = moments(batches)
            exact = torch.std_mean(images.double(), dim=(0, 2, 3), correction=0)
            expect_close(mean, exact[1], hint=hint)
            expect_close(std, exact[0], hint=hint, tolerance=1e-3)

        return test

    far = _images(60, seed=5) + 3000
    return run_cases(
        "streaming",
        [
            Case("one batch", same(_images(60, seed=4), [60])),
            Case("equal batches", same(_images(60, seed=4), [20, 20, 20])),
            Case("batches of different sizes",
                 same(_images(60, seed=4), [1, 50, 9], "Weigh each batch by its size.")),
            Case("batches of different means",
                 same(torch.cat([_images(30, 6, center=0.1), _images(30, 7, center=0.9)]), [30, 30],
                      "The batches' means differ, and that is variance, too.")),
            Case("a mean far from zero",
                 same(far, [20, 20, 20], "E[x²] - E[x]² cancels; keep sums of squared distances.")),
        ],
    )  # fmt: skip


def check_fold(
    fold: Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
) -> Report:
    """Check that a standardization is folded into the linear layer after it.

    Args:
        fold: maps weight (units, D), bias (units,), mean (D,) and std (D,) to the weight and bias
            that give the same outputs for inputs that are not standardized.
    """

    def by_hand() -> None:
        weight, bias = fold(
            torch.tensor([[2.0, 4.0]]), torch.ones(1), torch.tensor([1.0, 2.0]),
            torch.tensor([2.0, 4.0]),
        )  # fmt: skip
        expect_close(weight, torch.ones(1, 2), hint="Each input is divided by its std.")
        expect_close(bias, torch.tensor([-2.0]), hint="1 - (2·1/2 + 4·2/4) = -2.")

    def drawn() -> list[Tensor]:
        g = torch.Generator().manual_seed(8)
        weight, bias = torch.randn(4, 6, generator=g), torch.randn(4, generator=g)
        return [weight, bias, torch.rand(6, generator=g), torch.rand(6, generator=g) + 0.5]

    def same_outputs() -> None:
        weight, bias, mean, std = drawn()
        x = torch.rand(9, 6, generator=torch.Generator().manual_seed(9))
        new_weight, new_bias = fold(*drawn())
        expect_close(x @ new_weight.T + new_bias, (x - mean) / std @ weight.T + bias)

    def keeps_input() -> None:
        fold(*(given := drawn()))
        if not all(torch.equal(a, b) for a, b in zip(given, drawn(), strict=True)):
            raise AssertionError("the input was changed; return new tensors")

    return run_cases(
        "fold",
        [
            Case("two inputs, computed by hand", by_hand),
            Case("the outputs stay the same", same_outputs),
            Case("the input is left alone", keeps_input),
        ],
    )
