import pytest
import torch

from lib.models import MLP, stack
from lib.training.stacks import evaluate
from tests.problems import three_classes


@pytest.fixture
def parts():
    return three_classes()


def test_evaluation_in_batches_is_evaluation_at_once(parts):
    nets = [MLP(4, [8], 3, generator=torch.Generator().manual_seed(s)) for s in range(2)]
    stacked = stack(nets)
    at_once = evaluate(stacked, parts[0], batch_size=1000)
    torch.testing.assert_close(evaluate(stacked, parts[0], batch_size=7), at_once)
