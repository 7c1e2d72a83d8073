import numpy as np
import pytest
import torch
from sklearn import datasets

from lib.datasets.digits import load_digits


def load(seed=0):
    return load_digits(generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def digits():
    """All of them."""
    return load()


def test_there_are_1797_small_images_that_use_the_range(digits):
    assert digits.images.shape == (1797, 1, 8, 8)
    assert digits.images.dtype == torch.float32
    assert digits.images.min() == 0
    assert digits.images.max() == 1


def test_every_class_is_there_and_stays_so_in_a_small_part(digits):
    assert digits.classes == tuple("0123456789")
    assert digits.labels.dtype == torch.int64
    assert digits.labels.unique().tolist() == list(range(10))
    assert digits.labels.bincount().min() > 150
    assert digits.labels[:200].unique().tolist() == list(range(10))


def test_images_and_labels_are_those_of_scikit_learn():
    bundle = datasets.load_digits()
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(3)).numpy()
    digits = load(3)
    np.testing.assert_array_equal(16 * digits.images[:, 0].numpy(), bundle.images[order])
    np.testing.assert_array_equal(digits.labels.numpy(), bundle.target[order])


def test_the_generators_state_decides_the_order(digits):
    again, other = load(), load(1)
    assert torch.equal(digits.images, again.images)
    assert torch.equal(digits.labels, again.labels)
    assert not torch.equal(digits.labels, other.labels)
