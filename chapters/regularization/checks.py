"""Checks of the exercises of chapter 3, regularization."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lib.checks import Case, Mistakes, Report, expect_close, run_cases

EarlyStop = Callable[[list[float], int], tuple[int, int]]
SpatialDropout = Callable[[Tensor, float, torch.Generator], Tensor]
CutMix = Callable[[Tensor, Tensor, Tensor, int, int, int], tuple[Tensor, Tensor]]


def _leaves_alone(answer: Callable, fresh: Callable[[], Sequence[Tensor]]) -> Case:
    def test() -> None:
        answer(*(given := fresh()))
        if not all(torch.equal(a, b) for a, b in zip(given, fresh(), strict=True)):
            raise AssertionError("the input was changed; return new tensors")

    return Case("the input is left alone", test)


def check_early_stopping(early_stop: EarlyStop) -> Report:
    """Check when training stops, and which snapshot is kept.

    Args:
        early_stop: maps validation accuracies, one per evaluation, and a patience in evaluations
            to (stop_at, best_at): the first index at which the best value is `patience` old, or
            else the last index, and the first index of the best value up to then.
    """

    def gives(validation: list[float], patience: int, expected: tuple, hint: str) -> Callable:
        def test() -> None:
            answer = early_stop(given := list(validation), patience)
            if not isinstance(answer, tuple | list) or len(answer) != 2:
                raise AssertionError(f"expected two indices (stop_at, best_at); got {answer!r}")
            if (got := tuple(answer)) != expected:
                raise AssertionError(
                    f"for {validation} and patience {patience}, expected (stop_at, best_at) = "
                    f"{expected}; got {got}. {explain(got, expected, validation, hint)}"
                )
            if given != validation:
                raise AssertionError("the list was changed; leave the input alone")

        return test

    def explain(got: tuple, expected: tuple, validation: list[float], hint: str) -> str:
        (stop, best), end = expected, len(validation) - 1
        highest = validation.index(max(validation))
        said = {
            (best, stop): "These are the right indices in the wrong order.",
            (stop, validation[best]): "Return where the best evaluation is, not its accuracy.",
            (end, highest): "Training never stops before the end.",
            (stop, highest): "The best lies after the stop, where nothing is evaluated any more.",
            (stop - 1, best): "Training stops one evaluation too early.",
        }
        if got[0] == stop + 1 <= end:
            return "Stop as soon as the best is `patience` evaluations old, not one later."
        return said.get(got, hint)

    return run_cases(
        "early stopping",
        [
            Case("stops when the best is two evaluations old",
                 gives([50, 60, 58, 59, 57, 70], 2, (3, 1),
                       "The best, at 1, is 2 evaluations old at 3.")),
            Case("a new best starts the count anew",
                 gives([50, 49, 60, 59, 61, 60, 60, 62], 2, (6, 4),
                       "Count from the last best, not all evaluations that were worse.")),
            Case("an equal value is no new best",
                 gives([50, 60, 60, 60, 60, 60, 60], 3, (4, 1), "Compare with >, not with ≥.")),
            Case("a recovery below the best is no new best",
                 gives([50, 70, 55, 58, 57, 56, 55, 60], 3, (4, 1),
                       "Compare with the best value so far, not with the evaluation before.")),
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

    def weights() -> Tensor:  # the same ones each time, since an answer might change them
        g = torch.Generator().manual_seed(3)
        return torch.randn(4, 3, 2, generator=g, dtype=torch.float64)

    def slips(w: Tensor, beta: float) -> Mistakes:
        squares, sign = 2 * beta * w, w.sign()
        return {
            "The derivative of a square brings down a factor of 2.": beta * w + alpha * sign,
            "ALPHA multiplies |W|, so it multiplies its derivative, too.": squares + sign,
            "The pull of |W| is missing.": squares,
            "ALPHA multiplies |W| alone, not the squares.": alpha * (squares + sign),
            "The derivative of |W| depends on W's sign, not its size.": squares + alpha * w.abs(),
            "Where a weight is negative, |W| falls as W grows.": squares + alpha,
            "|W| pulls in the wrong direction.": squares - alpha * sign,
            "This is minus the gradient, the direction of descent.": -squares - alpha * sign,
            "This is the penalty, not its derivative.": beta * w**2 + alpha * w.abs(),
        }

    def follows(w: Tensor, beta: float, hint: str = "") -> Callable[[], None]:
        right = 2 * beta * w + alpha * w.sign()
        return lambda: expect_close(elastic_gradient(w.clone(), beta), right, slips(w, beta), hint)

    some, ends = torch.tensor([[2.0, -3.0, 0.5]]), torch.tensor([0.2, -5.0])
    return run_cases(
        "elastic gradient",
        [
            Case("three weights, computed by hand", follows(some, 0.35)),
            Case("without β, the sign is left",
                 follows(ends, 0.0, "L1 pulls small and large weights alike.")),
            Case("0 at 0",
                 follows(torch.zeros(2), 0.5, "At 0 the pull is 0, neither ± ALPHA nor 0 / 0.")),
            Case("weights of another shape", follows(weights(), 0.7)),
            _leaves_alone(lambda w: elastic_gradient(w, 0.7), lambda: [weights()]),
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

    def lost() -> Tensor:
        return (dropped() == 0).all(dim=(2, 3))

    def whole_channels() -> None:
        zero = dropped() == 0
        if zero.any() and not lost().any() and torch.equal(zero, zero[:, :1].expand_as(zero)):
            raise AssertionError("pixels are dropped in all channels; drop channels instead")
        if not torch.equal(zero.any(dim=(2, 3)), zero.all(dim=(2, 3))):
            raise AssertionError("some channels are zero in part; draw one number for each channel")

    def every_image_its_own() -> None:
        gone = lost()
        if not gone.any():
            raise AssertionError("no channel is dropped at p = 0.25")
        if torch.equal(gone, gone[:1].expand_as(gone)):
            raise AssertionError("all images lose the same channels; draw for each image")
        if torch.equal(gone, gone[:, :1].expand_as(gone)):
            raise AssertionError("an image loses all channels or none; draw for each channel")

    def rate() -> None:
        every_image_its_own()
        # 2000 channels: the tolerance, absolute and relative, is four standard errors.
        got = lost().float().mean()
        hint = "p is the probability of dropping, not of keeping." if got > 0.7 else ""
        expect_close(got, 0.25, hint=hint, tolerance=0.032)

    def kept_are_scaled() -> None:
        y = dropped()
        kept = torch.where(y == 0, 0, images())
        slips = {
            "What is kept must be scaled up, or the mean falls.": kept,
            "This scales down; inverted dropout scales up in training.": kept * 0.75,
            "This divides by p; divide by the probability of keeping.": kept / 0.25,
        }
        expect_close(y, kept / 0.75, slips, "Divide by the probability of keeping, 1 - p.")

    def generator_decides() -> None:
        if not torch.equal(dropped(), dropped()):
            raise AssertionError("two generators of one seed gave two results; draw from them")
        if torch.equal(dropped(), dropped(seed=1)):
            raise AssertionError("two seeds gave one result; draw from the generator")

    return run_cases(
        "spatial dropout",
        [
            Case("whole channels are dropped", whole_channels),
            Case("each image loses its own", every_image_its_own),
            Case("a fraction p of them", rate),
            Case("the others are scaled by 1 / (1 - p)", kept_are_scaled),
            Case("the generator decides", generator_decides),
            Case("p = 0 changes nothing", lambda: expect_close(dropped(p=0.0), images())),
            _leaves_alone(lambda x: spatial_dropout(x, 0.5, torch.Generator()), lambda: [images()]),
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

    def pasted(top: int, left: int, bottom: int, right: int, partner: Tensor = turn) -> Tensor:
        mixed = drawn()[0].clone()
        rows, columns = slice(max(top, 0), bottom), slice(max(left, 0), right)
        mixed[..., rows, columns] = drawn()[0][partner][..., rows, columns]
        return mixed

    def pastes(top: int, left: int, size: int) -> Callable[[], None]:
        def test() -> None:
            low, far, half = top + size, left + size, size // 2
            y, x, own, other = max(top, 0), max(left, 0), drawn()[0], drawn()[0][turn]
            right = pasted(top, left, low, far)
            negative = " A negative start of a slice counts from the end." if top < 0 else ""
            slips = {
                f"Nothing was pasted.{negative}": own,
                "top counts rows, left counts columns.": pasted(left, top, far, low),
                "(top, left) is the upper left corner, not the center.":
                    pasted(top - half, left - half, low - half, far - half),
                "The square is one pixel too large.": pasted(top, left, low + 1, far + 1),
                "Picture i gives its square away; it should get one from permutation[i].":
                    pasted(top, left, low, far, turn.argsort()),
                "The rest was replaced instead of the square.": own + other - right,
                "The square was moved; cut it off instead.": pasted(y, x, y + size, x + size),
            }  # fmt: skip
            ends = f"The square ends before row {low} and column {far}."
            expect_close(answer(top, left, size)[0], right, slips, ends)

        return test

    def mixes(top: int, left: int, size: int, share: float, hint: str) -> Callable[[], None]:
        def labels(share: float, partner: Tensor = turn) -> Tensor:
            return (1 - share) * torch.eye(3) + share * torch.eye(3)[partner]

        wrong = {
            "The square's share belongs to the partner's label.": labels(1 - share),
            "The labels are those of the wrong partner.": labels(share, turn.argsort()),
            "The labels were not mixed.": labels(0),
            "Count only the pixels inside; the rest was cut off.": labels(size**2 / 48),
            "Count pixels of one channel: height times width.": labels(share / 2),
        }
        return lambda: expect_close(answer(top, left, size)[1], labels(share), wrong, hint)

    return run_cases(
        "cutmix",
        [
            Case("the square comes from the partner", pastes(1, 2, 3)),
            Case("labels are mixed by area",
                 mixes(1, 2, 3, 9 / 48, "The square has 9 of 48 pixels.")),
            Case("a square over the far corner is clipped", pastes(4, 6, 5)),
            Case("a square over the near corner is clipped", pastes(-1, -2, 3)),
            Case("only pixels inside count",
                 mixes(-1, -2, 3, 2 / 48, "2 rows and 1 column are inside: 2 of 48 pixels.")),
            _leaves_alone(lambda x, y: cutmix(x, y, turn, 1, 2, 3), drawn),
        ],
    )  # fmt: skip
