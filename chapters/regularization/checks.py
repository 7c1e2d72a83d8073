"""Checks of the exercises of chapter 3, regularization."""

from collections.abc import Callable

import torch
from torch import Tensor

from lib.checks import Case, Report, expect_close, run_cases

EarlyStop = Callable[[list[float], int], tuple[int, int]]
SpatialDropout = Callable[[Tensor, float, torch.Generator], Tensor]
CutMix = Callable[[Tensor, Tensor, Tensor, int, int, int], tuple[Tensor, Tensor]]


def check_early_stopping(early_stop: EarlyStop) -> Report:
    """Check when training stops, and which snapshot is kept.

    Args:
        early_stop: maps validation accuracies, one per evaluation, and a patience in evaluations
            to (stop_at, best_at). stop_at is the first index at which the best value is `patience`
            evaluations old, or else the last index; best_at is the first index of the best value
            up to then.
    """

    def gives(validation: list[float], patience: int, expected: tuple, hint: str) -> Callable:
        def test() -> None:
            answer = early_stop(given := list(validation), patience)
            if not isinstance(answer, tuple | list) or len(answer) != 2:
                raise AssertionError(f"expected two indices (stop_at, best_at); got {answer!r}")
            if tuple(answer) != expected:
                raise AssertionError(
                    f"for {validation} and patience {patience}, expected (stop_at, best_at) = "
                    f"{expected}; got {tuple(answer)}. {hint}"
                )
            if given != validation:
                raise AssertionError("the list was changed; leave the input alone")

        return test

    return run_cases(
        "early stopping",
        [
            Case("stops when the best is two evaluations old",
                 gives([50, 60, 58, 59, 70], 2, (3, 1),
                       "The best, at 1, is 2 old at 3; nobody knows then what 4 would bring.")),
            Case("a new best starts the count anew",
                 gives([50, 49, 60, 59, 61, 60, 60], 2, (6, 4),
                       "Count from the last best, not all evaluations that were worse.")),
            Case("an equal value is no new best",
                 gives([50, 60, 60, 60, 60], 3, (4, 1), "Compare with >, not with ≥.")),
            Case("without a stop, training runs to the end",
                 gives([50, 60, 70, 65], 5, (3, 2), "stop_at is then the last index.")),
            Case("a patience of one stops at the first step back",
                 gives([50, 40, 90], 1, (1, 0), "The best is looked for among what was seen.")),
        ],
    )  # fmt: skip


def check_elastic_gradient(
    elastic_gradient: Callable[[Tensor, float], Tensor], alpha: float = 1.0
) -> Report:
    """Check the gradient of Σ β W² + α |W|, written by hand.

    Args:
        elastic_gradient: maps weights of any shape and β to the gradient, of the same shape; the
            part of |W| is 0 at 0.
        alpha: α.
    """

    def weights() -> Tensor:  # fresh ones for each case: an answer might change them
        g = torch.Generator().manual_seed(3)
        return torch.randn(4, 3, 2, generator=g, dtype=torch.float64)

    def by_hand() -> None:
        got = elastic_gradient(torch.tensor([[2.0, -3.0]]), 0.5)
        hint = (
            f"2 · 0.5 · 2 + {alpha:g} = {2 + alpha:g} and "
            f"2 · 0.5 · (-3) - {alpha:g} = {-3 - alpha:g}."
        )
        expect_close(got, torch.tensor([[2.0 + alpha, -3.0 - alpha]]), hint=hint)

    def follows_autograd() -> None:
        w = weights().requires_grad_()
        (slope,) = torch.autograd.grad((0.7 * w**2 + alpha * w.abs()).sum(), w)
        expect_close(elastic_gradient(weights(), 0.7), slope, hint="Derive both terms.")

    def keeps_input() -> None:
        elastic_gradient(w := weights(), 0.7)
        if not torch.equal(w, weights()):
            raise AssertionError("the input was changed; return a new tensor")

    return run_cases(
        "elastic gradient",
        [
            Case("two weights, computed by hand", by_hand),
            Case("without β, the sign is left",
                 lambda: expect_close(elastic_gradient(torch.tensor([0.2, -5.0]), 0.0),
                                      torch.tensor([alpha, -alpha]),
                                      hint="L1 pulls small and large weights alike.")),
            Case("0 at 0",
                 lambda: expect_close(elastic_gradient(torch.zeros(2), 0.5), torch.zeros(2),
                                      hint="W / |W| is no number there; torch.sign is 0.")),
            Case("agrees with autograd", follows_autograd),
            Case("the input is left alone", keeps_input),
        ],
    )  # fmt: skip


