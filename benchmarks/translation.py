"""One update's work of a translator, against the plain loop that does everything at each step."""

import torch
from torch import Tensor

from benchmarks.compare import compare
from lib.datasets.translation import load_translation
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import sequence_loss, shift

COUNT, WIDTH, ROUNDS = 64, 64, 9


def run(threads: int) -> None:
    """Compare loss and gradients; `threads` is said, not set."""
    data = load_translation("train", COUNT, generator=generator())
    model = Seq2Seq(len(data.english), len(data.french), width=WIDTH, generator=generator())
    compare(
        f"Loss and gradients of {COUNT} translations, {threads} thread(s)",
        "a loop that projects keys, words and logits at each step",
        lambda: gradients(model, model((data.source, shift(data.target))), data.target),
        lambda: gradients(model, step_by_step(model, data.source, data.target), data.target),
        rounds=ROUNDS,
    )


def step_by_step(model: Seq2Seq, source: Tensor, target: Tensor) -> Tensor:
    """The logits as chapter 9 writes them."""
    encoded, logits = model.encode(source), []
    s = encoded.last
    for word in shift(target).unbind(dim=1):
        y = model.decoder.embedding(word)
        c, _ = model.decoder.attention(s, encoded.states, encoded.states, encoded.mask)
        s = model.decoder.cell(torch.cat([y, c], dim=1), s)
        logits.append(model.decoder.output(torch.cat([s, c, y], dim=1)))
    return torch.stack(logits, dim=1)


def gradients(model: Seq2Seq, logits: Tensor, target: Tensor) -> Tensor:
    """All gradients of the loss in one row."""
    slopes = torch.autograd.grad(sequence_loss(logits, target), list(model.parameters()))
    return torch.cat([slope.flatten() for slope in slopes])


def generator() -> torch.Generator:
    """The same numbers for both sides."""
    return torch.Generator().manual_seed(0)
