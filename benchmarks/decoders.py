"""One update of a translator and a captioner, against loops that do everything at each step."""

from collections.abc import Iterator

import torch
from torch import Tensor

from benchmarks.compare import Comparison
from benchmarks.networks import generator
from lib.datasets.captions import as_captions, caption_vocabulary
from lib.datasets.scenes import load_scenes
from lib.datasets.translation import load_translation
from lib.models.captioner import Captioner
from lib.models.decoder import EncoderDecoder
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import sequence_loss, shift

TITLE = "Decoders with additive attention"
PEERS = ()
ABOUT = (
    "Loss and all gradients of a batch of 64, as one update of a training needs them: a translator "
    "that looks at the words of a sentence, and a captioner that looks at 14 × 14 places. The loop "
    "is the chapters' own, which projects keys, words and logits anew at each step."
)
LIMIT = (
    "What depends on the state is done at each step on both sides, above all two products with all "
    "places, forward and backward; and both train the layer of 2.8 million weights that makes the "
    "first state. Saved are keys, words and logits, which are computed for all steps at once."
)
COUNT, WIDTH = 64, 64
CHANNELS, SIDE = 112, 14


def comparisons() -> Iterator[Comparison]:
    """A translator and a captioner."""
    data = load_translation("train", COUNT, generator=generator())
    model = Seq2Seq(len(data.english), len(data.french), width=WIDTH, generator=generator())
    positions = data.source.shape[1]
    yield compare(f"translator, {positions} positions", model, data.source, data.target, 1.1)
    scenes = load_scenes(COUNT, generator=generator(), objects=(1, 3)).scenes
    shape = (CHANNELS, SIDE, SIDE)
    model = Captioner(len(caption_vocabulary()), *shape, width=WIDTH, generator=generator())
    z, target = torch.randn(COUNT, *shape, generator=generator()), as_captions(scenes).target
    yield compare(f"captioner, {SIDE**2} positions", model, z, target, 1.5)


def compare(
    work: str, model: EncoderDecoder, source: Tensor, target: Tensor, goal: float
) -> Comparison:
    """Compare all steps at once with one step after another."""
    return Comparison(
        work,
        "a loop over steps",
        lambda: gradients(model, model((source, shift(target))), target),
        lambda: gradients(model, step_by_step(model, source, target), target),
        target=goal,
        limit=LIMIT,
    )


def step_by_step(model: EncoderDecoder, source: Tensor, target: Tensor) -> Tensor:
    """The logits, computed as in chapters 9 and 10."""
    encoded, decoder, logits = model.encode(source), model.decoder, []
    s = encoded.last
    for word in shift(target).unbind(dim=1):
        y = decoder.embedding(word)
        c, _ = decoder.attention(s, encoded.states, encoded.states, encoded.mask)
        s = decoder.cell(torch.cat([y, c], dim=1), s)
        logits.append(decoder.output(torch.cat([s, c, y], dim=1)))
    return torch.stack(logits, dim=1)


def gradients(model: EncoderDecoder, logits: Tensor, target: Tensor) -> tuple[Tensor, ...]:
    """The loss's gradients, one for each of the model's parameters."""
    return torch.autograd.grad(sequence_loss(logits, target), list(model.parameters()))
