import pytest
import torch

from chapters.features import checks


def unattempted(*_):
    raise NotImplementedError


SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])


def unit_box(layers, row, column):
    r, j, start = 1, 1, 0
    for kernel, stride, padding in layers:
        start -= padding * j
        r, j = r + (kernel - 1) * j, j * stride
    return start + row * j, start + column * j, start + row * j + r, start + column * j + r


def no_padding(layers, row, column):
    return unit_box([(kernel, stride, 0) for kernel, stride, _ in layers], row, column)


def padding_in_pixels(layers, row, column):
    top, left, bottom, right = no_padding(layers, row, column)
    all_padding = sum(padding for _, _, padding in layers)
    return tuple(side - all_padding for side in (top, left, bottom, right))


def cosines(features):
    directions = features / features.norm(dim=1, keepdim=True)
    return directions @ directions.T


def cosine_neighbors(features, k):
    return cosines(features).fill_diagonal_(-2).argsort(dim=1, descending=True)[:, :k]


def euclidean(features, k):
    return torch.cdist(features, features).fill_diagonal_(9e9).argsort(dim=1)[:, :k]


def normalized_in_place(features, k):
    features /= features.norm(dim=1, keepdim=True)
    return cosine_neighbors(features, k)


def compress(features, count):
    mean = features.mean(dim=0)
    _, _, rows = torch.linalg.svd(features - mean, full_matrices=False)
    return mean + (features - mean) @ rows[:count].T @ rows[:count]


def uncentered(features, count):
    _, _, rows = torch.linalg.svd(features, full_matrices=False)
    return features @ rows[:count].T @ rows[:count]


RIGHT = {
    "edge filter": (checks.check_edge_filter, lambda: SOBEL / 8),
    "unit box": (checks.check_unit_box, unit_box),
    "cosine neighbors": (checks.check_cosine_neighbors, cosine_neighbors),
    "compress": (checks.check_compress, compress),
}
WRONG = [
    ("edge filter", lambda: SOBEL.T),
    ("edge filter", lambda: -SOBEL),
    ("edge filter", lambda: SOBEL.abs()),
    ("edge filter", lambda: torch.zeros(3, 3)),
    ("edge filter", lambda: SOBEL[None]),
    ("edge filter", lambda: SOBEL.tolist()),
    ("edge filter", lambda: torch.tensor([[-1.0, 1, 0], [5, 0, -5], [-5, 0, 5]])),
    ("unit box", no_padding),
    ("unit box", padding_in_pixels),
    ("unit box", lambda layers, row, column: unit_box(layers, column, row)),
    ("unit box", lambda layers, row, column: unit_box(layers[::-1], row, column)),
    ("unit box", lambda layers, row, column: unit_box(layers, row, column)[:2]),
    ("cosine neighbors", euclidean),
    ("cosine neighbors", lambda features, k: cosines(features).argsort(descending=True)[:, :k]),
    ("cosine neighbors", lambda features, k: cosine_neighbors(features, k).flip(1)),
    ("cosine neighbors", normalized_in_place),
    ("compress", uncentered),
    ("compress", lambda features, count: compress(features, count) - features.mean(dim=0)),
    ("compress", lambda features, count: features),
    ("compress", lambda features, count: compress(features, count + 1)),
]


@pytest.mark.parametrize("exercise", RIGHT)
def test_a_right_answer_passes_and_a_stub_is_not_attempted(exercise):
    check, answer = RIGHT[exercise]
    assert check(answer).passed, check(answer)
    report = check(unattempted)
    assert not report.attempted and report.exercise == exercise


@pytest.mark.parametrize("row", [[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0], [-1.0, 0.0, 1.0]])
def test_plain_differences_are_edge_filters_too(row):
    for rows in ([row] * 3, [[0.0] * 3, row, [0.0] * 3]):
        assert checks.check_edge_filter(lambda rows=rows: torch.tensor(rows)).passed


@pytest.mark.parametrize(("exercise", "answer"), WRONG)
def test_a_wrong_answer_fails_and_is_told_why(exercise, answer):
    report = RIGHT[exercise][0](answer)
    assert report.attempted and not report.passed
    assert all(len(problem) > 10 for _, problem in report.results if problem)
