"""Checks of the exercises of chapter 4, data augmentation."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lib import augmentation
from lib.checks import Case, Report, expect_close, expect_parts, run_cases

Batch = tuple[Tensor, Tensor]


def check_flip_signs(
    flip_signs: Callable[[Tensor, Tensor, Tensor], Batch], left: int = 34, right: int = 33
) -> Report:
    """Check a flip that exchanges the labels of two signs and keeps all others.

    Args:
        flip_signs: maps images (n, c, h, w), labels (n,) and flip (n,) bool to (images, labels).
        left: the label of "turn left".
        right: the label of "turn right".
    """

    def signs() -> tuple[Tensor, Tensor, Tensor]:
        labels = torch.tensor([left, right, 40, 0, left, right, 1, 41])
        return _pictures(8), labels, torch.tensor([True] * 4 + [False] * 4)

    def pictures() -> None:
        images, labels, flip = signs()
        x, chosen = _pictures(8), flip[:, None, None, None]
        slips = {
            "No picture was mirrored.": x,
            "All pictures were mirrored; mirror only those for which flip is true.": x.flip(-1),
            "Those for which flip is false were mirrored.": torch.where(chosen, x, x.flip(-1)),
            "Top and bottom were exchanged, not left and right.":
                torch.where(chosen, x.flip(-2), x),
            "This is half a turn, which exchanges top and bottom, too.":
                torch.where(chosen, x.flip(-1, -2), x),
            "The order of the pictures was reversed, not that of the columns.":
                torch.cat([x[flip].flip(0), x[~flip]]),
            "The order of the color channels was reversed.": torch.where(chosen, x.flip(1), x),
        }  # fmt: skip
        expected = augmentation.horizontal_flip(x, flip)
        expect_close(expect_parts(flip_signs(images, labels, flip), 2)[0], expected, slips)

    def labels_of(part: slice, hint: str) -> Callable[[], None]:
        def test() -> None:
            images, y, flip = signs()
            got = expect_parts(flip_signs(images, y.clone(), flip), 2)[1]
            swapped = torch.where(y == left, right, torch.where(y == right, left, y))
            turns = flip & ((y == left) | (y == right))
            slips = {
                "A mirrored LEFT or RIGHT no longer means what it did.": y,
                "Pictures that were not mirrored keep their labels.": swapped,
                "LEFT became RIGHT and then LEFT again; compare with the labels that were given.":
                    torch.where(turns, left, y),
                "RIGHT became LEFT and then RIGHT again; compare with the labels that were given.":
                    torch.where(turns, right, y),
            }  # fmt: skip
            if tuple(getattr(got, "shape", ())) != (len(y),):
                raise AssertionError(f"return a label for each of the {len(y)} pictures")
            expected = torch.where(flip, swapped, y)
            told = {said: wrong[part] for said, wrong in slips.items()}
            expect_close(got[part], expected[part], told, hint)

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
                 labels_of(slice(0, 2), "LEFT becomes RIGHT, and RIGHT becomes LEFT.")),
            Case("other signs keep their labels",
                 labels_of(slice(2, 4), "Only LEFT and RIGHT change their meaning in a mirror.")),
            Case("pictures that were not mirrored keep theirs",
                 labels_of(slice(4, 8), "flip is false there.")),
            Case("the arguments are left alone", keeps_input),
        ],
    )  # fmt: skip


def check_ten_crops(ten_crops: Callable[[Tensor, int], Tensor]) -> Report:
    """Check the four corners and the center, then the same of the mirrored images.

    Args:
        ten_crops: maps images (n, c, h, w) and a size to (n, 10, c, size, size).
    """
    places = ("upper left", "upper right", "lower left", "lower right", "center")
    names = [*places, *(f"mirrored, {place}" for place in places)]

    def shape_is(got: object, right: tuple, size: int) -> None:
        if not isinstance(got, Tensor):
            raise AssertionError(f"expected a tensor {right}; got {type(got).__name__}")
        n, ten, c = right[:3]
        said = {
            (ten, n, c, size, size): "Stack the crops along dimension 1.",
            (ten * n, c, size, size): "Stack the crops along a new dimension, 1.",
            (n, ten * c, size, size): "Stack the crops instead of joining their channels.",
            (n, 5, c, size, size): "The five crops of the mirrored pictures are missing.",
        }
        if (shape := tuple(got.shape)) != right:
            hint = f". {said[shape]}" if shape in said else ""
            raise AssertionError(f"expected shape {right}; got {shape}{hint}")

    def crop_is(k: int, height: int, width: int, size: int) -> Callable[[], None]:
        def test() -> None:
            images = _pictures(2, height, width)
            right = augmentation.ten_crops(images, size)
            shape_is(got := ten_crops(images.clone(), size), tuple(right.shape), size)
            top, left = (height - size) // 2, (width - size) // 2
            whole = images if k < 5 else images.flip(-1)
            upside_down = augmentation.ten_crops(images.flip(-2), size)
            slips = {
                **{f"This is the crop '{name}'.": right[:, j] for j, name in enumerate(names)},
                "Mirror left to right, not top to bottom.": upside_down[:, k - 5],
                "The crop ends one pixel before the border.":
                    whole[..., -size - 1 : -1, -size - 1 : -1],
                "The center crop begins at the center; begin half a crop before it.":
                    whole[..., height // 2 :, width // 2 :][..., :size, :size],
                "Rows and columns are exchanged.": whole[..., left:, top:][..., :size, :size],
            }  # fmt: skip
            expect_close(got[:, k], right[:, k], slips)

        return test

    cases = [Case(name, crop_is(k, 8, 12, 4)) for k, name in enumerate(names)]
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

    def shear(slide: float) -> Tensor:
        return torch.tensor([[1.0, slide], [0.0, 1.0]])

    def is_shear(degrees: float) -> Callable[[], None]:
        angle, wrong = math.radians(degrees), math.tan(degrees)
        slips = {
            "A row with y > 0 slides to the left. Check the sign, or the order of the two results.":
                shear(math.tan(angle)),
            "The angle is given in degrees, but it was taken for radians.": shear(-wrong),
            "The angle is given in degrees, not in radians. Check the sign, too.": shear(wrong),
            "This moves columns up and down; a horizontal shear moves rows.":
                shear(-math.tan(angle)).T,
            "How far a row slides is not the sine of the angle.": shear(-math.sin(angle)),
            "How far a row slides is not the angle itself.": shear(-angle),
            "This is a rotation; a shear keeps each row in its place.":
                torch.tensor([[math.cos(angle), -math.sin(angle)],
                              [math.sin(angle), math.cos(angle)]]),
        }  # fmt: skip
        return lambda: expect_close(both(degrees)[0], shear(-math.tan(angle)), slips)

    def inverts() -> None:
        matrix, inverse = both(30.0)
        slips = {
            "The second matrix is the first one again.": matrix @ matrix,
            "The second matrix changes nothing.": matrix,
            "A transposed matrix undoes a rotation, but not a shear.": matrix.T @ matrix,
            "Changing all signs does not undo a map.": -matrix @ matrix,
            "Dividing 1 by each number does not invert a matrix.": (1 / matrix) @ matrix,
        }
        expected = torch.eye(2, dtype=torch.float64)
        expect_close(inverse @ matrix, expected, slips, "The two together must change nothing.")

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
            raise AssertionError("images must come back in the shape that they had")
        expect_close(images.clamp(0, 1), images, hint="Values must stay in [0, 1]; clamp them.")

    def labels() -> None:
        expect_close(run()[1], torch.arange(8), hint="Each picture keeps its place and its label.")

    def per_image() -> None:
        same = _pictures(1).expand(8, -1, -1, -1).clone()
        images, _ = expect_parts(
            augment(same, torch.arange(8), torch.Generator().manual_seed(0)), 2
        )
        if torch.equal(images, _pictures(1).expand_as(images)):
            raise AssertionError("the pictures came back unchanged")
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
            Case("labels", labels),
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
