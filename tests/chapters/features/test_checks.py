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


def with_boxes(change):
    return lambda layers, row, column: change(*unit_box(layers, row, column))


def units_a_pixel_apart(layers, row, column):
    return tuple(
        side + at for side, at in zip(unit_box(layers, 0, 0), (row, column) * 2, strict=True)
    )


def longer_kernels(layers, row, column):
    return unit_box([(kernel + 1, stride, pad) for kernel, stride, pad in layers], row, column)


def stride_first(layers, row, column):
    r, j, start = 1, 1, 0
    for kernel, stride, padding in layers:
        j = j * stride
        start, r = start - padding * j, r + (kernel - 1) * j
    return start + row * j, start + column * j, start + row * j + r, start + column * j + r


def without_first(features, k):
    return cosines(features).argsort(dim=1, descending=True)[:, 1 : k + 1]


def ranked(scores, k):
    return scores.fill_diagonal_(-9e9).argsort(dim=1, descending=True)[:, :k]


def by_columns(features, k):
    columns = features / features.norm(dim=0)
    return ranked(columns @ columns.T, k)


def values(features, k):
    return cosines(features).fill_diagonal_(-2).topk(k, dim=1).values


def farthest(features, k):
    return cosines(features).argsort(dim=1)[:, :k]


def directions_of(features):
    return torch.linalg.svd(features - features.mean(dim=0), full_matrices=False)[2]


def coordinates(features, count):
    return (features - features.mean(dim=0)) @ directions_of(features)[:count].T


def without_mean(features, count):
    return coordinates(features, count) @ directions_of(features)[:count]


def columns_of_vh(features, count):
    mean, columns = features.mean(dim=0), directions_of(features)[:, :count]
    return mean + (features - mean) @ columns @ columns.T


def last_directions(features, count):
    mean, rows = features.mean(dim=0), directions_of(features).flip(0)[:count]
    return mean + (features - mean) @ rows.T @ rows


def mean_of_each_row(features, count):
    each = features.mean(dim=1, keepdim=True)
    rows = torch.linalg.svd(features - each, full_matrices=False)[2][:count]
    return each + (features - each) @ rows.T @ rows


