"""Captioners trained and graded: with attention over places, and with one context."""

import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from chapters.captioning import looks
from chapters.captioning.looks import Looked
from chapters.captioning.pictures import Pictures, pictures
from lib import sentences
from lib.datasets import captions
from lib.datasets.scene_captions import KINDS
from lib.models.captioner import Captioner
from lib.models.decoding import Written, greedy
from lib.models.sequences import batches_by_length, sequence_loss, shift, trim
from lib.runtime import Run
from lib.training import fit, one_cycle_adam
from lib.workers import spread, worker_count

ATTENTION, ONE_CONTEXT = NETWORKS = ("attention", "one context")
UPDATES = {ATTENTION: 800, ONE_CONTEXT: 1250}  # chosen so that both train for about as long
RATES = {ATTENTION: 4e-3, ONE_CONTEXT: 1e-3}  # tuned for each
LONGEST = 30  # maximum number of words in a caption


def teach(z: Tensor, target: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Training data of a captioner: ((features, the right words so far), target)."""
    target = trim(target)
    return (z, shift(target)), target


def train(run: Run, job: tuple[str, int]) -> Captioner:
    """Train a captioner of the job's kind with its seed; return it on the CPU."""
    kind, seed = job
    data = pictures(run)
    updates = run.pick(quick=60, standard=UPDATES[kind] * 5 // 8, full=UPDATES[kind])
    model = Captioner(
        len(captions.caption_vocabulary()),
        *data.z.shape[1:],
        width=run.pick(quick=32, standard=128),
        attention=kind == ATTENTION,
        generator=run.generator("init", seed),
    ).to(run.device)
    fit(
        model,
        data.z,
        data.target,
        optimizer=one_cycle_adam(model.parameters(), lr=RATES[kind], decay_steps=updates),
        batches=batches_by_length(data.target, 32, updates, run.generator("order", seed)),
        loss=sequence_loss,
        transform=teach,
    )
    return model.cpu().eval()


@dataclass(frozen=True, eq=False)
class Graded:
    """A captioner and its results on the test pictures.

    Attributes:
        model: the captioner, on the CPU.
        guess: (n, steps), the word it ranks first, given the right words before.
        weights: (n, steps, places), its attention weights meanwhile.
        wrote: the captions it writes by itself.
        bleu, exact: BLEU and exact matches of these captions, in percent.
        fit: percent of the words ranked first on training pictures, for each kind of word.
    """

    model: Captioner
    guess: Tensor
    weights: Tensor
    wrote: Written
    bleu: float
    exact: float
    fit: dict[str, float]


@torch.no_grad()
def grade(model: Captioner, data: Pictures) -> Graded:
    """Let a captioner rank words and write captions."""
    logits, weights = model.decode(model.encode(data.z_test), shift(data.known.target))
    wrote = write(model, data.z_test)
    texts, truth = captions.texts(wrote.words, captions.caption_vocabulary()), data.test.captions
    exact = 100 * float(np.mean([one == other for one, other in zip(texts, truth, strict=True)]))
    bleu = sentences.bleu(texts, [[text] for text in truth])
    return Graded(model, logits.argmax(dim=-1), weights, wrote, bleu, exact, fit_of(model, data))


def fit_of(model: Captioner, data: Pictures) -> dict[str, float]:
    """Percent of words ranked first on equally many training pictures, for each kind of word."""
    count = len(data.z_test)
    z, target = data.z[:count].cpu(), data.target[:count].cpu()
    right = model.decode(model.encode(z), shift(target)).logits.argmax(dim=-1) == target
    words = captions.caption_vocabulary()
    return {
        kind: percent(right, captions.words_of(target, members, words))
        for kind, members in KINDS.items()
    }


@torch.no_grad()
def write(model: Captioner, z: Tensor) -> Written:
    """The captions that a captioner writes by itself."""
    return greedy(model, model.encode(z), longest=LONGEST)


@contextlib.contextmanager
def told(model: Captioner, down: int, right: int) -> Iterator[None]:
    """A context in which a captioner's places are mirrored: down = -1 or right = -1."""
    places = model.places.clone()
    model.places *= torch.tensor([down, right])[:, None, None]
    try:
        yield
    finally:
        model.places.copy_(places)


def percent(hits: Tensor, where: Tensor) -> float:
    """The mean of the selected entries in percent; NaN if none are selected."""
    return 100 * float(hits[where].float().mean())


@dataclass(frozen=True, eq=False)
class Contest:
    """Both kinds of captioners on the same test pictures.

    Attributes:
        pictures: their training and test pictures.
        graded: for each kind in `NETWORKS`, one per seed.
    """

    pictures: Pictures
    graded: dict[str, list[Graded]]

    def right(self, network: str) -> list[Tensor]:
        """Where each network of a kind ranks the right word first."""
        return [one.guess == self.pictures.known.target for one in self.graded[network]]

    def by_things(self, network: str) -> np.ndarray:
        """Percent of words that are right in pictures of one, two and three things: (seeds, 3)."""
        said, things = self.pictures.said, self.pictures.things[:, None]
        return np.array([
            [percent(right, said & (things == k)) for k in (1, 2, 3)]
            for right in self.right(network)
        ])  # fmt: skip

    def by_kind(self, network: str) -> dict[str, np.ndarray]:
        """Percent of words that are right, for each kind of word, one number per seed."""
        return {
            kind: np.array([percent(r, self.pictures.words_of(kind)) for r in self.right(network)])
            for kind in KINDS
        }

    def looks(self) -> list[Looked]:
        """Where each network with attention looked, compared with the positions of the things."""
        known, test, rows = self.pictures.known, self.pictures.test, self.pictures.z.shape[2]
        return [
            looks.judge_looks(one.weights, known.about, test.object_masks, rows=rows)
            for one in self.graded[ATTENTION]
        ]


def run_contest(run: Run) -> Contest:
    """Train both kinds and grade them."""
    data = pictures(run)
    seeds = range(run.pick(quick=1, standard=1, full=3))
    trained = spread(
        functools.partial(train, run),
        [(kind, seed) for seed in seeds for kind in NETWORKS],
        workers=run.pick(quick=1, standard=worker_count(run)),
        progress="captioners",
    )
    graded = {
        kind: [grade(model, data) for model in trained[k :: len(NETWORKS)]]
        for k, kind in enumerate(NETWORKS)
    }
    return Contest(data, graded)


@torch.no_grad()
def turned_around(graded: Graded, data: Pictures) -> float:
    """Of the words "left" and "right" that were right: percent that mirrored places turn around."""
    right = data.words_about("left", "right") & (graded.guess == data.known.target)
    with told(graded.model, 1, -1):
        encoded = graded.model.encode(data.z_test)
    now = graded.model.decode(encoded, shift(data.known.target)).logits.argmax(dim=-1)
    words = captions.words_of(now, ("left", "right"), captions.caption_vocabulary())
    return percent(words & (now != data.known.target), right)


@torch.no_grad()
def cost_of_one_place(graded: Graded, data: Pictures) -> float:
    """Points of word accuracy that a network loses if it sees only its likeliest place."""
    hard = likeliest_place_alone(graded.model, data.z_test, shift(data.known.target))
    right = graded.guess == data.known.target
    return percent(right, data.said) - percent(hard == data.known.target, data.said)


@torch.no_grad()
def likeliest_place_alone(model: Captioner, z: Tensor, before: Tensor) -> Tensor:
    """The word ranked first at each step, if each context is the place with the largest weight."""
    encoded, decoder = model.encode(z), model.decoder
    if decoder.attention is None:
        raise ValueError("expected a captioner with attention; got one with one context")
    z, h, guesses = encoded.states, encoded.last, []
    for word in before.unbind(dim=1):
        _, a = decoder.attention(h, z, z, encoded.mask)
        a = functional.one_hot(a.argmax(dim=1), a.shape[1]).to(a)
        c, y = (a[:, :, None] * z).sum(dim=1), decoder.embedding(word)
        h = decoder.cell(torch.cat([y, c], dim=1), h)
        guesses.append(decoder.output(torch.cat([h, c, y], dim=1)).argmax(dim=1))
    return torch.stack(guesses, dim=1)


def wrong_colors(graded: Graded, data: Pictures) -> tuple[float, float]:
    """Percent of wrong colors that another thing in the picture has, and the same by chance."""
    target, colors = data.known.target, data.words_of("color")
    wrong = colors & (graded.guess != target) & (data.things > 1)[:, None]
    present = target.masked_fill(~colors, -1)
    other = (graded.guess[:, :, None] == present[:, None, :]).any(dim=-1)
    kinds = torch.tensor([len(set(row.tolist()) - {-1}) for row in present])
    chance = (kinds - 1)[:, None] / (len(KINDS["color"]) - 1)
    return percent(other, wrong), percent(chance.expand(wrong.shape), wrong)
