import torch
from torch import nn

from chapters.augmentation import controls
from lib import augmentation


def draw():
    return torch.Generator().manual_seed(3)


def test_mirrored_digits_get_labels_of_their_own_and_the_same_ones_are_mirrored():
    images = torch.rand(40, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(40) % 10
    changed, renamed = controls.mirror_as_new_classes(images, labels, draw())
    mirrored = renamed >= 10
    assert 5 < mirrored.sum() < 35
    assert torch.equal(renamed % 10, labels)
    assert torch.equal(changed[mirrored], images[mirrored].flip(-1))
    assert torch.equal(changed[~mirrored], images[~mirrored])
    assert torch.equal(changed, augmentation.random_horizontal_flip(images, draw()))


def test_only_the_ten_upright_classes_can_be_answers():
    bias = torch.arange(20.0)  # the largest score is that of a mirrored class
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 20))
    nn.init.zeros_(network[1].weight)
    network[1].bias.data = bias
    labels = torch.tensor([9, 9, 9, 0])
    assert controls.percent_right(network, torch.rand(4, 1, 8, 8), labels) == 75


def test_the_wider_network_has_ten_more_classes():
    assert controls.wider_network(draw())(torch.rand(2, 1, 8, 8)).shape == (2, 20)
