import pytest
import torch

from lib.precision import unit_scale, wide, without_autocast


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_unit_scale_is_a_power_of_two_and_rounds_nothing(dtype):
    numbers = torch.finfo(dtype)
    values = torch.tensor(
        [[0.3, -0.7], [3e5, 1.0], [numbers.tiny, 0], [numbers.max, 1]], dtype=dtype
    )
    scale = unit_scale(values, 1)
    assert torch.frexp(scale).mantissa.eq(0.5).all()
    assert ((values / scale).abs().amax(dim=1) >= 1).all()
    assert ((values / scale).abs() < 2).all()
    assert torch.equal(values[:3] / scale[:3] * scale[:3], values[:3])
    assert unit_scale(values).shape == (1, 1)
    assert unit_scale(torch.zeros(3, dtype=dtype)).isfinite().all()


def test_half_precision_is_widened_and_nothing_is_narrowed():
    given = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64)
    got = [wide(torch.zeros(1, dtype=dtype)).dtype for dtype in given]
    assert got == [torch.float32] * 3 + [torch.float64, torch.float32]


def test_a_product_keeps_its_precision_without_autocast():
    a = torch.rand(8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with without_autocast():
            assert torch.equal(a @ a, without_autocast()(torch.matmul)(a, a))
        assert (a @ a).dtype == torch.bfloat16
