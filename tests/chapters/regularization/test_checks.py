import pytest
import torch
from torch.nn import functional

from chapters.regularization import checks


def unattempted(*_):
    raise NotImplementedError


def early_stop(validation, patience):
    best_at = 0
    for i, value in enumerate(validation):
        if value > validation[best_at]:
            best_at = i
        if i - best_at >= patience:
            break
    return i, best_at


def counting_all_worse(validation, patience):
    best_at = worse = 0
    for i, value in enumerate(validation):
        if value > validation[best_at]:
            best_at = i
        elif i:
            worse += 1
        if worse >= patience:
            break
    return i, best_at


def taking_ties(validation, patience):
    best_at = 0
    for i, value in enumerate(validation):
        if value >= validation[best_at]:
            best_at = i
        if i - best_at >= patience:
            break
    return i, best_at


def looking_ahead(validation, patience):
    return early_stop(validation, patience)[0], validation.index(max(validation))


def one_late(validation, patience):
    return early_stop(validation, patience + 1)


def emptying(validation, patience):
    answer = early_stop(validation, patience)
    validation.clear()
    return answer


def test_early_stopping_is_accepted():
    assert checks.check_early_stopping(early_stop).passed
    assert checks.check_early_stopping(lambda *a: list(early_stop(*a))).passed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (counting_all_worse, "Count from the last best"),
        (taking_ties, "Compare with >, not with ≥"),
        (looking_ahead, "nobody knows then what 4 would bring"),
        (one_late, "expected (stop_at, best_at) = (3, 1); got (4, 4)"),
        (emptying, "the list was changed"),
        (lambda *_: None, "expected two indices (stop_at, best_at); got None"),
    ],
)
def test_wrong_stops_are_told_why(wrong, message):
    report = checks.check_early_stopping(wrong)
    assert not report.passed
    assert message in repr(report)


def elastic_gradient(w, beta):
    return 2 * beta * w + w.sign()


def scaling_in_place(w, beta):
    answer = elastic_gradient(w, beta)
    w.mul_(2 * beta)
    return answer


def test_the_elastic_gradient_is_accepted():
    assert checks.check_elastic_gradient(elastic_gradient).passed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda w, beta: beta * w + w.sign(), "2 · 0.5 · 2 + 1 = 3"),
        (lambda w, beta: 2 * beta * w, "L1 pulls small and large weights alike"),
        (lambda w, beta: 2 * beta * w + w / w.abs(), "torch.sign is 0"),
        (lambda w, beta: 2 * beta * w + torch.where(w >= 0, 1, -1), "✗ 0 at 0"),
        (lambda w, beta: (2 * beta * w + w.sign()).sum(), "expected shape (1, 2); got ()"),
        (scaling_in_place, "the input was changed"),
    ],
)
def test_wrong_gradients_are_told_why(wrong, message):
    report = checks.check_elastic_gradient(wrong)
    assert not report.passed
    assert message in repr(report)


def spatial_dropout(x, p, generator):
    draws = torch.rand(*x.shape[:2], 1, 1, generator=generator)
    return x * (draws >= p) / (1 - p)


def masked(draw, keep=lambda draws, p: draws >= p, scale=lambda p: 1 / (1 - p)):
    """A spatial dropout with one thing replaced."""
    return lambda x, p, g: x * keep(draw(x, g), p) * scale(p)


def per_channel(x, g):
    return torch.rand(*x.shape[:2], 1, 1, generator=g)


def in_place(x, p, generator):
    return x.mul_(torch.rand(*x.shape[:2], 1, 1, generator=generator) >= p).div_(1 - p)


def test_spatial_dropout_is_accepted():
    assert checks.check_spatial_dropout(spatial_dropout).passed
    assert checks.check_spatial_dropout(masked(per_channel, lambda d, p: d > p)).passed
    assert checks.check_spatial_dropout(masked(per_channel, lambda d, p: d < 1 - p)).passed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (masked(lambda x, g: torch.rand(x.shape, generator=g)), "some channels are zero in part"),
        (masked(lambda x, g: torch.rand(x.shape[0], 1, 1, 1, generator=g)), "all channels or none"),
        (masked(lambda x, g: torch.rand(1, x.shape[1], 1, 1, generator=g)), "all images lose"),
        (masked(per_channel, keep=lambda d, p: d < p), "not of keeping"),
        (masked(per_channel, scale=lambda p: 1), "Divide by 1 - p"),
        (masked(per_channel, scale=lambda p: 1 - p), "Divide by 1 - p"),
        (lambda x, p, g: functional.dropout2d(x, p), "two generators of one seed"),
        (lambda x, p, g: spatial_dropout(x, p, torch.Generator()), "two seeds gave one result"),
        (in_place, "the input was changed"),
        (lambda x, p, g: x.mean(dim=(2, 3)), "expected a tensor (40, 50, 2, 3); got (40, 50)"),
        (lambda x, p, g: None, "got NoneType"),
    ],
)
def test_wrong_spatial_dropouts_are_told_why(wrong, message):
    report = checks.check_spatial_dropout(wrong)
    assert not report.passed
    assert message in repr(report)


def cutmix(images, probabilities, permutation, top, left, size):
    height, width = images.shape[-2:]
    rows = slice(max(top, 0), min(top + size, height))
    columns = slice(max(left, 0), min(left + size, width))
    mixed = images.clone()
    mixed[..., rows, columns] = images[permutation][..., rows, columns]
    share = (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)
    return mixed, (1 - share) * probabilities + share * probabilities[permutation]


def unclipped_area(images, probabilities, permutation, top, left, size):
    share = size**2 / images[0, 0].numel()
    mixed = cutmix(images, probabilities, permutation, top, left, size)[0]
    return mixed, (1 - share) * probabilities + share * probabilities[permutation]


def negative_slices(images, probabilities, permutation, top, left, size):
    mixed = images.clone()
    square = (..., slice(top, top + size), slice(left, left + size))
    mixed[square] = images[permutation][square]
    return mixed, cutmix(images, probabilities, permutation, top, left, size)[1]


def swapped_shares(*given):
    mixed, probabilities = cutmix(*given)
    return mixed, given[1] + given[1][given[2]] - probabilities


def into_the_input(images, probabilities, permutation, top, left, size):
    mixed, probabilities = cutmix(images, probabilities, permutation, top, left, size)
    return images.copy_(mixed), probabilities


def test_cutmix_is_accepted():
    assert checks.check_cutmix(cutmix).passed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (unclipped_area, "2 rows and 1 column are inside"),
        (negative_slices, "✗ a square over the near corner is clipped"),
        (swapped_shares, "9/48 for the partner"),
        (into_the_input, "the input was changed"),
        (lambda *given: (given[0], cutmix(*given)[1]), "Partners fill rows 1:4, columns 2:5"),
        (lambda *given: (cutmix(*given)[0], given[1]), "✗ labels are mixed by area"),
        (lambda *given: cutmix(*given[:3], given[4], given[3], given[5]), "Partners fill rows"),
        (lambda *given: cutmix(*given)[0][:2], "expected (images, probabilities); got Tensor"),
    ],
)
def test_wrong_cutmixes_are_told_why(wrong, message):
    report = checks.check_cutmix(wrong)
    assert not report.passed
    assert message in repr(report)


@pytest.mark.parametrize(
    "report",
    [
        checks.check_early_stopping(unattempted),
        checks.check_elastic_gradient(unattempted),
        checks.check_spatial_dropout(unattempted),
        checks.check_cutmix(unattempted),
    ],
)
def test_stubs_are_not_attempted(report):
    assert not report.attempted
