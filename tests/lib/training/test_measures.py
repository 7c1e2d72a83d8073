import math

import pytest
import torch
from torch.nn import functional

from lib.training import accuracy, cross_entropy


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_cross_entropy_and_its_gradient_are_those_of_torch():
    logits, labels = torch.randn(6, 5, requires_grad=True), torch.tensor([0, 1, 2, 3, 4, 0])
    ours, theirs = cross_entropy(logits, labels), functional.cross_entropy(logits, labels)
    torch.testing.assert_close(ours, theirs)
    (ours_grad,) = torch.autograd.grad(ours, logits)
    (theirs_grad,) = torch.autograd.grad(functional.cross_entropy(logits, labels), logits)
    torch.testing.assert_close(ours_grad, theirs_grad)


def test_guessing_among_ten_classes_costs_log_10():
    loss = cross_entropy(torch.zeros(3, 10), torch.tensor([0, 5, 9]))
    assert loss.item() == pytest.approx(math.log(10))


def test_cross_entropy_of_a_stack_is_one_number_per_copy():
    logits, labels = torch.randn(4, 6, 5), torch.randint(5, (6,))
    losses = cross_entropy(logits, labels)
    assert losses.shape == (4,)
    torch.testing.assert_close(losses[2], cross_entropy(logits[2], labels))
    own = torch.randint(5, (4, 6))
    torch.testing.assert_close(cross_entropy(logits, own)[3], cross_entropy(logits[3], own[3]))


def test_cross_entropy_takes_probabilities_too():
    logits, labels = torch.randn(6, 4, generator=generator()), torch.tensor([0, 3, 1, 2, 2, 0])
    probabilities = functional.one_hot(labels, 4).float()
    torch.testing.assert_close(cross_entropy(logits, probabilities), cross_entropy(logits, labels))
    mixed = torch.rand(6, 4, generator=generator()).softmax(dim=1)
    torch.testing.assert_close(
        cross_entropy(logits, mixed), functional.cross_entropy(logits, mixed)
    )


def test_accuracy_counts_and_shows_divergence():
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]])
    labels = torch.tensor([0, 1, 1])
    assert accuracy(logits, labels).item() == pytest.approx(2 / 3)
    broken = torch.stack([logits, logits * math.nan])
    assert accuracy(broken, labels)[0].item() == pytest.approx(2 / 3)
    assert accuracy(broken, labels)[1].isnan()
