import itertools

import pytest
import torch

from chapters.saliency import checks
from chapters.saliency.checks import READERS, toy_scenes
from lib import visualization


def unattempted(*_):
    raise NotImplementedError


def pointing_game(maps, masks):
    largest = maps.flatten(1).argmax(1, keepdim=True)
    return masks.flatten(1).gather(1, largest)[:, 0].float()


def integrated_gradients(model, images, labels, steps):
    return visualization.integrated_gradients(model, images, labels, steps=steps)


def contrast(model, images, a, b):
    first, second = (visualization.input_gradient(model, images, k) for k in (a, b))
    return visualization.channel_maximum(first - second)


def score(model, images, labels):
    with torch.no_grad():
        return model(images).gather(1, labels[:, None]).mean().item()


def looks_at(model, images, labels, regions):
    falls = {
        name: score(model, images, labels)
        - score(model, torch.where(mask[:, None], 0.5, images), labels)
        for name, mask in regions.items()
    }
    return max(falls, key=falls.get)


def by_density(model, images, labels, regions):
    maps = visualization.saliency(model, images, labels)
    energy = {
        name: visualization.energy_inside(maps, mask).mean() for name, mask in regions.items()
    }
    return max(energy, key=lambda name: energy[name] / regions[name].float().mean())


def left_endpoints(model, images, labels, steps):
    total = 0
    for k in range(steps):
        total = total + visualization.input_gradient(model, k / steps * images, labels)
    return images * total / steps


def in_place(model, images, labels, regions):
    found = looks_at(model, images, labels, regions)
    images.zero_()
    return found


def in_turn(order):
    turn = itertools.cycle(order)
    return lambda *_: next(turn)


RIGHT = {
    "pointing game": (checks.check_pointing_game, pointing_game),
    "integrated gradients": (checks.check_integrated_gradients, integrated_gradients),
    "contrast": (checks.check_contrast, contrast),
    "suspects": (checks.check_looks_at, looks_at),
}
WRONG = [
    ("pointing game", lambda M, m: visualization.energy_inside(M, m)),
    ("pointing game", lambda M, m: pointing_game(M.abs(), m)),
    ("pointing game", lambda M, m: 1 - pointing_game(M, m)),
    ("pointing game", lambda M, m: pointing_game(M, m).mean()),
    ("pointing game", lambda M, m: visualization.energy_inside(M, m).round()),
    ("integrated gradients", left_endpoints),
    ("integrated gradients", lambda n, x, y, k: integrated_gradients(n, x, y, k) / (x + 0.1)),
    ("integrated gradients", lambda n, x, y, k: visualization.input_gradient_times_input(n, x, y)),
    ("integrated gradients", lambda n, x, y, k: integrated_gradients(n, x, y.flip(0), k)),
    ("contrast", lambda n, x, a, b: (visualization.saliency(n, x, a)
                                     - visualization.saliency(n, x, b)).abs()),
    ("contrast", lambda n, x, a, b: visualization.saliency(n, x, a)),
    ("contrast", lambda n, x, a, b: contrast(n, x, a, b).mean(0)),
    ("suspects", lambda n, x, y, r: "object"),
    ("suspects", lambda n, x, y, r: min(r)),
    ("suspects", in_turn(["object", "background", "mark"])),
    ("suspects", in_turn(["mark", "object", "background"])),
    ("suspects", in_place),
    ("suspects", lambda n, x, y, r: max(r, key=lambda name: r[name].sum())),
]  # fmt: skip


@pytest.mark.parametrize("name", list(RIGHT))
def test_right_answers_are_accepted_and_stubs_are_not_attempted(name):
    check, answer = RIGHT[name]
    assert check(answer).passed, check(answer)
    assert repr(check(unattempted)) == f"Exercise {name}: not attempted yet"


def test_another_way_to_find_the_region_is_accepted():
    assert checks.check_looks_at(by_density).passed


@pytest.mark.parametrize(
    ("name", "wrong"), WRONG, ids=lambda value: getattr(value, "__name__", value)
)
def test_wrong_answers_are_refused(name, wrong):
    report = RIGHT[name][0](wrong)
    assert report.attempted
    assert not report.passed


@pytest.mark.parametrize("name", READERS)
def test_a_reader_is_right_about_toy_scenes_and_its_gradient_stays_in_its_region(name):
    images, labels, regions = toy_scenes(8, 24)
    model = READERS[name]()
    assert torch.equal(model(images).argmax(1), labels)
    maps = visualization.saliency(model, images, labels)
    assert (visualization.energy_inside(maps, regions[name]) > 0.99).all()


def test_regions_of_toy_scenes_cover_each_pixel_once():
    regions = toy_scenes(4, 20)[2]
    assert torch.equal(sum(mask.int() for mask in regions.values()), torch.ones(4, 20, 20).int())
