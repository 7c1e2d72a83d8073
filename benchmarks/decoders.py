"""One update's work of a translator and a captioner, against loops that do everything each step."""

import torch
from torch import Tensor

from benchmarks.compare import compare
from lib.datasets.captions import as_captions, caption_vocabulary
from lib.datasets.scenes import load_scenes
from lib.datasets.translation import load_translation
from lib.models.captioner import Captioner
from lib.models.decoder import EncoderDecoder
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import sequence_loss, shift

COUNT, WIDTH, ROUNDS = 64, 64, 9
CHANNELS, SIDE = 112, 14


def run(threads: int) -> None:
    """Compare loss and gradients; `threads` is said, not set."""
    data = load_translation("train", COUNT, generator=generator())
    model = Seq2Seq(len(data.english), len(data.french), width=WIDTH, generator=generator())
    compare_with_loop(f"{COUNT} translations", model, data.source, data.target, threads)
    scenes = load_scenes(COUNT, generator=generator(), objects=(1, 3)).scenes
    shape = (CHANNELS, SIDE, SIDE)
    model = Captioner(len(caption_vocabulary()), *shape, width=WIDTH, generator=generator())
    z = torch.randn(COUNT, *shape, generator=generator())
    name = f"{COUNT} captions of {SIDE**2} places"
    compare_with_loop(name, model, z, as_captions(scenes).target, threads)


def compare_with_loop(
    name: str, model: EncoderDecoder, source: Tensor, target: Tensor, threads: int
) -> None:
    """Print the ratio for one kind of model."""
    compare(
        f"Loss and gradients of {name}, {threads} thread(s)",
        "a loop that projects keys, words and logits at each step",
        lambda: gradients(model, model((source, shift(target))), target),
        lambda: gradients(model, step_by_step(model, source, target), target),
        rounds=ROUNDS,
    )


def step_by_step(model: EncoderDecoder, source: Tensor, target: Tensor) -> Tensor:
    """The logits as chapters 9 and 10 write them."""
    encoded, decoder, logits = model.encode(source), model.decoder, []
    s = encoded.last
    for word in shift(target).unbind(dim=1):
        y = decoder.embedding(word)
        c, _ = decoder.attention(s, encoded.states, encoded.states, encoded.mask)
        s = decoder.cell(torch.cat([y, c], dim=1), s)
        logits.append(decoder.output(torch.cat([s, c, y], dim=1)))
    return torch.stack(logits, dim=1)


def gradients(model: EncoderDecoder, logits: Tensor, target: Tensor) -> Tensor:
    """All gradients of the loss in one row."""
    slopes = torch.autograd.grad(sequence_loss(logits, target), list(model.parameters()))
    return torch.cat([slope.flatten() for slope in slopes])


def generator() -> torch.Generator:
    """The same numbers for both sides."""
    return torch.Generator().manual_seed(0)
