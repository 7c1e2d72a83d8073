"""Checks of the exercises of chapter 4, data augmentation."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lib import augmentation
from lib.checks import Case, Report, expect_close, expect_parts, run_cases

Batch = tuple[Tensor, Tensor]


def check_flip_signs(flip_signs: Callable[[Tensor, Tensor, Tensor], Batch]) -> Report:
    """Check a flip that exchanges the labels 0 "left" and 1 "right" and keeps 2.

    Args:
        flip_signs: maps images (n, c, h, w), labels (n,) and flip (n,) bool to (images, labels).
    """

    def signs() -> tuple[Tensor, Tensor, Tensor]:
        labels = torch.tensor([0, 1, 2, 0, 1, 2])
        return _pictures(6), labels, torch.tensor([True, True, True, False, False, False])

    def pictures() -> None:
        images, labels, flip = signs()
        expect_close(
            expect_parts(flip_signs(images, labels, flip), 2)[0],
            augmentation.horizontal_flip(_pictures(6), flip),
            hint="Mirror where flip is true, along the last dimension.",
        )

    def labels_of(part: slice, expected: list[int], hint: str) -> Callable[[], None]:
        def test() -> None:
            got = expect_parts(flip_signs(*signs()), 2)[1]
            expect_close(got[part], torch.tensor(expected), hint=hint)

        return test

    def keeps_input() -> None:
        given = signs()
        flip_signs(*given)
        if not all(torch.equal(a, b) for a, b in zip(given, signs(), strict=True)):
            raise AssertionError("an argument was changed; return new tensors")

    return run_cases(
        "flip signs",
        [
            Case("pictures are mirrored where flip is true", pictures),
            Case("left and right are exchanged there",
                 labels_of(slice(0, 2), [1, 0], "A mirrored left is a right.")),
            Case("straight on stays straight on",
                 labels_of(slice(2, 3), [2], "Mirrored, it means the same.")),
            Case("other labels stay",
                 labels_of(slice(3, 6), [0, 1, 2], "Pictures that were not mirrored keep theirs.")),
            Case("the arguments are left alone", keeps_input),
        ],
    )  # fmt: skip


def check_ten_crops(ten_crops: Callable[[Tensor, int], Tensor]) -> Report:
    """Check the four corners and the center, then the same of the mirrored images.

    Args:
        ten_crops: maps images (n, c, h, w) and a size to (n, 10, c, size, size).
    """
    names = ("upper left", "upper right", "lower left", "lower right", "center")

    def crop_is(k: int, height: int, width: int, size: int) -> Callable[[], None]:
        def test() -> None:
            images = _pictures(2, height, width)
            got = ten_crops(images, size)
            expected = augmentation.ten_crops(images, size)
            if not isinstance(got, Tensor) or got.shape != expected.shape:
                what = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
                raise AssertionError(f"expected shape {tuple(expected.shape)}; got {what}")
            expect_close(got[:, k], expected[:, k])

        return test

    cases = [Case(name, crop_is(k, 8, 10, 4)) for k, name in enumerate(names)]
    cases += [Case(f"mirrored: {name}", crop_is(5 + k, 8, 10, 4)) for k, name in enumerate(names)]
    return run_cases(
        "ten crops", [*cases, Case("a crop as large as the image", crop_is(4, 6, 6, 6))]
    )


def check_shear_matrices(shear_matrices: Callable[[float], tuple[Tensor, Tensor]]) -> Report:
    """Check the matrix of a horizontal shear by an angle in degrees, and its inverse.

    Args:
        shear_matrices: maps degrees to two tensors (2, 2).
    """

    def both(degrees: float) -> tuple[Tensor, Tensor]:
        forth, back = expect_parts(shear_matrices(degrees), 2)
        return torch.as_tensor(forth).double(), torch.as_tensor(back).double()

    def is_shear(degrees: float) -> Callable[[], None]:
        slide = math.tan(math.radians(degrees))
        expected = torch.tensor([[1.0, -slide], [0.0, 1.0]])
        hint = "A row y below the middle slides by -y tan σ; angles are in degrees."
        return lambda: expect_close(both(degrees)[0], expected, hint=hint)

    def inverts() -> None:
        matrix, inverse = both(30.0)
        expect_close(inverse @ matrix, torch.eye(2), hint="The two together must change nothing.")

    return run_cases(
        "shear matrices",
        [
            Case("0° changes nothing", is_shear(0.0)),
            Case("45° slides a row by its distance from the middle", is_shear(45.0)),
            Case("-20° slides the other way", is_shear(-20.0)),
            Case("the second matrix undoes the first", inverts),
        ],
    )


def check_own_augmentation(augment: Callable[[Tensor, Tensor, torch.Generator], Batch]) -> Report:
    """Check the formal requirements of an augmentation; people judge whether labels stay correct.

    Args:
        augment: maps images (n, 3, h, w), labels (n,) and a generator to (images, labels).
    """

    def run(dtype: torch.dtype = torch.float32, seed: int = 0) -> Batch:
        labels, generator = torch.arange(8), torch.Generator().manual_seed(seed)
        return expect_parts(augment(_pictures(8).to(dtype), labels, generator), 2)

    def shape_and_range() -> None:
        images, _ = run()
        if not isinstance(images, Tensor) or images.shape != _pictures(8).shape:
            raise AssertionError("images must come back in the shape they had")
        expect_close(images.clamp(0, 1), images, hint="Values must stay in [0, 1]; clamp them.")

    def per_image() -> None:
        same = _pictures(1).expand(8, -1, -1, -1).clone()
        images, _ = expect_parts(
            augment(same, torch.arange(8), torch.Generator().manual_seed(0)), 2
        )
        if len({image.detach().numpy().tobytes() for image in images}) == 1:
            raise AssertionError("eight copies of a picture came back alike; draw for each image")

    def from_generator() -> None:
        torch.manual_seed(0)
        first, other = run(seed=1)[0], run(seed=2)[0]
        if not torch.equal(first, run(seed=1)[0]):
            raise AssertionError("the same generator gave other images; draw from it alone")
        if torch.equal(first, other):
            raise AssertionError("two generators gave the same images; draw from the generator")

    def keeps_input() -> None:
        images = _pictures(8)
        augment(images, torch.arange(8), torch.Generator().manual_seed(0))
        if not torch.equal(images, _pictures(8)):
            raise AssertionError("the input was changed; return a new tensor")

    def keeps_dtype() -> None:
        dtype = run(torch.float64)[0].dtype
        if dtype != torch.float64:
            raise AssertionError(f"float64 images came back as {dtype}")

    return run_cases(
        "own augmentation",
        [
            Case("shape and range", shape_and_range),
            Case("labels", lambda: expect_close(run()[1], torch.arange(8))),
            Case("each image has its own draw", per_image),
            Case("draws come from the generator", from_generator),
            Case("the input is left alone", keeps_input),
            Case("the dtype is kept", keeps_dtype),
        ],
    )


def _pictures(count: int, height: int = 8, width: int = 8) -> Tensor:
    """New random pictures for each case, since an answer might change them."""
    generator = torch.Generator().manual_seed(7)
    return torch.rand(count, 3, height, width, generator=generator)
