"""Stacks of networks that are trained and measured at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lib.models import MLP
from lib.training.measures import accuracy


@dataclass(frozen=True)
class Part:
    """Examples for an MLP: features (examples, inputs) and int64 labels (examples,)."""

    features: Tensor
    labels: Tensor


@torch.no_grad()
def evaluate(model: MLP, part: Part, *, batch_size: int = 2000) -> Tensor:
    """Accuracy per copy of a stack, (copies,), computed batch by batch to bound the memory."""
    logits = [model(features) for features in part.features.split(batch_size)]
    return accuracy(torch.cat(logits, dim=-2), part.labels)
