import itertools

import pytest
import torch
from sklearn.decomposition import PCA

from lib.visualization.layouts import grid_layout, principal_components, tsne_layout


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def rows():
    return torch.randn(50, 8, generator=generator()) @ torch.randn(8, 8, generator=generator(1))


def test_components_are_scikit_learns_up_to_sign(rows):
    ours = principal_components(rows, 5)
    theirs = PCA(5, svd_solver="full").fit(rows.double().numpy())
    directions = torch.tensor(theirs.components_).float()
    signs = (directions * ours.directions).sum(dim=1).sign()
    torch.testing.assert_close(ours.directions * signs[:, None], directions, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours.shares, torch.tensor(theirs.explained_variance_ratio_).float())
    coordinates = torch.tensor(theirs.transform(rows.double().numpy())).float()
    torch.testing.assert_close(ours.coordinates * signs, coordinates, atol=1e-4, rtol=1e-4)


def test_all_components_keep_every_distance(rows):
    full = principal_components(rows, 8)
    torch.testing.assert_close(torch.pdist(full.coordinates),
                               torch.pdist(rows), atol=1e-3, rtol=1e-3)  # fmt: skip
    assert full.shares.sum().item() == pytest.approx(1)
    assert (full.shares.diff() <= 0).all()


def test_the_sign_is_fixed_by_the_largest_entry(rows):
    directions = principal_components(rows, 4).directions
    assert all(row[row.abs().argmax()] > 0 for row in directions)


def test_tsne_repeats_with_its_generator_and_differs_with_another(rows):
    first = tsne_layout(rows, perplexity=8, generator=generator(), steps=250)
    again = tsne_layout(rows, perplexity=8, generator=generator(), steps=250)
    other = tsne_layout(rows, perplexity=8, generator=generator(5), steps=250)
    assert first.shape == (50, 2) and first.dtype == torch.float32
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_tsne_keeps_three_far_clouds_apart():
    centers = 20 * torch.eye(3).repeat_interleave(20, dim=0)
    rows = centers + torch.randn(60, 3, generator=generator())
    places = tsne_layout(rows, perplexity=10, generator=generator(), steps=500)
    nearest = torch.cdist(places, places).fill_diagonal_(torch.inf).argmin(dim=1)
    assert torch.equal(nearest // 20, torch.arange(60) // 20)


def test_no_two_points_share_a_cell(rows):
    cells = grid_layout(rows[:, :2])
    assert len(set(map(tuple, cells.tolist()))) == 50
    assert cells.min() == 0 and cells.max() == 7  # 8 × 8 is the smallest square grid for 50


def test_the_grid_is_the_best_of_all_for_few_points():
    places = torch.rand(6, 2, generator=generator())
    cells = grid_layout(places, columns=3)
    unit = (places - places.amin(0)) / (places.amax(0) - places.amin(0))
    targets = torch.stack([1 - unit[:, 1], unit[:, 0]], dim=1)
    every = torch.tensor(list(itertools.product(range(2), range(3))))

    def cost(chosen):
        return ((targets - (chosen + 0.5) / torch.tensor([2, 3])) ** 2).sum().item()

    best = min(cost(every[list(order)]) for order in itertools.permutations(range(6)))
    assert cost(cells) == pytest.approx(best)


def test_the_grid_keeps_right_and_up():
    places = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert grid_layout(places).tolist() == [[1, 0], [1, 1], [0, 0], [0, 1]]


def test_points_in_one_place_still_get_cells_of_their_own():
    assert len(set(map(tuple, grid_layout(torch.ones(9, 2)).tolist()))) == 9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rows: principal_components(rows, 9), "count must be 1 to 8; got 9"),
        (lambda rows: principal_components(torch.ones(4, 3)), "all the same"),
        (lambda rows: principal_components(rows[0]), r"expected floats \(n, d\)"),
        (lambda rows: tsne_layout(rows, perplexity=50, generator=generator()), "below 50"),
        (lambda rows: tsne_layout(rows * torch.inf, generator=generator()), "finite"),
        (lambda rows: grid_layout(rows), r"places must be \(n, 2\)"),
        (lambda rows: grid_layout(rows[:, :2], columns=0), "at least 1; got 0"),
    ],
)
def test_bad_input_is_named(rows, call, message):
    with pytest.raises(ValueError, match=message):
        call(rows)


@pytest.mark.parametrize("scale", [1e-170, 1e170])
def test_very_small_and_large_vectors_have_the_same_components(scale):
    rows = torch.randn(9, 4, generator=torch.Generator().manual_seed(0)).double()
    expected, found = (principal_components(k * rows, 2) for k in (1, scale))
    torch.testing.assert_close(found.coordinates / scale, expected.coordinates)
    torch.testing.assert_close(found.shares, expected.shares)
    assert torch.equal(grid_layout(scale * rows[:, :2]), grid_layout(rows[:, :2]))
