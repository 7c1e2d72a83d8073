"""Small problems that several tests train on."""

import torch

from lib.training.stacks import Part


def three_classes() -> list[Part]:
    """Two parts, of 60 and 30 examples, with three well separated classes in four dimensions."""
    g = torch.Generator().manual_seed(0)
    centers = 4 * torch.eye(3, 4)
    labels = torch.arange(90) % 3
    features = centers[labels] + torch.randn(90, 4, generator=g)
    return [Part(features[i : i + 60], labels[i : i + 60]) for i in (0, 60)]
