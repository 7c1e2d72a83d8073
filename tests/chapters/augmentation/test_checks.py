import importlib.util
import math
from pathlib import Path

import pytest
import torch

from chapters.augmentation import checks
from lib import augmentation
from lib.checks import run_cases

HIDDEN = Path(__file__).parents[3] / "chapters" / "hidden" / "04_augmentation.py"


def unattempted(*_):
    raise NotImplementedError


LEFT, RIGHT = 34, 33


def swap(labels):
    return torch.where(labels == LEFT, RIGHT, torch.where(labels == RIGHT, LEFT, labels))


def flip_signs(images, labels, flip):
    swapped = swap(labels)
    images = torch.where(flip[:, None, None, None], images.flip(-1), images)
    return images, torch.where(flip, swapped, labels)


def shear_matrices(degrees):
    slide = torch.tensor(degrees).deg2rad().tan().item()
    return torch.tensor([[1, -slide], [0, 1]]), torch.tensor([[1, slide], [0, 1]])


def gamma(images, labels, generator):
    draws = torch.rand(len(images), 1, 1, 1, generator=generator).to(images)
    return images ** (2 ** (2 * draws - 1)), labels


def in_place(images, labels, flip):
    images[flip] = images[flip].flip(-1)
    return images, torch.where(flip, swap(labels), labels)


def by_loop(images, labels, flip):
    new = {LEFT: RIGHT, RIGHT: LEFT}
    pairs = zip(images, labels.tolist(), flip, strict=True)
    answers = [(x.flip(2), new.get(y, y)) if f else (x, y) for x, y, f in pairs]
    return [torch.stack([x for x, _ in answers]), torch.tensor([y for _, y in answers])]


def one_after_the_other(images, labels, flip):
    images, _ = flip_signs(images, labels, flip)
    labels = labels.clone()
    labels[flip & (labels == LEFT)] = RIGHT
    labels[flip & (labels == RIGHT)] = LEFT
    return images, labels


def with_pictures(change):
    """Right labels, and pictures that are changed where flip is true."""
    return lambda x, y, f: (
        torch.where(f[:, None, None, None], change(x), x),
        flip_signs(x, y, f)[1],
    )


def with_labels(change):
    return lambda x, y, f: (flip_signs(x, y, f)[0], change(y, f))


def ten_crops_at(places, mirrored=lambda x: x.flip(-1), crop_first=False):
    """Crops at places of (height, width, size) -> (top, left)."""

    def crops(images, size):
        found = []
        for mirror in (False, True):
            x = mirrored(images) if mirror and not crop_first else images
            for place in places:
                top, left = place(*images.shape[-2:], size)
                crop = x[..., top : top + size, left : left + size]
                found.append(crop.flip(-1) if mirror and crop_first else crop)
        return torch.stack(found, 1)

    return crops


