import pytest
import torch

from chapters.regularization.combining import combine
from lib.training import Trial


def test_combined_options_do_what_each_of_them_does():
    def double(images, labels, generator):
        return 2 * images, labels

    def add_one(images, labels, generator):
        return images + 1, labels

    both = combine(
        {"transform": double, "network": {"dropout": 0.5}, "penalty": lambda model: 1.0},
        {"transform": add_one, "network": {"survival": 0.5}, "penalty": lambda model: 2.0},
        {"lr": 0.1},
    )
    trial = Trial(0, 1, **both)
    images, _ = trial.transform(torch.tensor([3.0]), torch.tensor([0]), torch.Generator())
    assert images.item() == 7
    assert trial.network == {"dropout": 0.5, "survival": 0.5}
    assert trial.penalty(None) == 3.0
    assert trial.lr == 0.1


def test_nothing_combined_is_a_plain_trial():
    assert Trial(0, 1, **combine()) == Trial(0, 1)
    assert Trial(0, 1, **combine({"lr": 0.1})) == Trial(0, 1, lr=0.1)


def test_options_that_contradict_each_other_are_named():
    with pytest.raises(ValueError, match=r"two values for 'dropout': 0.5 and 0.2"):
        combine({"network": {"dropout": 0.5}}, {"network": {"dropout": 0.2}})
    with pytest.raises(ValueError, match=r"two values for 'lr': 0.1 and 0.2"):
        combine({"lr": 0.1}, {"lr": 0.2})
