import numpy as np
import pytest
import torch

from chapters.preprocessing import checks


def unattempted(*_):
    raise NotImplementedError


def standardize(train, test):
    mean, std = train.mean(dim=(0, 2, 3), keepdim=True), train.std(dim=(0, 2, 3), keepdim=True)
    return (train - mean) / std, (test - mean) / std


def leaking(train, test):
    both = standardize(torch.cat([train, test]), test)[0]
    return both[: len(train)], both[len(train) :]


EPSILON = 0.1


def zca(x, epsilon=EPSILON, scale=torch.rsqrt, n=None):
    centered = x - x.mean(dim=0)
    variances, v = torch.linalg.eigh(centered.T @ centered / (n or len(x)))
    return v @ torch.diag(scale(variances.clamp(min=0) + epsilon)) @ v.T


def pca(x):
    centered = x - x.mean(dim=0)
    variances, v = torch.linalg.eigh(centered.T @ centered / len(x))
    return (variances + EPSILON).rsqrt()[:, None] * v.T


def by_singular_values(x):
    centered = (x - x.mean(dim=0)).numpy()
    _, s, v = np.linalg.svd(centered, full_matrices=False)
    return v.T @ np.diag((s**2 / len(x) + EPSILON) ** -0.5) @ v


def not_centered(x):
    return zca(torch.cat([x, -x]))


def moments(batches):
    n, mean, squares = 0, 0.0, 0.0
    for batch in batches:
        rows = batch.double().transpose(0, 1).flatten(1)
        m, own = rows.shape[1], rows.mean(dim=1)
        shift = own - mean
        squares = squares + ((rows - own[:, None]) ** 2).sum(dim=1) + shift**2 * n * m / (n + m)
        mean = mean + shift * m / (n + m)
        n += m
    return mean, (squares / n).sqrt()


def sums_of_squares(batches):
    batches = list(batches)
    n = sum(b[:, 0].numel() for b in batches)
    mean = sum(b.sum(dim=(0, 2, 3)) for b in batches) / n
    return mean, (sum((b**2).sum(dim=(0, 2, 3)) for b in batches) / n - mean**2).sqrt()


def fold(weight, bias, mean, std):
    weight = weight / std
    return weight, bias - weight @ mean


def all_at_once(batches):
    images = torch.cat(list(batches)).double()
    return images.mean(dim=(0, 2, 3)), images.std(dim=(0, 2, 3), correction=0)


def in_lists(batches):
    """Chan's formula, with Python's numbers."""
    n, mean, squares = 0, [0.0] * 3, [0.0] * 3
    for batch in batches:
        m = batch[:, 0].numel()
        for c in range(batch.shape[1]):
            values = batch[:, c].double()
            shift = (values.mean() - mean[c]).item()
            squares[c] += ((values - values.mean()) ** 2).sum().item()
            squares[c] += shift**2 * n * m / (n + m)
            mean[c] += shift * m / (n + m)
        n += m
    return np.array(mean), np.sqrt(np.array(squares) / n)


@pytest.mark.parametrize(
    "report",
    [
        checks.check_standardize(standardize),
        checks.check_standardize(lambda a, b: list(standardize(a.double(), b.double()))),
        checks.check_zca(zca),
        checks.check_zca(by_singular_values),
        checks.check_streaming(moments),
        checks.check_streaming(in_lists),
        checks.check_fold(fold),
        checks.check_fold(lambda w, b, mean, std: (w / std, b - (w * (mean / std)).sum(dim=1))),
    ],
)
def test_right_answers_are_accepted(report):
    assert report.passed, report


def scaled(images, source, dim=(0, 2, 3)):
    return (images - source.mean(dim, keepdim=True)) / source.std(dim, keepdim=True)


def split(train, test):
    return train.mean((0, 2, 3), keepdim=True), train.std((0, 2, 3), keepdim=True)


def on_both(f):
    """An answer that treats both sets by f(images, mean, std) of the training images."""
    return lambda a, b: (f(a, *split(a, b)), f(b, *split(a, b)))


WRONG_STANDARDS = {
    "All channels got the same": lambda a, b: (
        (a - a.mean()) / a.std(), (b - a.mean()) / a.std()
    ),
    "Each pixel got": lambda a, b: (scaled(a, a, (0,)), scaled(b, a, (0,))),
    "Each image got": lambda a, b: (scaled(a, a, (2, 3)), scaled(b, b, (2, 3))),
    "training and test images together": leaking,
    "not divided by the std": on_both(lambda x, mean, std: x - mean),
    "but not centered": on_both(lambda x, mean, std: x / std),
    "divide by the variance": on_both(lambda x, mean, std: (x - mean) / std**2),
    "Subtract the mean first": on_both(lambda x, mean, std: x / std - mean),
    "The training images come back unchanged": lambda a, b: (a, b),
    "The training images come first": lambda a, b: standardize(a, b)[::-1],
    "not their own": lambda a, b: (scaled(a, a), scaled(b, b)),
    "the std is their own": lambda a, b: (
        scaled(a, a), (b - split(a, b)[0]) / split(b, a)[1]
    ),
    "the mean is their own": lambda a, b: (scaled(a, a), (b - split(b, a)[0]) / split(a, b)[1]),
    "They need the same preprocessing": lambda a, b: (scaled(a, a), b),
}  # fmt: skip
WRONG_MATRICES = {
    "rotates back": pca,
    "Epsilon is missing": lambda x: zca(x, 0.0),
    "stands under the root": lambda x: zca(x, 0.0, lambda v: 1 / (v.sqrt() + EPSILON)),
    "not squared": lambda x: zca(x, EPSILON**2),
    "not by the variance": lambda x: zca(x, scale=torch.reciprocal),
    "whitening divides by it": lambda x: zca(x, scale=torch.sqrt),
    "Is the covariance centered?": not_centered,
    "not by n − 1": lambda x: zca(x, n=len(x) - 1),
    "divide by n.": lambda x: zca(x, n=1),
    "the covariance itself": lambda x: torch.cov(x.T, correction=0),
}


