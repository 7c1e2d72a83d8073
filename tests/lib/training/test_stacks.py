import pytest
import torch

from lib.models import MLP, stack
from lib.training.stacks import Part, evaluate


@pytest.fixture
def parts():
    """Two parts of a problem with three well separated classes in four dimensions."""
    g = torch.Generator().manual_seed(0)
    centers = 4 * torch.eye(3, 4)
    labels = torch.arange(90) % 3
    features = centers[labels] + torch.randn(90, 4, generator=g)
    return [Part(features[i : i + 60], labels[i : i + 60]) for i in (0, 60)]


def test_evaluation_in_batches_is_evaluation_at_once(parts):
    nets = [MLP(4, [8], 3, generator=torch.Generator().manual_seed(s)) for s in range(2)]
    stacked = stack(nets)
    at_once = evaluate(stacked, parts[0], batch_size=1000)
    torch.testing.assert_close(evaluate(stacked, parts[0], batch_size=7), at_once)
