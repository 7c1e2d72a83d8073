"""Batches of sentences: padding, the decoder's inputs, and the loss."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from lib.datasets.words import PAD, START
from lib.labels import class_indices


def trim(numbers: Tensor) -> Tensor:
    """Rows (batch, positions) without the last columns that hold only PAD."""
    return numbers[:, : int((numbers != PAD).sum(dim=1).max())]


def shift(target: Tensor) -> Tensor:
    """What was written before each word of the target: START, then all words but the last."""
    return functional.pad(target, (1, 0), value=START)[:, :-1]


def teacher_forcing(source: Tensor, target: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """The inputs and targets of training: ((source, the right words so far), target), both trimmed.

    A `transform` for `lib.training.fitting.fit`.
    """
    source, target = trim(source), trim(target)
    return (source, shift(target)), target


def batches_by_length(
    target: Tensor, batch_size: int, steps: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Indices of `steps` mini-batches of sentences of similar length, so that little is padded.

    Each pass draws a new order, both of sentences of the same length and of the batches.

    Args:
        target: (sentences, positions) int64; those of one batch have similar lengths.
        generator: a CPU generator.

    Raises:
        ValueError: a batch larger than the data set, or a size below 1.
    """
    if not 1 <= batch_size <= len(target):
        raise ValueError(f"batch_size must be from 1 to {len(target)}; got {batch_size}")
    lengths, per_pass = (target != PAD).sum(dim=1).cpu(), len(target) // batch_size
    for step in range(steps):
        if step % per_pass == 0:
            order = torch.randperm(len(target), generator=generator)[: per_pass * batch_size]
            order = order[lengths[order].argsort(stable=True)].view(per_pass, batch_size)
            order = order[torch.randperm(per_pass, generator=generator)]
        yield order[step % per_pass]


def sequence_loss(logits: Tensor, target: Tensor) -> Tensor:
    """The mean of -log p(word) over all words of the batch that are not PAD.

    Args:
        logits: (batch, steps, words).
        target: (batch, steps), numbers of words, integers of any dtype.

    Raises:
        TypeError: a target that is not integers.
        ValueError: mismatched shapes, a number that is no word's, or a batch with only PAD.
    """
    if logits.shape[:-1] != target.shape:
        raise ValueError(
            f"logits must be {tuple(target.shape)} and words; got {tuple(logits.shape)}"
        )
    words = class_indices(target, logits.shape)
    if not bool((words != PAD).any()):
        raise ValueError("the target holds nothing but PAD")
    return functional.cross_entropy(logits.flatten(0, 1), words.flatten(), ignore_index=PAD)
