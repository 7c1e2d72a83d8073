import itertools

import pytest
import torch

from chapters.saliency import checks
from chapters.saliency.suspects import READERS, Nervous, toy_scenes
from lib import visualization


def unattempted(*_):
    raise NotImplementedError


def pointing_game(maps, masks):
    largest = maps.flatten(1).argmax(1, keepdim=True)
    return masks.flatten(1).gather(1, largest)[:, 0].float()


BASELINE = 0.4  # the default of the check


def integrated_gradients(model, images, labels, steps, baseline=BASELINE):
    return visualization.integrated_gradients(model, images, labels, baseline=baseline, steps=steps)


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


def along(first):
    """Integrated gradients at the points (k + first) / K of the line."""

    def answer(model, images, labels, steps):
        total, line = 0, images - BASELINE
        for k in range(steps):
            at = (BASELINE + (k + first) / steps * line).requires_grad_()
            scores = model(at).gather(1, labels[:, None])
            total = total + torch.autograd.grad(scores.sum(), at)[0]
        return line * total / steps

    return answer


left_endpoints = along(0)


def without_line(model, images, labels, steps):
    return integrated_gradients(model, images, labels, steps) / (images - BASELINE)


def times_image(model, images, labels, steps):
    return images * without_line(model, images, labels, steps)


def of_probabilities(model, images, a, b):
    return contrast(torch.nn.Sequential(model, torch.nn.Softmax(1)), images, a, b)


def of_log_probabilities(model, images, a, b):
    return contrast(torch.nn.Sequential(model, torch.nn.LogSoftmax(1)), images, a, b)


def gradients(model, images, a, b):
    first, second = (visualization.input_gradient(model, images, k) for k in (a, b))
    return first - second


def by_loop(maps, masks):
    return [float(mask[map == map.max()].any()) for map, mask in zip(maps, masks, strict=True)]


def of_batch(maps, masks):
    return (masks & (maps == maps.max())).flatten(1).any(1)


def by_total(model, images, labels, regions):
    maps = visualization.saliency(model, images, labels)
    return max(regions, key=lambda name: (maps * regions[name]).sum())


def least_fall(model, images, labels, regions):
    def left(name):
        return score(model, torch.where(regions[name][:, None], 0.5, images), labels)

    return max(regions, key=left)


def by_exchange(model, images, labels, regions):
    """Gives each region the pixels of an image of the other class."""
    other = images.roll(1, 0)  # labels alternate

    def left(name):
        return score(model, torch.where(regions[name][:, None], other, images), labels)

    return min(regions, key=left)


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
    ("integrated gradients", without_line),
    ("integrated gradients", lambda n, x, y, k: integrated_gradients(n, x, y, k, baseline=0)),
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
    ("suspects", by_density),
    ("suspects", lambda n, x, y, r: max(r, key=lambda name: r[name].sum())),
]  # fmt: skip


@pytest.mark.parametrize("name", list(RIGHT))
def test_right_answers_are_accepted_and_stubs_are_not_attempted(name):
    check, answer = RIGHT[name]
    assert check(answer).passed, check(answer)
    assert repr(check(unattempted)) == f"Exercise {name}: not attempted yet"