def over_batches(std, mean=lambda means, weights: (weights * means).sum(dim=0)):
    """An answer from the batches' own variances and means; weights are shares of the images."""

    def answer(batches):
        parts = [(b.double(), len(b)) for b in batches]
        sizes = torch.tensor([n for _, n in parts]).double()
        weights = (sizes / sizes.sum())[:, None]
        variances = torch.stack([b.var((0, 2, 3), correction=0) for b, _ in parts])
        means = torch.stack([b.mean((0, 2, 3)) for b, _ in parts])
        return mean(means, weights), std(variances, means, weights)

    return answer


def total(variances, means, weights):
    gaps = means - (weights * means).sum(dim=0)
    return (weights * (variances + gaps**2)).sum(dim=0)


WRONG_MOMENTS = {
    "Weigh each batch by its size": over_batches(
        lambda v, m, w: total(v, m, w).sqrt(), mean=lambda m, w: m.mean(dim=0)
    ),
    "the last batch's mean": over_batches(
        lambda v, m, w: total(v, m, w).sqrt(), mean=lambda m, w: m[-1]
    ),
    "The square root is missing": over_batches(total),
    "only what is within them": over_batches(lambda v, m, w: (w * v).sum(dim=0).sqrt()),
    "plain mean of the batches' stds": over_batches(lambda v, m, w: v.sqrt().mean(dim=0)),
    "the last batch's std": over_batches(lambda v, m, w: v[-1].sqrt()),
    "the mean is not subtracted": over_batches(lambda v, m, w: (w * (v + m**2)).sum(dim=0).sqrt()),
    "enters squared": over_batches(
        lambda v, m, w: (w * (v + (m - (w * m).sum(dim=0)).abs())).sum(dim=0).sqrt()
    ),
    "cancels nearly all digits": sums_of_squares,
    "were in memory at once": all_at_once,
}
WRONG_FOLDS = {
    "The weight has not changed": lambda w, b, mean, std: (w, b - w / std @ mean),
    "multiplied by it": lambda w, b, mean, std: (w * std, b - w / std @ mean),
    "divided by the variances": lambda w, b, mean, std: (w / std**2, b - w / std @ mean),
    "not the weights": lambda w, b, mean, std: ((w - mean) / std, b - w / std @ mean),
    "has the shape of the old one": lambda w, b, mean, std: ((w / std).T, b - w / std @ mean),
    "The bias has not changed": lambda w, b, mean, std: (w / std, b),
    "Check the sign": lambda w, b, mean, std: (w / std, b + w / std @ mean),
    "meets the old weights": lambda w, b, mean, std: (w / std, b - w @ mean),
    "divided by σ twice": lambda w, b, mean, std: (w / std, b - w / std @ (mean / std)),
    "passes through the weights": lambda w, b, mean, std: (w / std, b - (mean / std).sum()),
    "the old bias is missing": lambda w, b, mean, std: (w / std, -(w / std @ mean)),
}
WRONG = [
    (check, hint, wrong)
    for check, answers in (
        (checks.check_standardize, WRONG_STANDARDS),
        (checks.check_zca, WRONG_MATRICES),
        (checks.check_streaming, WRONG_MOMENTS),
        (checks.check_fold, WRONG_FOLDS),
    )
    for hint, wrong in answers.items()
]


@pytest.mark.parametrize(("check", "hint", "wrong"), WRONG)
def test_a_wrong_answer_gets_its_hint(check, hint, wrong):
    report = check(wrong)
    assert report.attempted
    assert not report.passed
    assert hint in repr(report)


@pytest.mark.parametrize("epsilon", [0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
def test_epsilon_is_the_one_that_was_given(epsilon):
    assert checks.check_zca(lambda x: zca(x, epsilon), epsilon).passed
    assert not checks.check_zca(lambda x: zca(x, 1.5 * epsilon), epsilon).passed


def test_answers_that_change_their_input_are_told_so():
    def greedy_fold(weight, bias, mean, std):
        weight /= std
        return weight, bias - weight @ mean

    def greedy_standardize(train, test):
        answer = standardize(train, test)
        test.zero_()
        return answer

    assert "the input was changed" in repr(checks.check_fold(greedy_fold))
    assert "the input was changed" in repr(checks.check_standardize(greedy_standardize))


@pytest.mark.parametrize("name", ["standardize", "zca", "streaming", "fold"])
def test_stubs_are_not_attempted(name):
    assert not getattr(checks, f"check_{name}")(unattempted).attempted
