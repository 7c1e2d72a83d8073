import pytest
import torch

from lib.pca import principal_directions


@pytest.mark.parametrize("count", [3, 40])  # fewer than dimensions, and more
def test_directions_are_those_of_the_singular_value_decomposition(count):
    rows = torch.randn(count, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    variances, directions = principal_directions(rows, rows.mean(dim=0))
    centered = rows - rows.mean(dim=0)
    _, singular, expected = torch.linalg.svd(centered, full_matrices=False)
    kept = min(count - 1, 7)
    assert variances.shape == (kept,)
    torch.testing.assert_close(variances, singular[:kept] ** 2 / count)
    cosines = (directions * expected[:kept]).sum(dim=1).abs()
    torch.testing.assert_close(cosines, torch.ones(kept, dtype=torch.float64))
    assert (directions.gather(1, directions.abs().argmax(1, keepdim=True)) > 0).all()


def test_rows_that_are_all_the_same_are_refused():
    with pytest.raises(ValueError, match="5 vectors that are all the same"):
        principal_directions(torch.ones(5, 3), torch.ones(3, dtype=torch.float64))