CORNERS = [
    lambda h, w, s: (0, 0),
    lambda h, w, s: (0, w - s),
    lambda h, w, s: (h - s, 0),
    lambda h, w, s: (h - s, w - s),
]
MIDDLE = [lambda h, w, s: ((h - s) // 2, (w - s) // 2)]
swapped_corners = [CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[3]]
short_corners = [*CORNERS[:3], lambda h, w, s: (max(h - s - 1, 0), max(w - s - 1, 0))]
from_the_center = [lambda h, w, s: (min(h // 2, h - s), min(w // 2, w - s))]


def of_slope(first, second=None):
    """Shear matrices with other numbers off the diagonal."""

    def matrices(degrees):
        a = first(math.radians(degrees))
        b = -a if second is None else second(math.radians(degrees))
        return torch.tensor([[1, a], [0, 1]]), torch.tensor([[1, b], [0, 1]])

    return matrices


def rotation(degrees):
    angle = torch.tensor(degrees).deg2rad()
    turned = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).view(2, 2)
    return turned, turned.T


RIGHT_ANSWERS = {
    "flip signs": (checks.check_flip_signs, flip_signs),
    "ten crops": (checks.check_ten_crops, augmentation.ten_crops),
    "shear matrices": (checks.check_shear_matrices, shear_matrices),
    "own augmentation": (checks.check_own_augmentation, gamma),
}
WRONG = [
    ("flip signs", lambda x, y, f: flip_signs(x.flip(-2), y, f)),
    ("flip signs", lambda x, y, f: (flip_signs(x, y, f)[0], y)),
    ("flip signs", lambda x, y, f: (flip_signs(x, y, f)[0], swap(y))),
    ("flip signs", lambda x, y, f: (flip_signs(x, y, f)[0], torch.where(f, 67 - y, y))),
    ("flip signs", in_place),
    ("flip signs", lambda x, y, f: x),
    ("ten crops", lambda x, s: augmentation.ten_crops(x, s).flip(1)),
    ("ten crops", lambda x, s: augmentation.ten_crops(x, s)[:, :5]),
    ("ten crops", lambda x, s: list(augmentation.ten_crops(x, s))),
    ("shear matrices", lambda d: shear_matrices(-d)),
    ("shear matrices", lambda d: (shear_matrices(d)[0], shear_matrices(d)[0])),
    ("shear matrices", lambda d: tuple(m.T for m in shear_matrices(d))),
    ("shear matrices", lambda d: shear_matrices(d * 57.3)),
    ("own augmentation", lambda x, y, g: (x.clone(), y)),
    ("own augmentation", lambda x, y, g: (x * 2 * torch.rand(len(x), 1, 1, 1, generator=g), y)),
    ("own augmentation", lambda x, y, g: (x * torch.rand(1, generator=g), y)),
    ("own augmentation", lambda x, y, g: (x * torch.rand(len(x), 1, 1, 1), y)),
    ("own augmentation", lambda x, y, g: (gamma(x, y, g)[0], y.flip(0))),
    ("own augmentation", lambda x, y, g: (gamma(x, y, g)[0].float(), y)),
    ("own augmentation", lambda x, y, g: (x.mul_(torch.rand(len(x), 1, 1, 1, generator=g)), y)),
    ("own augmentation", lambda x, y, g: gamma(x, y, g)[0]),
]


@pytest.mark.parametrize("name", list(RIGHT_ANSWERS))
def test_right_answers_are_accepted_and_stubs_are_not_attempted(name):
    check, answer = RIGHT_ANSWERS[name]
    assert check(answer).passed
    assert repr(check(unattempted)) == f"Exercise {name}: not attempted yet"


@pytest.mark.parametrize(
    ("name", "wrong"), WRONG, ids=lambda value: getattr(value, "__name__", value)
)
def test_wrong_answers_are_refused(name, wrong):
    report = RIGHT_ANSWERS[name][0](wrong)
    assert report.attempted
    assert not report.passed


def test_an_augmentation_that_draws_once_for_a_batch_is_told_so():
    report = checks.check_own_augmentation(lambda x, y, g: (x * torch.rand(1, generator=g), y))
    assert "draw for each image" in repr(report)


HINTS = [
    ("flip signs", with_pictures(lambda x: x), "No picture was mirrored"),
    (
        "flip signs",
        lambda x, y, f: (x.flip(-1), flip_signs(x, y, f)[1]),
        "All pictures were mirrored",
    ),
    ("flip signs", lambda x, y, f: (flip_signs(x, y, ~f)[0], y), "Those for which flip is false"),
    ("flip signs", with_pictures(lambda x: x.flip(-2)), "Top and bottom were exchanged"),
    ("flip signs", with_pictures(lambda x: x.flip(-2, -1)), "This is half a turn"),
    ("flip signs", with_pictures(lambda x: x.flip(1)), "The order of the color channels"),
    ("flip signs", in_place, "an argument was changed"),
    ("flip signs", with_labels(lambda y, f: y), "no longer means what it did"),
    ("flip signs", with_labels(lambda y, f: swap(y)), "that were not mirrored keep their labels"),
    ("flip signs", with_labels(lambda y, f: torch.where(f, 67 - y, y)), "Only LEFT and RIGHT"),
    ("flip signs", with_labels(lambda y, f: y[f]), "return a label for each of the 8 pictures"),
    ("flip signs", one_after_the_other, "LEFT became RIGHT and then LEFT again"),
    ("flip signs", lambda x, y, f: flip_signs(x, y, f)[0], "expected 2 results; got Tensor"),
    ("ten crops", ten_crops_at(swapped_corners + MIDDLE), "This is the crop 'lower left'"),
    ("ten crops", ten_crops_at(short_corners + MIDDLE), "ends one pixel before the border"),
    ("ten crops", ten_crops_at(CORNERS + from_the_center), "begin half a crop before it"),
    ("ten crops", ten_crops_at(CORNERS + MIDDLE, lambda x: x.flip(-2)), "not top to bottom"),
    ("ten crops", ten_crops_at(CORNERS + MIDDLE, crop_first=True), "crop 'mirrored, upper right'"),
    (
        "ten crops",
        lambda x, s: augmentation.ten_crops(x, s)[:, :5],
        "mirrored pictures are missing",
    ),
    ("ten crops", lambda x, s: augmentation.ten_crops(x, s).transpose(0, 1), "along dimension 1"),
    ("ten crops", lambda x, s: augmentation.ten_crops(x, s).flatten(0, 1), "along a new dimension"),
    (
        "ten crops",
        lambda x, s: augmentation.ten_crops(x, s).flatten(1, 2),
        "joining their channels",
    ),
    ("ten crops", lambda x, s: list(augmentation.ten_crops(x, s)), "expected a tensor"),
    ("shear matrices", of_slope(math.tan), "Check the sign, or the order"),
    ("shear matrices", lambda d: shear_matrices(d)[::-1], "Check the sign, or the order"),
    ("shear matrices", lambda d: shear_matrices(math.degrees(d)), "taken for radians"),
    ("shear matrices", lambda d: shear_matrices(-math.degrees(d)), "Check the sign, too"),
    (
        "shear matrices",
        lambda d: tuple(m.T for m in shear_matrices(d)),
        "moves columns up and down",
    ),
    ("shear matrices", of_slope(lambda a: -math.sin(a)), "not the sine of the angle"),
    ("shear matrices", of_slope(lambda a: -a), "not the angle itself"),
    ("shear matrices", rotation, "This is a rotation"),
    ("shear matrices", lambda d: (shear_matrices(d)[0],) * 2, "the first one again"),
    ("shear matrices", lambda d: (shear_matrices(d)[0], torch.eye(2)), "changes nothing"),
    ("shear matrices", lambda d: (shear_matrices(d)[0], shear_matrices(d)[0].T), "A transposed"),
    ("shear matrices", lambda d: (shear_matrices(d)[0], -shear_matrices(d)[0]), "all signs"),
    ("own augmentation", lambda x, y, g: (x.clone(), y), "came back unchanged"),
    ("own augmentation", lambda x, y, g: (gamma(x, y, g)[0], y.flip(0)), "keeps its place"),
    ("own augmentation", lambda x, y, g: (x * 2, y), "Values must stay in [0, 1]"),
    ("own augmentation", lambda x, y, g: (gamma(x, y, g)[0][:, :1], y), "the shape that they had"),
]


@pytest.mark.parametrize(("name", "wrong", "hint"), HINTS, ids=[hint for *_, hint in HINTS])
def test_wrong_answers_are_told_why(name, wrong, hint):
    report = RIGHT_ANSWERS[name][0](wrong)
    assert not report.passed
    assert hint in repr(report)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("flip signs", by_loop),
        ("ten crops", ten_crops_at(CORNERS + MIDDLE)),
        ("shear matrices", lambda d: [m.double().numpy() for m in shear_matrices(d)]),
        ("shear matrices", lambda d: tuple(m.tolist() for m in shear_matrices(d))),
    ],
)
def test_other_right_answers_are_accepted(name, answer):
    report = RIGHT_ANSWERS[name][0](answer)
    assert report.passed, report


@pytest.mark.parametrize(("left", "right"), [(3, 7), (20, 29), (12, 33)])
def test_the_signs_follow_their_constants(left, right):
    assert not checks.check_flip_signs(flip_signs, left, right).passed

    def own(images, labels, flip):
        images, _ = flip_signs(images, labels, flip)
        new = torch.where(labels == left, right, torch.where(labels == right, left, labels))
        return images, torch.where(flip, new, labels)

    assert checks.check_flip_signs(own, left, right).passed


def test_hidden_tests_refuse_labels_that_change_twice_and_other_constants():
    spec = importlib.util.spec_from_file_location("hidden_04", HIDDEN)
    hidden = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hidden)
    assert run_cases("", hidden.flip_signs({"flip_signs": flip_signs})).passed
    assert not run_cases("", hidden.flip_signs({"flip_signs": one_after_the_other})).passed
    assert not run_cases("", hidden.flip_signs({"flip_signs": flip_signs}, 3, 7)).passed
