import pytest
import torch
from torch import nn

from lib.models import ConvNet
from lib.visualization.filters import first_layer_filters, roughness


def test_the_filters_are_a_copy_of_the_stem():
    model = ConvNet(3, 10, width=6, generator=torch.Generator().manual_seed(0))
    filters = first_layer_filters(model)
    assert torch.equal(filters, model.stem.weight) and filters.shape == (6, 3, 3, 3)
    filters.zero_()
    assert model.stem.weight.any()


def test_a_model_without_convolution_is_named():
    with pytest.raises(ValueError, match="got a Linear"):
        first_layer_filters(nn.Linear(3, 2))


def test_roughness_of_patterns_is_known_by_hand():
    chess = (torch.arange(4)[:, None] + torch.arange(4)) % 2 * 2 - 1.0
    stripes = torch.ones(4, 4)
    stripes[:, ::2] = -1  # neighbors below are equal, those beside differ: half of a chessboard
    filters = torch.stack([torch.ones(4, 4), stripes, chess])[:, None]
    assert roughness(filters).tolist() == [0, 1, 2]
    assert roughness(torch.tensor([[[[1.0, 3.0]]]])).item() == pytest.approx(4 / (2 * 5))


def test_independent_weights_have_roughness_one_on_average():
    filters = torch.randn(20_000, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    assert roughness(filters).mean().item() == pytest.approx(1, abs=0.01)


def test_roughness_does_not_depend_on_scale_or_sign():
    filters = torch.randn(5, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(roughness(-7 * filters), roughness(filters))


def test_a_filter_of_zeros_has_none_and_half_precision_is_kept():
    assert roughness(torch.zeros(1, 1, 3, 3)).isnan().all()
    assert roughness(torch.rand(2, 1, 3, 3).half()).dtype == torch.float16


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 1, 1), (0, 3, 3, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="expected"):
        roughness(torch.zeros(shape))
