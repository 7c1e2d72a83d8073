"""Checks of the exercises of chapter 2, data preprocessing."""

import inspect
import weakref
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from chapters.preprocessing.mistakes import (
    PER_CHANNEL,
    scaled,
    wrong_folds,
    wrong_matrices,
    wrong_moments,
    wrong_tests,
    wrong_training,
    zca_matrix,
)
from lib.checks import Case, Report, expect_close, expect_parts, run_cases


def _images(n: int, seed: int, *, center: float = 0.5) -> Tensor:
    """Images (n, 3, 4, 4) in [0, 1], whose channels differ in mean and spread."""
    g = torch.Generator().manual_seed(seed)
    spread = torch.tensor([0.4, 0.2, 0.1]).view(3, 1, 1)
    shift = torch.tensor([0.05, 0.0, -0.05]).view(3, 1, 1)
    return center + shift + spread * (torch.rand(n, 3, 4, 4, generator=g) - 0.5)


def check_standardize(standardize: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Report:
    """Check a standardization whose statistics come from the training images alone.

    Args:
        standardize: maps training and test images (n, C, H, W) to both, standardized per channel.
    """

    def train() -> Tensor:  # new for each case, since an answer might change them
        return _images(60, seed=1)

    def test() -> Tensor:
        return _images(20, seed=2, center=0.6)

    def answer(which: int, tests: Tensor) -> object:
        return expect_parts(standardize(train(), tests), 2)[which]

    def training_images() -> None:
        right = scaled(train(), train())  # over N - 1; over N is as good, hence the tolerance
        expect_close(answer(0, test()), right, wrong_training(train(), test()), tolerance=5e-3)

    def tests_follow_training() -> None:
        right = scaled(test(), train())
        expect_close(answer(1, test()), right, wrong_tests(train(), test()), tolerance=5e-3)

    def tests_do_not_move_training() -> None:
        got, right = answer(0, 0 * test()), torch.as_tensor(answer(0, test()))
        expect_close(got, right, {}, hint="Other test images changed the training images.")

    def keeps_input() -> None:
        standardize(x := train(), y := test())
        if not (torch.equal(x, train()) and torch.equal(y, test())):
            raise AssertionError("the input was changed; return new tensors")

    return run_cases(
        "standardize",
        [
            Case("training images: mean 0 and std 1 in every channel", training_images),
            Case("test images: the training images' statistics", tests_follow_training),
            Case("test images have no say in the statistics", tests_do_not_move_training),
            Case("the input is left alone", keeps_input),
        ],
    )


def check_zca(zca: Callable[[Tensor], Tensor], epsilon: float = 0.1) -> Report:
    """Check the matrix of ZCA whitening, made from an eigendecomposition.

    Args:
        zca: maps X (n, D), one example per row, to the matrix (D, D).
        epsilon: added to the variances.
    """
    cloud = torch.tensor([[0.8, 0.8], [0.2, 0.2], [0.6, 0.4], [0.4, 0.6]], dtype=torch.float64)

    def mixed() -> Tensor:
        g = torch.Generator().manual_seed(3)
        return torch.randn(200, 5, generator=g).double() @ torch.randn(5, 5, generator=g).double()

    def by_hand() -> None:  # variances 0.09 along (1, 1) and 0.01 along (1, -1)
        a, b = (0.09 + epsilon) ** -0.5, (0.01 + epsilon) ** -0.5
        right = torch.tensor([[a + b, a - b], [a - b, a + b]]).double() / 2
        expect_close(zca(cloud.clone()), right, wrong_matrices(cloud, epsilon), tolerance=1e-3)

    def five_inputs() -> None:
        x = mixed() + 2
        expect_close(
            zca(x.clone()), zca_matrix(x, epsilon), wrong_matrices(x, epsilon), tolerance=1e-3
        )

    def identity() -> None:
        x = 1e4 * (mixed() - mixed().mean(dim=0))  # so large that epsilon does not count
        white = x @ torch.as_tensor(zca(x.clone())).double().T
        hint = "Do all directions get variance 1? Each is divided by the root of its variance."
        expect_close(white.T @ white / len(x), torch.eye(5), {}, hint=hint, tolerance=6e-3)

    def symmetric() -> None:
        matrix = torch.as_tensor(zca(mixed()))
        hint = "Is this PCA's matrix? ZCA rotates back, which makes its matrix symmetric."
        expect_close(matrix, matrix.T, {}, hint=hint)

    return run_cases(
        "zca",
        [
            Case("two dimensions, computed by hand", by_hand),
            Case("five inputs", five_inputs),
            Case("whitened data has the identity as covariance", identity),
            Case("the matrix is symmetric", symmetric),
        ],
    )


def check_streaming(moments: Callable[[Iterable[Tensor]], tuple[Tensor, Tensor]]) -> Report:
    """Check a mean and std computed over batches in one pass.

    Args:
        moments: maps an iterable of batches (n_i, C, H, W) to mean (C,) and std (C,), over N.
    """

    def same(images: Tensor, sizes: list[int], hint: str = "") -> Callable[[], None]:
        def test() -> None:
            parts = images.split(sizes)
            batches: Iterator[Tensor] = iter([part.clone() for part in parts])  # read once
            mean, std = expect_parts(moments(batches), 2)
            exact = torch.std_mean(images.double(), dim=PER_CHANNEL, correction=0)
            means, stds = wrong_moments(images, sizes)
            expect_close(mean, exact[1], means, hint=hint)
            expect_close(std, exact[0], stds, hint=hint, tolerance=1e-3)

        return test

    def keeps_no_batches() -> None:
        seen: list[weakref.ref] = []
        most = 0

        def batches() -> Iterator[Tensor]:
            nonlocal most
            for part in _images(60, seed=4).split(10):
                seen.append(weakref.ref(batch := part.clone()))
                most = max(most, sum(ref() is not None for ref in seen))
                yield batch

        moments(batches())
        if inspect.isfunction(moments) and most > 4:  # what stands in when grading reads them all
            raise AssertionError(
                f"{most} of {len(seen)} batches were in memory at once, and the data set does not "
                "fit. Keep only sums over the batches that you have seen"
            )

    far = _images(60, seed=5) + 3000
    cancels = (
        "The mean is far from zero, and E[x²] − E[x]² cancels nearly all digits. Keep sums of "
        "squared distances from the mean, in double precision."
    )
    return run_cases(
        "streaming",
        [
            Case("one batch", same(_images(60, seed=4), [60])),
            Case("equal batches", same(_images(60, seed=4), [20, 20, 20])),
            Case("batches of different sizes", same(_images(60, seed=4), [1, 50, 9])),
            Case("batches of different means",
                 same(torch.cat([_images(30, 6, center=0.1), _images(30, 7, center=0.9)]),
                      [30, 30])),
            Case("a mean far from zero", same(far, [20, 20, 20], cancels)),
            Case("no batch is kept", keeps_no_batches),
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
        given = (
            torch.tensor([[2.0, 4.0]]), torch.ones(1), torch.tensor([1.0, 2.0]),
            torch.tensor([2.0, 4.0]),
        )  # fmt: skip
        weight, bias = expect_parts(fold(*(part.clone() for part in given)), 2)
        weights, biases = wrong_folds(*given)
        expect_close(weight, torch.ones(1, 2), weights)
        expect_close(bias, torch.tensor([-2.0]), biases)

    def drawn() -> list[Tensor]:
        g = torch.Generator().manual_seed(8)
        weight, bias = torch.randn(4, 6, generator=g), torch.randn(4, generator=g)
        return [weight, bias, torch.rand(6, generator=g), torch.rand(6, generator=g) + 0.5]

    def same_outputs() -> None:
        weight, bias, mean, std = drawn()
        new_weight, new_bias = expect_parts(fold(*drawn()), 2)
        weights, biases = wrong_folds(weight, bias, mean, std)
        expect_close(new_weight, weight / std, weights)
        expect_close(new_bias, bias - weight / std @ mean, biases)

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