STRENGTH = 0.6  # the default of the check
RIGHT = {
    "edge filter": (checks.check_edge_filter, lambda: STRENGTH * SOBEL / 4),
    "unit box": (checks.check_unit_box, unit_box),
    "cosine neighbors": (checks.check_cosine_neighbors, cosine_neighbors),
    "compress": (checks.check_compress, compress),
}
WRONG = [
    ("edge filter", lambda: SOBEL / 4),
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


HINTS = [
    ("edge filter", lambda: SOBEL.T * 0.15, "exchange rows and columns"),
    ("edge filter", lambda: -SOBEL * 0.15, "signs are the wrong way round"),
    ("edge filter", lambda: SOBEL, "expected 0.6; got 4. Multiply all nine"),
    ("edge filter", lambda: SOBEL.abs() * 0.15, "must cancel"),
    ("edge filter", lambda: SOBEL.abs() * 0.15, "Do you need negative weights?"),
    ("edge filter", lambda: torch.tensor([[0.0, 0, 0], [-1, 0, 1], [-1, 0, 1]]).cumsum(0) * 0.2
     - torch.tensor([[-1.0, 0, 1], [0, 0, 0], [0, 0, 0]]) * 0.2, "the other way round"),
    ("edge filter", lambda: torch.full((3, 3), 0.2), "expected 0; got 1.26"),
    ("unit box", lambda layers, row, column: unit_box(layers, column, row), "exchanged"),
    ("unit box", with_boxes(lambda y, x, bottom, right: (x, y, right, bottom)), "the order is top"),
    ("unit box", with_boxes(lambda y, x, down, right: (y, x, down - 1, right - 1)), "exclusive"),
    ("unit box", with_boxes(lambda y, x, down, right: (y, x, down - y, right - x)), "how large"),
    ("unit box", with_boxes(lambda *box: tuple(max(0, n) for n in box)), "may be negative"),
    ("unit box", no_padding, "What about the padding?"),
    ("unit box", lambda layers, row, column: unit_box(
        [(kernel, stride, -padding) for kernel, stride, padding in layers], row, column),
     "up and to the left"),
    ("unit box", padding_in_pixels, "units of the layer below"),
    ("unit box", units_a_pixel_apart, "further apart"),
    ("unit box", longer_kernels, "k - 1 steps"),
    ("unit box", stride_first, "pixels wide, and yours"),
    ("unit box", lambda layers, row, column: unit_box(layers[::-1], row, column), "the last"),
    ("cosine neighbors", euclidean, "by distance"),
    ("cosine neighbors", lambda features, k: ranked(features @ features.T, k), "Long rows win"),
    ("cosine neighbors", by_columns, "those of columns"),
    ("cosine neighbors", values, "not their cosines"),
    ("cosine neighbors", farthest, "largest angles"),
    ("cosine neighbors", lambda features, k: cosine_neighbors(features, k).flip(1), "right rows"),
    ("cosine neighbors", without_first, "either may come first"),
    ("cosine neighbors", lambda features, k: cosines(features).argsort(descending=True)[:, :k],
     "is the row itself"),
    ("cosine neighbors", normalized_in_place, "changed in place"),
    ("compress", coordinates, "multiply them by the directions"),
    ("compress", without_mean, "Add the mean again"),
    ("compress", uncentered, "Subtract the mean"),
    ("compress", columns_of_vh, "you took its columns"),
    ("compress", last_directions, "largest singular values"),
    ("compress", lambda features, count: compress(features, count + 1), "one direction too many"),
    ("compress", mean_of_each_row, "one number for each column"),
    ("compress", lambda features, count: features, "Nothing was left out"),
]  # fmt: skip
OTHERS = [
    ("edge filter", lambda: (STRENGTH * SOBEL / 4).double()),
    ("edge filter", lambda: (STRENGTH * SOBEL / 4).numpy()),
    ("unit box", lambda *args: list(unit_box(*args))),
    ("unit box", lambda *args: torch.tensor(unit_box(*args))),
    ("cosine neighbors", lambda features, k: cosine_neighbors(features.double(), k)),
    ("cosine neighbors", lambda features, k: cosine_neighbors(features, k).int().numpy()),
    ("cosine neighbors", lambda features, k: (1 - cosines(features)).fill_diagonal_(9)
     .topk(k, dim=1, largest=False).indices),
    ("compress", lambda features, count: compress(features.double(), count)),
    ("compress", lambda features, count: compress(features, count).numpy()),
]  # fmt: skip


@pytest.mark.parametrize("row", [[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0], [-1.0, 0.0, 1.0]])
def test_plain_differences_are_edge_filters_too(row):
    for rows in ([row] * 3, [[0.0] * 3, row, [0.0] * 3]):
        weights = torch.tensor(rows)
        weights *= STRENGTH / weights.clamp(min=0).sum()
        assert checks.check_edge_filter(lambda weights=weights: weights).passed


@pytest.mark.parametrize("strength", [0.3, 1.2, 1.6])
def test_the_strength_of_an_edge_is_the_one_asked_for(strength):
    assert checks.check_edge_filter(lambda: strength * SOBEL / 4, strength).passed
    assert not checks.check_edge_filter(lambda: STRENGTH * SOBEL / 4, strength).passed


@pytest.mark.parametrize(("exercise", "answer"), OTHERS)
def test_other_ways_to_answer_are_accepted(exercise, answer):
    report = RIGHT[exercise][0](answer)
    assert report.passed, report


@pytest.mark.parametrize(("exercise", "answer", "hint"), HINTS)
def test_a_common_mistake_is_named(exercise, answer, hint):
    report = RIGHT[exercise][0](answer)
    assert any(hint in problem for _, problem in report.results), report


@pytest.mark.parametrize(("exercise", "answer"), WRONG)
def test_a_wrong_answer_fails_and_is_told_why(exercise, answer):
    report = RIGHT[exercise][0](answer)
    assert report.attempted and not report.passed
    assert all(len(problem) > 10 for _, problem in report.results if problem)
