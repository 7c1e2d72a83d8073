"""Checks of the exercises of chapter 7, which pixels matter."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from chapters.saliency.suspects import READERS, SUSPECTS, Nervous, ObjectReader, toy_scenes
from lib import visualization
from lib.checks import Case, Mistakes, Report, expect_close, explain, run_cases

Maps = Callable[[Tensor, Tensor], Tensor]
LooksAt = Callable[[nn.Module, Tensor, Tensor, Mapping[str, Tensor]], str]


def check_pointing_game(pointing_game: Maps) -> Report:
    """Check whether a map's largest value lies inside a mask.

    Args:
        pointing_game: maps maps (n, h, w) and masks (n, h, w) bool to (n,), 1 or 0.
    """

    def gives(maps: list, masks: list, expected: list) -> Callable[[], None]:
        def test() -> None:
            got = pointing_game(torch.tensor(maps), torch.tensor(masks, dtype=torch.bool))
            wanted = torch.tensor(expected, dtype=torch.float32)
            hint = explain(pointing_game(*_many_maps()), _misread_games(*_many_maps()))
            expect_close(torch.as_tensor(got).float(), wanted, hint=hint)

        return test

    top = [[1, 1], [0, 0]]
    return run_cases(
        "pointing game",
        [
            Case("the largest value lies inside", gives([[[1.0, 3], [2, 0]]], [top], [1])),
            Case("the largest value lies outside", gives([[[1.0, 3], [4, 0]]], [top], [0])),
            Case("each map has its own mask and its own largest value",
                 gives([[[1.0, 3], [2, 0]], [[1.0, 3], [4, 0]], [[9.0, 3], [8, 0]]],
                       [top, top, top[::-1]], [1, 0, 0])),
            Case("only the largest value counts", gives([[[2.0, 2], [3, 0]]], [top], [0])),
            Case("maps may be negative", gives([[[-3.0, -1], [-2, -9]]], [top], [1])),
        ],
    )  # fmt: skip


def _many_maps() -> tuple[Tensor, Tensor]:
    """Maps and masks on which common mistakes differ."""
    generator = torch.Generator().manual_seed(2)
    maps = torch.randn(24, 4, 5, generator=generator)
    return maps, torch.rand(maps.shape, generator=generator) < 0.4


def _misread_games(maps: Tensor, masks: Tensor) -> Mistakes:
    """The answers that common mistakes give, under what the learner is told about them."""
    energy = visualization.energy_inside(maps, masks)
    game, plain = visualization.pointing_game, (masks * maps).sum((1, 2)) / maps.sum((1, 2))
    return {
        "The share of the sum is the energy inside; only the largest value counts here.": energy,
        "The share of the sum is the energy; only the largest value counts here.": plain,
        "Whether most of the sum lies inside is another question; only the largest counts.":
            energy.round(),
        "Take the largest value, not the largest absolute value.": game(maps.abs(), masks),
        "You found the smallest values.": game(-maps, masks),
        "It is the other way round: 1 if inside, 0 if outside.": 1 - game(maps, masks),
        "Return a number for each map; this is their mean.": game(maps, masks).mean(),
        "Each map has a largest value of its own; you took that of the whole batch.":
            (masks & (maps == maps.max())).flatten(1).any(1).float(),
    }  # fmt: skip


def check_integrated_gradients(
    integrated_gradients: Callable[..., Tensor], baseline: float = 0.4
) -> Report:
    """Check gradients integrated along the line from an even gray to an image.

    Args:
        integrated_gradients: maps a model, images (n, c, h, w), labels (n,) and a number of
            steps to (n, c, h, w), by the midpoint rule.
        baseline: the value of each pixel where the line begins.
    """

    def answer(steps: int) -> Tensor:
        return integrated_gradients(small_network(), _pictures(), _labels(), steps)

    def agrees(steps: int) -> Callable[[], None]:
        def test() -> None:
            expected = visualization.integrated_gradients(
                small_network(), _pictures(), _labels(), baseline=baseline, steps=steps
            )
            mistakes = _misread_lines(small_network(), _pictures(), _labels(), baseline, steps)
            expect_close(answer(steps), expected, hint=explain(answer(steps), mistakes))

        return test

    def sums() -> None:
        model, images, labels = small_network(), _pictures(), _labels()
        with torch.no_grad():
            both = model(images) - model(torch.full_like(images, baseline))
        expected = both.gather(1, labels[:, None])[:, 0]
        mistakes = _misread_lines(small_network(), _pictures(), _labels(), baseline, 2)
        hint = explain(answer(2), mistakes)
        expect_close(answer(200).sum((1, 2, 3)), expected, hint=hint, tolerance=0.02)

    def keeps_input() -> None:
        images = _pictures()
        integrated_gradients(small_network(), images, _labels(), 2)
        if images.requires_grad or not torch.equal(images, _pictures()):
            raise AssertionError("the images were changed; work on a copy")

    return run_cases(
        "integrated gradients",
        [
            Case("one step is the gradient halfway, times the line", agrees(1)),
            Case("eight steps", agrees(8)),
            Case("with many steps they sum to the difference of the scores", sums),
            Case("the images are left alone", keeps_input),
        ],
    )


def _misread_lines(
    model: nn.Module, images: Tensor, labels: Tensor, baseline: float, steps: int
) -> Mistakes:
    """The answers that common mistakes give, under what the learner is told about them."""
    line = images - baseline

    def mean(first: float) -> Tensor:
        at = [baseline + (k + first) / steps * line for k in range(steps)]
        return torch.stack([visualization.input_gradient(model, x, labels) for x in at]).mean(0)

    black = visualization.integrated_gradients(model, images, labels, steps=steps)
    middle = mean(0.5)
    return {
        "Take the gradient in the middle of each part; yours are at its beginning.": line * mean(0),
        "Take the gradient in the middle of each part; yours are at its end.": line * mean(1),
        "This is the mean gradient; multiply it by the line, x - b.": middle,
        "Multiply by the line x - b, not by the image.": images * middle,
        "The line begins at b; yours begins at black.": black,
        "This is the sum over the steps; the formula has their mean.": steps * line * middle,
        "Each image has its own score: add the scores up, do not average them over the batch.":
            line * middle / len(images),
        "This is gradient × input, from the image itself and not from the line.":
            visualization.input_gradient_times_input(model, images, labels),
    }  # fmt: skip


def check_contrast(contrast: Callable[..., Tensor]) -> Report:
    """Check the saliency of a difference of two scores.

    Args:
        contrast: maps a model, images (n, c, h, w), and two classes (whole numbers) to (n, h, w).
    """

    def agrees(a: int, b: int) -> Callable[[], None]:
        def test() -> None:
            model = small_network()
            first, second = (visualization.input_gradient(model, _pictures(), k) for k in (a, b))
            right = visualization.channel_maximum(first - second)
            hint = explain(
                contrast(small_network(), _pictures(), a, b),
                _misread_contrasts(model, _pictures(), a, b),
            )
            expect_close(contrast(model, _pictures(), a, b), right, hint=hint)

        return test

    def symmetric() -> None:
        model, hint = small_network(), "S_a - S_b and S_b - S_a have the same absolute values."
        back = contrast(model, _pictures(), 0, 1)
        expect_close(contrast(model, _pictures(), 1, 0), back, hint=hint)

    return run_cases(
        "contrast",
        [
            Case("class 0 against class 2", agrees(0, 2)),
            Case("class 3 against class 1", agrees(3, 1)),
            Case("a class against itself is zero everywhere", agrees(1, 1)),
            Case("the order of the two does not matter", symmetric),
        ],
    )


def _misread_contrasts(model: nn.Module, images: Tensor, a: int, b: int) -> Mistakes:
    """The answers that common mistakes give, under what the learner is told about them."""
    first, second = (visualization.input_gradient(model, images, k) for k in (a, b))
    maps = [gradient.abs().amax(1) for gradient in (first, second)]
    chances = nn.Sequential(model, nn.Softmax(1))
    p_a, p_b = (visualization.input_gradient(chances, images, k) for k in (a, b))
    right, g = (first - second).abs(), first - second
    apart = "Subtract the scores first, then take one gradient: |a - b| is not |a| - |b|."
    return {
        apart: maps[0] - maps[1],
        f"{apart} An absolute value at the end does not help.": (maps[0] - maps[1]).abs(),
        "These are differences of probabilities; use the scores before the softmax.":
            (p_a - p_b).abs().amax(1),
        "Take absolute values before the largest of the three colors.": g.amax(1),
        "For each pixel, keep the largest of the three colors, not their sum.": right.sum(1),
        "For each pixel, keep the largest of the three colors, not their mean.": right.mean(1),
        "Each image has a map of its own: add the scores up, do not average over the batch.":
            right.amax(1) / len(images),
        "This is the map of the first class alone; where is the second?": maps[0],
        "This is the map of the second class alone; where is the first?": maps[1],
        "This is the map of the sum of the two scores.": (first + second).abs().amax(1),
    }  # fmt: skip


def check_looks_at(looks_at: LooksAt) -> Report:
    """Check a detective on hand-built networks whose cues are known.

    Args:
        looks_at: maps a model, images (n, 3, h, w), labels (n,) and regions (a bool mask (n, h, w)
            for each name) to one of the names.
    """

    def finds(name: str, nervous: bool = False) -> Callable[[], None]:
        def test() -> None:
            reader = Nervous(READERS[name]()) if nervous else READERS[name]()
            for seed in (0, 1):
                images, labels, regions = toy_scenes(6, 24, seed=seed)
                got = looks_at(reader, images, labels, regions)
                if got not in regions:
                    raise AssertionError(f"expected one of the names {[*regions]}; got {got!r:.60}")
                if got != name:
                    hint = HINTS[nervous, got == "background"]
                    raise AssertionError(f"it reads the {name}; you found {got!r}. {hint}")

        return test

    def keeps_images() -> None:
        images, labels, regions = toy_scenes(4, 24)
        looks_at(ObjectReader(), images, labels, regions)
        if not torch.equal(images, toy_scenes(4, 24)[0]):
            raise AssertionError("the images were changed; work on a copy")

    return run_cases(
        "suspects",
        [*(Case(f"one that reads the {name}", finds(name)) for name in SUSPECTS),
         *(Case(f"one that reads the {name} and is sensitive elsewhere", finds(name, True))
           for name in ("mark", "object")),
         Case("the images are left alone", keeps_images)],
    )  # fmt: skip


HINTS = {  # by whether the network is nervous, and whether the background was found
    (False, False): "Does your answer depend on the network, and in the right direction?",
    (False, True): "The background has the most pixels: does your measure grow with the area?",
    (True, False): "Does your answer depend on the network?",
    (True, True): "The background can change the score only by a trifle, though the gradient is "
    "large there. Ask how much the score falls without a region.",
}


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
