import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from lib.visualization.neighbors import nearest_neighbors


@pytest.fixture
def rows():
    return torch.randn(60, 9, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("batch_size", [1, 7, 256])
def test_neighbors_are_scikit_learns(rows, metric, batch_size):
    features, queries = rows[:45], rows[45:]
    found = nearest_neighbors(features, queries, 6, metric=metric, batch_size=batch_size)
    theirs = NearestNeighbors(n_neighbors=6, metric=metric, algorithm="brute")
    distances, indices = theirs.fit(features.double().numpy()).kneighbors(queries.double().numpy())
    assert found.indices.tolist() == indices.tolist()
    torch.testing.assert_close(found.distances, torch.tensor(distances, dtype=torch.float32))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_a_row_is_its_own_nearest_unless_it_is_left_out(rows, metric):
    own = nearest_neighbors(rows, rows, 1, metric=metric)
    assert own.indices[:, 0].tolist() == list(range(60))
    assert own.distances.abs().max() < 1e-7
    others = nearest_neighbors(rows, rows, 59, metric=metric, exclude_self=True, batch_size=13)
    for index, found in enumerate(others.indices.tolist()):
        assert sorted(found) == [i for i in range(60) if i != index]
    assert (others.distances.diff(dim=1) >= 0).all() and others.distances.isfinite().all()


def test_duplicates_far_from_the_origin_are_at_distance_zero():
    rows = torch.tensor([[1e6, 1e6 + 1], [1e6, 1e6 + 1], [1e6, 1e6 + 1.125]])
    found = nearest_neighbors(rows, rows, 2, exclude_self=True)
    assert found.indices.tolist() == [[1, 2], [0, 2], [0, 1]]
    assert found.distances[:, 1].tolist() == pytest.approx([0.125] * 3)
    assert found.distances[0, 0] == 0


def test_the_cosine_does_not_depend_on_length_and_zero_has_no_direction():
    features = torch.tensor([[2.0, 0], [0, 5], [0, 0]])
    found = nearest_neighbors(features, torch.tensor([[0.0, 0.1]]), 3, metric="cosine")
    assert found.indices.tolist() == [[1, 0, 2]]
    assert found.distances[0].tolist() == pytest.approx([0, 1, 1])


@pytest.mark.parametrize(
    ("dtype", "scales"),
    [(torch.float64, (1e170, 1e-170, 1e300, 1e-300)), (torch.float32, (1e30, 1e-30, 1e37, 1e-37))],
)
def test_the_cosine_of_very_large_and_small_rows_is_right(rows, dtype, scales):
    rows = rows.to(dtype)
    expected = nearest_neighbors(rows, rows, 5, metric="cosine", exclude_self=True)
    for scale in scales:
        found = nearest_neighbors(scale * rows, rows, 5, metric="cosine", exclude_self=True)
        assert torch.equal(found.indices, expected.indices)
        torch.testing.assert_close(found.distances, expected.distances)


def test_equal_distances_come_in_the_order_of_the_rows():
    features = torch.tensor([[1.0], [-1.0], [1.0], [0.0]])
    found = nearest_neighbors(features, torch.zeros(1, 1), 4)
    assert found.indices.tolist() == [[3, 0, 1, 2]]


def test_ties_at_the_last_place_go_to_the_first_rows():
    features = torch.tensor([[0.0, 3.0]] + [[0.0, 2.0]] * 500 + [[0.0, 1.0]])
    for metric, expected in (("euclidean", [501, 1, 2]), ("cosine", [0, 1, 2])):
        found = nearest_neighbors(features, torch.tensor([[0.0, 1e-3]]), 3, metric=metric)
        assert found.indices.tolist() == [expected]


def clustered(rows, numbers, scale, offset):
    """Rows about few centers, so that many are about as close, some of them twice."""
    g = torch.Generator().manual_seed(rows)
    centers = torch.randn(3, numbers, generator=g, dtype=torch.float64)
    rows = centers[torch.arange(rows) % 3] + 1e-6 * torch.randn(rows, numbers, generator=g)
    rows[1::7] = rows[0]
    return offset + scale * rows


@pytest.mark.parametrize("exclude_self", [False, True])
@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (1, 1e4), (1e-25, 0), (1e25, 0), (1e100, 0)])
def test_close_rows_are_told_apart_and_equal_ones_come_in_order(exclude_self, scale, offset):
    for count in (11, 109, 1203):
        rows = clustered(count, 5, scale, offset)
        found = nearest_neighbors(rows, rows, 9, exclude_self=exclude_self, batch_size=500)
        every = (rows[:, None] - rows).square().sum(dim=2)
        if exclude_self:
            every.fill_diagonal_(torch.inf)
        expected = every.sort(dim=1, stable=True)
        assert torch.equal(found.indices, expected.indices[:, :9])
        torch.testing.assert_close(found.distances, expected.values[:, :9].sqrt())


def test_autocast_makes_no_difference(rows):
    rows = 200 * rows.repeat(20, 1) + torch.arange(1200)[:, None] / 1000
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = nearest_neighbors(rows, rows, 4, exclude_self=True)
    assert torch.equal(found.indices, nearest_neighbors(rows, rows, 4, exclude_self=True).indices)


def test_half_precision_is_computed_precisely(rows):
    rows = rows.half()
    found = nearest_neighbors(rows, rows, 4)
    expected = nearest_neighbors(rows.double(), rows.double(), 4)
    assert found.distances.dtype == torch.float16
    assert torch.equal(found.indices, expected.indices)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"k": 61}, ValueError, "k must be 1 to 60"),
        ({"k": 60, "exclude_self": True}, ValueError, "k must be 1 to 59"),
        ({"metric": "manhattan"}, ValueError, "one of euclidean, cosine; got 'manhattan'"),
        ({"queries": torch.zeros(3, 4)}, ValueError, r"queries must be \(rows, 9\)"),
        ({"queries": torch.zeros(3, 9), "exclude_self": True}, ValueError, "got 3 and 60"),
        ({"queries": torch.full((1, 9), torch.nan)}, ValueError, "queries must be finite"),
        ({"features": torch.zeros(3, 9, dtype=torch.int64)}, TypeError, "got torch.int64"),
    ],
)
def test_bad_input_is_named(rows, change, error, message):
    given = {"features": rows, "queries": rows, "k": 2} | change
    with pytest.raises(error, match=message):
        nearest_neighbors(given.pop("features"), given.pop("queries"), given.pop("k"), **given)


@pytest.mark.parametrize("scale", [1e-170, 1e170])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_very_small_and_large_numbers_have_the_same_neighbors(rows, metric, scale):
    rows = rows.double()
    expected = nearest_neighbors(rows, rows, 5, metric=metric, exclude_self=True)
    found = nearest_neighbors(scale * rows, scale * rows, 5, metric=metric, exclude_self=True)
    assert torch.equal(found.indices, expected.indices)
    unit = scale if metric == "euclidean" else 1.0
    torch.testing.assert_close(found.distances / unit, expected.distances)


def test_small_rows_among_large_ones_are_told_apart():
    scales = torch.tensor([1e-170, 2e-170, 4e-170, 1e170, 3e170], dtype=torch.float64)
    rows = scales[:, None] * torch.tensor([[3.0, 4.0]], dtype=torch.float64)
    found = nearest_neighbors(rows, rows[:1], 5)
    assert found.indices.tolist() == [[0, 1, 2, 3, 4]]
    torch.testing.assert_close(
        found.distances[0] / 5 / scales, torch.tensor([0, 0.5, 0.75, 1, 1]).double()
    )
