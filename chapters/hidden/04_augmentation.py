"""Hidden tests of chapter 4: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from lib import augmentation
from lib.checks import Case, expect_close


def flip_signs(names: Mapping[str, object], LEFT: int = 34, RIGHT: int = 33) -> list[Case]:
    """Gray pictures, none at all, twice, and every other picture."""
    f = names["flip_signs"]
    images = torch.rand(5, 1, 4, 6, generator=torch.Generator().manual_seed(3))
    labels, every = torch.tensor([2, RIGHT, LEFT, LEFT, RIGHT]), torch.ones(5, dtype=torch.bool)

    def twice() -> None:
        again, back = f(*f(images.clone(), labels.clone(), every.clone()), every.clone())
        expect_close(again, images)
        expect_close(back, labels)

    def nothing() -> None:
        got, kept = f(images[:0], labels[:0], every[:0])
        expect_close(got, images[:0])
        expect_close(kept, labels[:0])

    def some() -> None:
        flip = torch.tensor([True, False, True, False, True])
        got, found = f(images.clone(), labels.clone(), flip)
        expect_close(got, torch.where(flip[:, None, None, None], images.flip(-1), images))
        expect_close(found, torch.tensor([2, RIGHT, RIGHT, LEFT, LEFT]))

    return [
        Case("flipping twice undoes it", twice),
        Case("every other picture", some),
        Case(
            "no flip changes nothing",
            lambda: expect_close(f(images.clone(), labels.clone(), ~every)[1], labels),
        ),
        Case("an empty batch", nothing),
    ]


def ten_crops(names: Mapping[str, object]) -> list[Case]:
    """Portraits, single pixels, gray pictures."""
    f = names["my_ten_crops"]

    def same(height: int, width: int, size: int, channels: int = 3) -> None:
        count = 2 * channels * height * width
        images = torch.arange(float(count)).view(2, channels, height, width)
        expect_close(f(images.clone(), size), augmentation.ten_crops(images, size))

    return [
        Case("a portrait", lambda: same(12, 6, 4)),
        Case("crops of one pixel", lambda: same(5, 7, 1)),
        Case("one channel", lambda: same(6, 8, 4, channels=1)),
    ]


def shear_matrices(names: Mapping[str, object]) -> list[Case]:
    """Angles that the visible check does not name, and what the two matrices mean together."""
    f = names["shear_matrices"]

    def matches(degrees: float) -> None:
        matrix, inverse = (torch.as_tensor(m).double() for m in f(degrees))
        slide = math.tan(math.radians(degrees))
        expect_close(matrix, torch.tensor([[1, -slide], [0, 1]], dtype=torch.float64))
        expect_close(inverse, torch.tensor([[1, slide], [0, 1]], dtype=torch.float64))

    return [
        Case(f"{degrees}°", lambda degrees=degrees: matches(degrees)) for degrees in (5.0, 60, -75)
    ]


def own_augmentation(names: Mapping[str, object]) -> list[Case]:
    """Other sizes and numbers of pictures, and a second batch of one generator."""
    f = names["my_augmentation"]

    def run(images: Tensor, generator: torch.Generator) -> Tensor:
        return f(images, torch.zeros(len(images), dtype=torch.int64), generator)[0]

    def fits(*shape: int) -> None:
        images = torch.rand(shape, generator=torch.Generator().manual_seed(5))
        result = run(images, torch.Generator().manual_seed(0))
        expect_close(torch.tensor(result.shape), torch.tensor(images.shape))
        expect_close(result.clamp(0, 1), result)

    def moves_on() -> None:
        images = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(5))
        generator = torch.Generator().manual_seed(0)
        if torch.equal(run(images, generator), run(images, generator)):
            raise AssertionError("two batches got the same draws; do not seed within")

    return [
        Case("one picture", lambda: fits(1, 3, 16, 16)),
        Case("pictures that are not square", lambda: fits(5, 3, 20, 12)),
        Case("a second batch gets other draws", moves_on),
    ]
