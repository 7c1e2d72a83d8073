from collections.abc import Callable

import pytest
import torch
from torch import Tensor


@pytest.fixture
def pictures() -> Callable[..., Tensor]:
    """Makes batches of smooth color pictures (batch, channels, height, width) in [0, 1]."""

    def make(batch: int = 4, height: int = 24, width: int = 32, channels: int = 3) -> Tensor:
        noise = torch.rand(
            batch, channels, height // 4, width // 4, generator=torch.Generator().manual_seed(3)
        )
        return torch.nn.functional.interpolate(noise, (height, width), mode="bilinear")

    return make


@pytest.fixture
def seeded() -> Callable[[int], torch.Generator]:
    """Makes generators from seeds."""
    return lambda seed=0: torch.Generator().manual_seed(seed)
