from collections.abc import Callable

import pytest
import torch


@pytest.fixture
def seeded() -> Callable[[int], torch.Generator]:
    """Makes generators from seeds."""
    return lambda seed=0: torch.Generator().manual_seed(seed)
