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


def zca(x, epsilon):
    centered = x - x.mean(dim=0)
    variances, v = torch.linalg.eigh(centered.T @ centered / len(x))
    return v @ ((variances + epsilon).rsqrt()[:, None] * v.T)


def pca(x, epsilon):
    centered = x - x.mean(dim=0)
    variances, v = torch.linalg.eigh(centered.T @ centered / len(x))
    return (variances + epsilon).rsqrt()[:, None] * v.T


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


def mean_of_stds(batches):
    own = [torch.std_mean(b, dim=(0, 2, 3), correction=0) for b in batches]
    return torch.stack([m for _, m in own]).mean(dim=0), torch.stack([s for s, _ in own]).mean(0)


def sums_of_squares(batches):
    batches = list(batches)
    n = sum(b[:, 0].numel() for b in batches)
    mean = sum(b.sum(dim=(0, 2, 3)) for b in batches) / n
    return mean, (sum((b**2).sum(dim=(0, 2, 3)) for b in batches) / n - mean**2).sqrt()


def fold(weight, bias, mean, std):
    weight = weight / std
    return weight, bias - weight @ mean


@pytest.mark.parametrize(
    "report",
    [
        checks.check_standardize(standardize),
        checks.check_zca(zca),
        checks.check_streaming(moments),
        checks.check_fold(fold),
    ],
)
def test_right_answers_are_accepted(report):
    assert report.passed, report


@pytest.mark.parametrize(
    "report",
    [
        checks.check_standardize(leaking),
        checks.check_standardize(lambda a, b: (standardize(a, b)[0], standardize(b, a)[0])),
        checks.check_standardize(lambda a, b: (a, b)),
        checks.check_zca(pca),
        checks.check_zca(lambda x, epsilon: zca(x, 0.0)),
        checks.check_zca(lambda x, epsilon: torch.eye(x.shape[1]).double()),
        checks.check_streaming(mean_of_stds),
        checks.check_streaming(sums_of_squares),
        checks.check_fold(lambda w, b, mean, std: (w / std, b)),
        checks.check_fold(lambda w, b, mean, std: (w, b)),
    ],
)
def test_wrong_answers_are_refused(report):
    assert report.attempted
    assert not report.passed


def test_a_leak_is_named():
    assert "not their own" in repr(checks.check_standardize(leaking))


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