def check_spatial_dropout(spatial_dropout: SpatialDropout) -> Report:
    """Check a dropout of whole channels like torch's `dropout2d`, but with a generator.

    Args:
        spatial_dropout: maps x (batch, channels, height, width), p and a generator to a tensor of
            x's shape, in training.
    """

    def images() -> Tensor:  # new for each case, without zero pixels
        return 1 + torch.rand(40, 50, 2, 3, generator=torch.Generator().manual_seed(5))

    def dropped(p: float = 0.25, seed: int = 0) -> Tensor:
        y = spatial_dropout(images(), p, torch.Generator().manual_seed(seed))
        if not isinstance(y, Tensor) or y.shape != images().shape:
            got = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
            raise AssertionError(f"expected a tensor {tuple(images().shape)}; got {got}")
        return y

    def whole_channels() -> None:
        zero = (dropped() == 0).flatten(2)
        if not torch.equal(zero.any(dim=2), zero.all(dim=2)):
            raise AssertionError(
                "some channels are zero in part; draw one number per image and channel, "
                "of shape (batch, channels, 1, 1)"
            )

    def rate() -> None:
        # 2000 channels: the tolerance, absolute and relative, is four standard errors.
        got = (dropped() == 0).all(dim=(2, 3)).float().mean()
        hint = "p is the probability of dropping, not of keeping."
        expect_close(got, 0.25, hint=hint, tolerance=0.032)

    def kept_are_scaled() -> None:
        y = dropped()
        expect_close(y, torch.where(y == 0, 0, images() / 0.75), hint="Divide by 1 - p.")

    def every_image_its_own() -> None:
        lost = (dropped() == 0).all(dim=(2, 3))
        if torch.equal(lost, lost[:1].expand_as(lost)):
            raise AssertionError("all images lose the same channels; draw for each image")
        if torch.equal(lost, lost[:, :1].expand_as(lost)):
            raise AssertionError("an image loses all channels or none; draw for each channel")

    def generator_decides() -> None:
        if not torch.equal(dropped(), dropped()):
            raise AssertionError("two generators of one seed gave two results; draw from them")
        if torch.equal(dropped(), dropped(seed=1)):
            raise AssertionError("two seeds gave one result; draw from the generator")

    def keeps_input() -> None:
        spatial_dropout(x := images(), 0.5, torch.Generator())
        if not torch.equal(x, images()):
            raise AssertionError("the input was changed; return a new tensor")

    return run_cases(
        "spatial dropout",
        [
            Case("whole channels are dropped", whole_channels),
            Case("a fraction p of them", rate),
            Case("the others are scaled by 1 / (1 - p)", kept_are_scaled),
            Case("each image loses its own", every_image_its_own),
            Case("the generator decides", generator_decides),
            Case("p = 0 changes nothing", lambda: expect_close(dropped(p=0.0), images())),
            Case("the input is left alone", keeps_input),
        ],
    )


def check_cutmix(cutmix: CutMix) -> Report:
    """Check that a square of other images is pasted and labels are mixed by its area.

    Args:
        cutmix: maps images (batch, channels, height, width), probabilities (batch, classes), the
            partners' indices (batch,), and the square's top, left and size in pixels to images
            and probabilities; the part of the square outside the image does not count.
    """
    turn = torch.tensor([1, 2, 0])

    def drawn() -> tuple[Tensor, Tensor]:  # fresh ones for each case
        g = torch.Generator().manual_seed(6)
        return torch.rand(3, 2, 6, 8, generator=g), torch.eye(3)

    def answer(top: int, left: int, size: int) -> tuple[Tensor, Tensor]:
        got = cutmix(*drawn(), turn, top, left, size)
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise AssertionError(f"expected (images, probabilities); got {type(got).__name__}")
        return got

    def pastes(top: int, left: int, size: int, rows: slice, columns: slice) -> Callable:
        def test() -> None:
            expected = drawn()[0].clone()
            expected[..., rows, columns] = drawn()[0][turn][..., rows, columns]
            hint = f"Partners fill rows {rows.start}:{rows.stop}, columns {columns.start}:"
            expect_close(answer(top, left, size)[0], expected, hint=f"{hint}{columns.stop}.")

        return test

    def mixes(top: int, left: int, size: int, share: float, hint: str) -> Callable:
        expected = (1 - share) * torch.eye(3) + share * torch.eye(3)[turn]
        return lambda: expect_close(answer(top, left, size)[1], expected, hint=hint)

    def keeps_input() -> None:
        cutmix(*(given := drawn()), turn, 1, 2, 3)
        if not all(torch.equal(a, b) for a, b in zip(given, drawn(), strict=True)):
            raise AssertionError("the input was changed; write into a clone of it")

    inside, corner = slice(1, 4), slice(2, 5)
    return run_cases(
        "cutmix",
        [
            Case("the square comes from the partner", pastes(1, 2, 3, inside, corner)),
            Case("labels are mixed by area",
                 mixes(1, 2, 3, 9 / 48, "The square has 9 of 48 pixels: 9/48 for the partner.")),
            Case("a square over the far corner is clipped",
                 pastes(4, 6, 5, slice(4, 6), slice(6, 8))),
            Case("a square over the near corner is clipped",
                 pastes(-1, -2, 3, slice(0, 2), slice(0, 1))),
            Case("only pixels inside count",
                 mixes(-1, -2, 3, 2 / 48, "2 rows and 1 column are inside: 2 of 48 pixels.")),
            Case("the input is left alone", keeps_input),
        ],
    )  # fmt: skip
