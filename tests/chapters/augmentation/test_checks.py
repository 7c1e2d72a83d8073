import pytest
import torch

from chapters.augmentation import checks
from lib import augmentation


def unattempted(*_):
    raise NotImplementedError


def flip_signs(images, labels, flip):
    swapped = torch.tensor([1, 0, 2])[labels]
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
    return images, torch.where(flip, torch.tensor([1, 0, 2])[labels], labels)


RIGHT = {
    "flip signs": (checks.check_flip_signs, flip_signs),
    "ten crops": (checks.check_ten_crops, augmentation.ten_crops),
    "shear matrices": (checks.check_shear_matrices, shear_matrices),
    "own augmentation": (checks.check_own_augmentation, gamma),
}
WRONG = [
    ("flip signs", lambda x, y, f: flip_signs(x.flip(-2), y, f)),
    ("flip signs", lambda x, y, f: (flip_signs(x, y, f)[0], y)),
    ("flip signs", lambda x, y, f: (flip_signs(x, y, f)[0], torch.tensor([1, 0, 2])[y])),
    ("flip signs", lambda x, y, f: (flip_signs(x, y, f)[0], torch.where(f, 1 - y, y))),
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


@pytest.mark.parametrize("name", list(RIGHT))
def test_right_answers_are_accepted_and_stubs_are_not_attempted(name):
    check, answer = RIGHT[name]
    assert check(answer).passed
    assert repr(check(unattempted)) == f"Exercise {name}: not attempted yet"


@pytest.mark.parametrize(
    ("name", "wrong"), WRONG, ids=lambda value: getattr(value, "__name__", value)
)
def test_wrong_answers_are_refused(name, wrong):
    report = RIGHT[name][0](wrong)
    assert report.attempted
    assert not report.passed


def test_an_augmentation_that_draws_once_for_a_batch_is_told_so():
    report = checks.check_own_augmentation(lambda x, y, g: (x * torch.rand(1, generator=g), y))
    assert "draw for each image" in repr(report)