HINTS = [
    ("pointing game", visualization.energy_inside, "is the energy inside"),
    ("pointing game", lambda M, m: (M * m).sum((1, 2)) / M.sum((1, 2)), "is the energy"),
    ("pointing game", lambda M, m: pointing_game(M.abs(), m), "absolute value"),
    ("pointing game", lambda M, m: pointing_game(-M, m), "smallest"),
    ("pointing game", lambda M, m: 1 - pointing_game(M, m), "other way round"),
    ("pointing game", lambda M, m: pointing_game(M, m).mean(), "expected shape (1,); got ()"),
    ("pointing game", of_batch, "that of the whole batch"),
    ("integrated gradients", along(0), "at its beginning"),
    ("integrated gradients", along(1), "at its end"),
    ("integrated gradients", without_line, "multiply it by the line"),
    ("integrated gradients", times_image, "not by the image"),
    ("integrated gradients", lambda n, x, y, k: integrated_gradients(n, x, y, k, baseline=0),
     "begins at black"),
    ("integrated gradients", lambda n, x, y, k: integrated_gradients(n, x, y, k) * k, "the sum"),
    ("integrated gradients", lambda n, x, y, k: integrated_gradients(n, x, y, k) / len(x),
     "do not average them over the batch"),
    ("integrated gradients", lambda n, x, y, k: visualization.input_gradient_times_input(n, x, y),
     "gradient × input"),
    ("integrated gradients", lambda n, x, y, k: integrated_gradients(n, x.mul_(1.5), y, k),
     "were changed"),
    ("contrast", lambda n, x, a, b: visualization.saliency(n, x, a)
                                    - visualization.saliency(n, x, b), "is not |a| - |b|"),
    ("contrast", lambda n, x, a, b: (visualization.saliency(n, x, a)
                                     - visualization.saliency(n, x, b)).abs(), "does not help"),
    ("contrast", of_probabilities, "probabilities"),
    ("contrast", lambda *args: gradients(*args).amax(1), "Take absolute values before"),
    ("contrast", lambda *args: gradients(*args).abs().sum(1), "not their sum"),
    ("contrast", lambda *args: gradients(*args).abs().mean(1), "not their mean"),
    ("contrast", lambda n, x, a, b: contrast(n, x, a, b) / len(x), "do not average"),
    ("contrast", lambda n, x, a, b: visualization.saliency(n, x, a), "where is the second?"),
    ("contrast", lambda *args: gradients(*args).abs(), "expected shape (3, 8, 10)"),
    ("suspects", by_density, "by a trifle"),
    ("suspects", by_total, "by a trifle"),
    ("suspects", lambda n, x, y, r: max(r, key=lambda name: r[name].sum()), "the most pixels"),
    ("suspects", least_fall, "in the right direction"),
    ("suspects", lambda n, x, y, r: 0, "expected one of the names"),
    ("suspects", in_place, "work on a copy"),
]  # fmt: skip
OTHERS = [
    ("pointing game", lambda M, m: pointing_game(M, m).bool()),
    ("pointing game", lambda M, m: pointing_game(M, m).numpy()),
    ("pointing game", by_loop),
    ("integrated gradients", along(0.5)),
    ("contrast", of_log_probabilities),  # differences of logarithms are differences of scores
    ("contrast", lambda n, x, a, b: contrast(n, x, a, b).double()),
    ("suspects", by_exchange),
]


@pytest.mark.parametrize(("name", "answer"), OTHERS)
def test_other_ways_to_answer_are_accepted(name, answer):
    report = RIGHT[name][0](answer)
    assert report.passed, report


@pytest.mark.parametrize(("name", "wrong", "hint"), HINTS)
def test_a_common_mistake_is_named(name, wrong, hint):
    report = RIGHT[name][0](wrong)
    assert any(hint in problem for _, problem in report.results), report


@pytest.mark.parametrize("baseline", [0.2, 0.8])
def test_the_line_begins_where_the_check_says(baseline):
    def begin_there(*args):
        return integrated_gradients(*args, baseline=baseline)

    assert checks.check_integrated_gradients(begin_there, baseline).passed
    assert not checks.check_integrated_gradients(integrated_gradients, baseline).passed


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


@pytest.mark.parametrize("name", ["object", "mark"])
def test_a_nervous_reader_answers_alike_but_is_more_sensitive_to_the_background(name):
    images, labels, regions = toy_scenes(8, 24)
    reader = READERS[name]()
    scores, same = Nervous(reader)(images), reader(images)
    assert torch.equal(scores.argmax(1), labels)
    assert (scores - same).abs().max() < 0.006 < 0.1 < same.max()
    assert by_density(reader, images, labels, regions) == name
    assert by_density(Nervous(reader), images, labels, regions) == "background"


def test_regions_of_toy_scenes_cover_each_pixel_once():
    regions = toy_scenes(4, 20)[2]
    assert torch.equal(sum(mask.int() for mask in regions.values()), torch.ones(4, 20, 20).int())
