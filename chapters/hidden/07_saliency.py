"""Hidden tests of chapter 7: what an answer must do beyond the checks that learners see.

Each function takes the names a submission defines and returns cases for `lib.checks.run_cases`.
"""

from collections.abc import Mapping

import torch
from torch import nn

from chapters.saliency.checks import small_network
from chapters.saliency.suspects import READERS, Nervous, toy_scenes
from lib import visualization
from lib.checks import Case, expect_close


def pointing_game(names: Mapping[str, object]) -> list[Case]:
    """Many random maps, one map, masks that are full or empty."""
    f = names["pointing_game"]
    g = torch.Generator().manual_seed(8)
    maps, masks = torch.randn(40, 7, 9, generator=g), torch.rand(40, 7, 9, generator=g) < 0.4

    def same(rows: slice) -> None:
        expected = visualization.pointing_game(maps[rows], masks[rows])
        got = f(maps[rows].clone(), masks[rows].clone())
        expect_close(torch.as_tensor(got).float(), expected)

    def every(full: bool) -> None:
        got = torch.as_tensor(f(maps.clone(), torch.full_like(masks, full))).float()
        expect_close(got, torch.full((40,), float(full)))

    return [
        Case("forty random maps", lambda: same(slice(None))),
        Case("one map", lambda: same(slice(0, 1))),
        Case("masks of everything", lambda: every(True)),
        Case("masks of nothing", lambda: every(False)),
    ]


def integrated_gradients(names: Mapping[str, object], BASELINE: float = 0.4) -> list[Case]:
    """One image, other steps, and a linear network."""
    f = names["integrated_gradients"]
    images = torch.rand(2, 3, 9, 7, generator=torch.Generator().manual_seed(6))

    def same(count: int, steps: int) -> None:
        labels, model = torch.arange(count), small_network()
        expected = visualization.integrated_gradients(
            model, images[:count], labels, baseline=BASELINE, steps=steps
        )
        expect_close(f(model, images[:count].clone(), labels, steps), expected)

    def linear() -> None:
        model = nn.Sequential(nn.Flatten(), nn.Linear(189, 3))
        expected = (images - BASELINE) * model[1].weight.detach()[[2, 1]].view(2, 3, 9, 7)
        expect_close(f(model, images.clone(), torch.tensor([2, 1]), 3), expected)

    return [
        Case("one image", lambda: same(1, 5)),
        Case("two images", lambda: same(2, 3)),
        Case("a linear network needs one step", linear),
    ]


def contrast(names: Mapping[str, object]) -> list[Case]:
    """Other pictures, and a linear network for which the answer is known."""
    f = names["contrast"]
    images = torch.rand(4, 3, 6, 11, generator=torch.Generator().manual_seed(9))

    def same() -> None:
        model = small_network()
        first, second = (visualization.input_gradient(model, images, k) for k in (3, 2))
        expect_close(f(model, images.clone(), 3, 2), visualization.channel_maximum(first - second))

    def linear() -> None:
        model = nn.Sequential(nn.Flatten(), nn.Linear(198, 3))
        weights = (model[1].weight[0] - model[1].weight[2]).detach().view(3, 6, 11)
        expect_close(f(model, images.clone(), 0, 2), weights.abs().amax(0).expand(4, -1, -1))

    return [
        Case("other pictures and classes", same),
        Case("a linear network: the difference of its weights", linear),
    ]


def suspects(names: Mapping[str, object]) -> list[Case]:
    """Other scenes, other names of regions in another order, one image."""
    f = names["looks_at"]

    def finds(name: str, count: int, size: int) -> None:
        images, labels, regions = toy_scenes(count, size, seed=4)
        renamed = {f"the {key}": regions[key] for key in ("mark", "object", "background")}
        for _ in range(2):
            got = f(READERS[name](), images, labels, renamed)
            if got != f"the {name}":
                raise AssertionError(f"a network that reads the {name}: found {got!r}")

    def second_class(name: str) -> None:
        images, labels, regions = toy_scenes(8, 24, seed=9)
        kept = {key: mask[1::2] for key, mask in regions.items()}
        got = f(READERS[name](), images[1::2], labels[1::2], kept)
        if got != name:
            raise AssertionError(f"a network that reads the {name}: found {got!r}")

    def nervous(name: str) -> None:
        images, labels, regions = toy_scenes(7, 28, seed=5)
        got = f(Nervous(READERS[name]()), images, labels, regions)
        if got != name:
            raise AssertionError(f"a network that reads the {name}: found {got!r}")

    return [
        *(Case(f"{name}, sensitive elsewhere", lambda n=name: nervous(n)) for name in READERS),
        *(Case(f"{name}, other scenes", lambda n=name: finds(n, 5, 32)) for name in READERS),
        *(Case(f"{name}, one class", lambda n=name: second_class(n)) for name in READERS),
        *(Case(f"{name}, one image", lambda n=name: finds(n, 1, 20)) for name in READERS),
    ]
