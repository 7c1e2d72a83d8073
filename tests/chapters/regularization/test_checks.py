import numpy as np
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


def from_the_evaluation_before(validation, patience):
    best_at = worse = 0
    for i, value in enumerate(validation):
        if value > validation[best_at]:
            best_at = i
        worse = worse + 1 if i and value <= validation[i - 1] else 0
        if worse >= patience:
            break
    return i, best_at


def never_stopping(validation, patience):
    return len(validation) - 1, validation.index(max(validation))


def returning_the_value(validation, patience):
    stop_at, best_at = early_stop(validation, patience)
    return stop_at, validation[best_at]


def vectorized(validation, patience):
    best = np.maximum.accumulate(validation)
    best_at = np.array([validation.index(value) for value in best])
    old = np.arange(len(validation)) - best_at >= patience
    stop_at = old.argmax() if old.any() else len(validation) - 1
    return stop_at, best_at[stop_at]


def test_early_stopping_is_accepted():
    assert checks.check_early_stopping(early_stop).passed
    assert checks.check_early_stopping(vectorized).passed
    assert checks.check_early_stopping(lambda *a: torch.tensor(early_stop(*a)).tolist()).passed
    assert checks.check_early_stopping(lambda *a: list(early_stop(*a))).passed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (counting_all_worse, "Count from the last best"),
        (taking_ties, "Compare with >, not with ≥"),
        (looking_ahead, "The best lies after the stop"),
        (one_late, "Stop as soon as the best is `patience` evaluations old, not one later"),
        (
            lambda v, patience: early_stop(v, patience - 1),
            "Training stops one evaluation too early",
        ),
        (lambda *given: early_stop(*given)[::-1], "the right indices in the wrong order"),
        (returning_the_value, "where the best evaluation is, not its accuracy"),
        (never_stopping, "Training never stops before the end"),
        (from_the_evaluation_before, "not with the evaluation before"),
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


def by_autograd(w, beta):
    w = w.clone().requires_grad_()
    (beta * w**2 + w.abs()).sum().backward()
    return w.grad


def by_loop(w, beta):
    numbers = [2 * beta * v + (v > 0) - (v < 0) for v in w.flatten().tolist()]
    return np.array(numbers).reshape(w.shape)


def scaling_in_place(w, beta):
    answer = elastic_gradient(w, beta)
    w.mul_(2 * beta)
    return answer


def test_the_elastic_gradient_is_accepted():
    assert checks.check_elastic_gradient(elastic_gradient).passed
    assert checks.check_elastic_gradient(by_autograd).passed
    assert checks.check_elastic_gradient(by_loop).passed


@pytest.mark.parametrize("alpha", [0.25, 0.5, 1.5, 2.0, 3.0])
def test_the_elastic_gradient_follows_its_constant(alpha):
    right = checks.check_elastic_gradient(lambda w, beta: 2 * beta * w + alpha * w.sign(), alpha)
    assert right.passed
    other = checks.check_elastic_gradient(elastic_gradient, alpha)
    assert "so it multiplies its derivative, too" in repr(other)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda w, beta: beta * w + w.sign(), "brings down a factor of 2"),
        (lambda w, beta: 2 * beta * w, "The pull of |W| is missing"),
        (lambda w, beta: 2 * beta * w + w.abs(), "depends on W's sign, not its size"),
        (lambda w, beta: 2 * beta * w + 1, "|W| falls as W grows"),
        (lambda w, beta: 2 * beta * w - w.sign(), "|W| pulls in the wrong direction"),
        (lambda w, beta: -elastic_gradient(w, beta), "This is minus the gradient"),
        (lambda w, beta: beta * w**2 + w.abs(), "the penalty, not its derivative"),
        (lambda w, beta: 2 * beta * w + w / w.abs(), "neither ± ALPHA nor 0 / 0"),
        (lambda w, beta: 2 * beta * w + torch.where(w >= 0, 1, -1), "✗ 0 at 0"),
        (lambda w, beta: elastic_gradient(w, beta).sum(), "expected shape (1, 3); got ()"),
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
        (masked(lambda x, g: torch.rand(x.shape[0], 1, *x.shape[2:], generator=g)), "pixels are"),
        (masked(per_channel, scale=lambda p: 1), "What is kept must be scaled up"),
        (masked(per_channel, scale=lambda p: 1 - p), "This scales down"),
        (masked(per_channel, scale=lambda p: 1 / p), "This divides by p"),
        (masked(per_channel, scale=lambda p: 1 + p), "Divide by the probability of keeping"),
        (lambda x, p, g: x, "no channel is dropped"),
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


def by_mask(images, probabilities, permutation, top, left, size):
    row, column = torch.arange(images.shape[2])[:, None], torch.arange(images.shape[3])
    inside = (row >= top) & (row < top + size) & (column >= left) & (column < left + size)
    share = inside.float().mean()
    mixed = torch.where(inside, images[permutation], images)
    return [mixed, torch.lerp(probabilities, probabilities[permutation], share)]


def with_other(change):
    """CutMix with other arguments."""
    return lambda *given: cutmix(*change(*given))


def rest_replaced(images, probabilities, permutation, top, left, size):
    mixed, labels = cutmix(images, probabilities, permutation, top, left, size)
    return images + images[permutation] - mixed, labels


def moved_inside(images, probabilities, permutation, top, left, size):
    return cutmix(images, probabilities, permutation, max(top, 0), max(left, 0), size)


def test_cutmix_is_accepted():
    assert checks.check_cutmix(cutmix).passed
    assert checks.check_cutmix(by_mask).passed


def test_a_mask_for_the_whole_batch_is_not_called_a_wrong_rate():
    shared = masked(lambda x, g: torch.rand(1, x.shape[1], 1, 1, generator=g))
    assert "not of keeping" not in repr(checks.check_spatial_dropout(shared))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (unclipped_area, "Count only the pixels inside"),
        (negative_slices, "A negative start of a slice counts from the end"),
        (swapped_shares, "belongs to the partner's label"),
        (into_the_input, "the input was changed"),
        (lambda *given: (given[0], cutmix(*given)[1]), "Nothing was pasted"),
        (lambda *given: (cutmix(*given)[0], given[1]), "The labels were not mixed"),
        (with_other(lambda x, y, j, top, left, s: (x, y, j, left, top, s)), "top counts rows"),
        (with_other(lambda x, y, j, *at: (x, y, j.argsort(), *at)), "gives its square away"),
        (with_other(lambda x, y, j, top, left, s: (x, y, j, top - 1, left - 1, s)), "the center"),
        (with_other(lambda x, y, j, top, left, s: (x, y, j, top, left, s + 1)), "pixel too large"),
        (rest_replaced, "The rest was replaced instead of the square"),
        (moved_inside, "The square was moved"),
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
