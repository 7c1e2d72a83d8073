"""Checks of the exercises of chapter 7, which pixels matter."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from lib import visualization
from lib.checks import Case, Report, expect_close, run_cases

Maps = Callable[[Tensor, Tensor], Tensor]
LooksAt = Callable[[nn.Module, Tensor, Tensor, Mapping[str, Tensor]], str]


def check_pointing_game(pointing_game: Maps) -> Report:
    """Check whether a map's largest value lies inside a mask.

    Args:
        pointing_game: maps maps (n, h, w) and masks (n, h, w) bool to (n,), 1 or 0.
    """

    def gives(maps: list, masks: list, expected: list, hint: str) -> Callable[[], None]:
        def test() -> None:
            got = pointing_game(torch.tensor(maps), torch.tensor(masks, dtype=torch.bool))
            wanted = torch.tensor(expected, dtype=torch.float32)
            expect_close(torch.as_tensor(got).float(), wanted, hint=hint)

        return test

    top = [[1, 1], [0, 0]]
    return run_cases(
        "pointing game",
        [
            Case("the largest value lies inside", gives([[[1.0, 3], [2, 0]]], [top], [1], "")),
            Case("the largest value lies outside", gives([[[1.0, 3], [4, 0]]], [top], [0], "")),
            Case(
                "each map has its own mask",
                gives([[[1.0, 3], [4, 0]]] * 2, [top, top[::-1]], [0, 1], "One for each map."),
            ),
            Case(
                "only the largest value counts",
                gives([[[2.0, 2], [3, 0]]], [top], [0], "Not the sum: that is the energy."),
            ),
            Case(
                "maps may be negative",
                gives([[[-3.0, -1], [-2, -9]]], [top], [1], "No absolute values."),
            ),
        ],
    )  # fmt: skip


def check_integrated_gradients(integrated_gradients: Callable[..., Tensor]) -> Report:
    """Check gradients integrated along the line from black to an image, times the image.

    Args:
        integrated_gradients: maps a model, images (n, c, h, w), labels (n,) and a number of
            steps to (n, c, h, w), by the midpoint rule.
    """

    def answer(steps: int) -> Tensor:
        return integrated_gradients(small_network(), _pictures(), _labels(), steps)

    def agrees(steps: int) -> Callable[[], None]:
        def test() -> None:
            expected = visualization.integrated_gradients(
                small_network(), _pictures(), _labels(), steps=steps
            )
            hint = "Take the gradient at the middles (k + 1/2) / K of the parts."
            expect_close(answer(steps), expected, hint=hint)

        return test

    def sums() -> None:
        model, images, labels = small_network(), _pictures(), _labels()
        with torch.no_grad():
            both = model(images) - model(torch.zeros_like(images))
        expected = both.gather(1, labels[:, None])[:, 0]
        hint = "Multiply the mean gradient by the image."
        expect_close(answer(200).sum((1, 2, 3)), expected, hint=hint, tolerance=0.02)

    def keeps_input() -> None:
        images = _pictures()
        integrated_gradients(small_network(), images, _labels(), 2)
        if images.requires_grad or not torch.equal(images, _pictures()):
            raise AssertionError("the images were changed; work on a copy")

    return run_cases(
        "integrated gradients",
        [
            Case("one step is the gradient halfway, times the image", agrees(1)),
            Case("eight steps", agrees(8)),
            Case("with many steps they sum to the difference of the scores", sums),
            Case("the images are left alone", keeps_input),
        ],
    )


def check_contrast(contrast: Callable[..., Tensor]) -> Report:
    """Check the saliency of a difference of two scores.

    Args:
        contrast: maps a model, images (n, c, h, w), and two classes (whole numbers) to (n, h, w).
    """

    def expected(model: nn.Module, images: Tensor, a: int, b: int) -> Tensor:
        first, second = (visualization.input_gradient(model, images, k) for k in (a, b))
        return visualization.channel_maximum(first - second)

    def agrees(a: int, b: int, hint: str) -> Callable[[], None]:
        def test() -> None:
            right = expected(small_network(), _pictures(), a, b)
            expect_close(contrast(small_network(), _pictures(), a, b), right, hint=hint)

        return test

    def symmetric() -> None:
        model = small_network()
        expect_close(contrast(model, _pictures(), 1, 0), contrast(model, _pictures(), 0, 1))

    difference = "Subtract the scores first, then take one gradient; |a - b| is not |a| - |b|."
    return run_cases(
        "contrast",
        [
            Case("class 0 against class 2", agrees(0, 2, difference)),
            Case("class 3 against class 1", agrees(3, 1, difference)),
            Case("a class against itself is zero everywhere", agrees(1, 1, "S_a - S_a is 0.")),
            Case("the order of the two does not matter", symmetric),
        ],
    )


def check_looks_at(looks_at: LooksAt) -> Report:
    """Check a detective on hand-built networks whose cues are known.

    Args:
        looks_at: maps a model, images (n, 3, h, w), labels (n,) and regions (a bool mask (n, h, w)
            for each name) to one of the names.
    """

    def finds(name: str) -> Callable[[], None]:
        def test() -> None:
            for seed in (0, 1):
                got = looks_at(READERS[name](), *toy_scenes(6, 24, seed=seed))
                if got != name:
                    raise AssertionError(f"a network that reads the {name}: you found {got!r}")

        return test

    def keeps_images() -> None:
        images, labels, regions = toy_scenes(4, 24)
        looks_at(ObjectReader(), images, labels, regions)
        if not torch.equal(images, toy_scenes(4, 24)[0]):
            raise AssertionError("the images were changed; work on a copy")

    return run_cases(
        "suspects",
        [*(Case(f"one that reads the {name}", finds(name)) for name in SUSPECTS),
         Case("the images are left alone", keeps_images)],
    )  # fmt: skip


class ObjectReader(nn.Module):
    """Scores by how red or blue the image is: the objects of `toy_scenes`."""

    def forward(self, images: Tensor) -> Tensor:
        """Scores (batch, 2) of images (batch, 3, height, width)."""
        return _two(images[:, 0] - images[:, 2])


class BackgroundReader(nn.Module):
    """Scores by green or its opposite: the backgrounds of `toy_scenes`."""

    def forward(self, images: Tensor) -> Tensor:
        """Scores (batch, 2) of images (batch, 3, height, width)."""
        return _two(images[:, 1] - (images[:, 0] + images[:, 2]) / 2)


class MarkReader(nn.Module):
    """Scores by the brightness of the upper left corner: the marks of `toy_scenes`."""

    def forward(self, images: Tensor) -> Tensor:
        """Scores (batch, 2) of images (batch, 3, height, width)."""
        return _two(images[:, :, :4, :4].mean(1) - 0.5)


READERS = {"object": ObjectReader, "background": BackgroundReader, "mark": MarkReader}


SUSPECTS = ("mark", "object", "background", "object", "mark")  # no simple rotation of answers fits


def _two(evidence: Tensor) -> Tensor:
    """Scores of class 0, for positive evidence, and of class 1; small evidence counts as none."""
    both = torch.stack([evidence, -evidence], dim=1)
    return 10 * (both - 0.1).relu().mean((2, 3))


def toy_scenes(count: int, size: int, *, seed: int = 0) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Images (count, 3, size, size) in which three cues agree, labels 0 and 1, and regions.

    Class 0 is an orange square on green with a white mark in the corner, class 1 a blue one on
    pink with a black mark.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    sides = torch.tensor([[0.3, 0.7, 0.3], [0.7, 0.3, 0.7]])[labels]
    images = sides[:, :, None, None].expand(-1, -1, size, size).clone()
    thing, mark = (torch.zeros(count, size, size, dtype=torch.bool) for _ in range(2))
    places = torch.randint(5, size - 8, (count, 2), generator=generator).tolist()
    for row, (top, left) in enumerate(places):
        thing[row, top : top + 7, left : left + 7] = True
    mark[:, :4, :4] = True
    colors = torch.tensor([[0.9, 0.5, 0.1], [0.1, 0.5, 0.9]])[labels]
    images = torch.where(thing[:, None], colors[:, :, None, None], images)
    images = torch.where(mark[:, None], (1.0 - labels)[:, None, None, None], images)
    return images, labels, {"object": thing, "background": ~(thing | mark), "mark": mark}


def small_network() -> nn.Module:
    """A small network with four classes and fixed weights, for images of 3 channels."""
    generator = torch.Generator().manual_seed(11)
    model = nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(45, 4)
    )
    for weight in model.parameters():
        weight.data = torch.randn(weight.shape, generator=generator) / 2
    return model.eval()


def _pictures() -> Tensor:
    """New random pictures for each case, since an answer might change them."""
    return torch.rand(3, 3, 8, 10, generator=torch.Generator().manual_seed(5))


def _labels() -> Tensor:
    return torch.tensor([2, 0, 3])
