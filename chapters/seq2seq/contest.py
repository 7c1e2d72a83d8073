"""Two translators trained and graded: one with attention, one with a single context."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from chapters.seq2seq.links import Judgment, judge_links
from lib.alignment import alignment_error_rate, strongest_links
from lib.datasets import translation
from lib.datasets.translation import TranslationDataset, as_dataset, load_translation
from lib.datasets.words import PAD
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import batches_by_length, sequence_loss, shift, teacher_forcing
from lib.runtime import Run
from lib.training import History, fit, one_cycle_adam
from lib.workers import spread, worker_count

ATTENTION, ONE_CONTEXT = KINDS = ("attention", "one context")
GROUPS = ((5, 7), (8, 10), (11, 13), (14, 16), (17, 20))  # words of the English sentence
UPDATES, UNITS = 512, 64
LONGER = 4  # times as many updates, for one context
EVALUATIONS = 16  # number of evaluations during training


@dataclass(frozen=True)
class Sentences:
    """The translators' training, validation and test sentences.

    Attributes:
        learn: the training set, on the run's device.
        notes: validation sentences evaluated during training, on the same device.
        graded: the sets they are graded on, on the CPU: "test", "patterns" and "longer", and some
            of the training set, "learned".
        example: Bahdanau's sentence, on the CPU.
    """

    learn: TranslationDataset
    notes: TranslationDataset
    graded: dict[str, TranslationDataset]
    example: TranslationDataset


@functools.lru_cache(maxsize=2)
def sentences(run: Run) -> Sentences:
    """The sentences of a run."""
    counts = {
        "test": run.pick(quick=60, standard=1000),
        "patterns": run.pick(quick=30, standard=400),
        "longer": run.pick(quick=30, standard=300),
    }
    graded = {
        split: load_translation(split, count, generator=run.generator(split))
        for split, count in counts.items()
    }
    learn, notes = (
        load_translation(split, count, generator=run.generator(split), device=run.device)
        for split, count in (
            ("train", run.pick(quick=500, standard=6000)),
            ("validation", run.pick(quick=20, standard=60)),
        )
    )
    graded["learned"] = as_dataset(learn.pairs[: counts["test"]])
    return Sentences(learn, notes, graded, as_dataset([translation.example()]))


def train(run: Run, job: tuple[str, int], *, times: int = 1) -> tuple[Seq2Seq, History]:
    """Train a translator of the job's kind with its seed; return it on the CPU with its history.

    Args:
        times: how often the usual number of updates.
    """
    kind, seed = job
    data, steps = sentences(run), times * run.pick(quick=24, standard=UPDATES)
    learn = data.learn
    model = Seq2Seq(
        len(learn.english),
        len(learn.french),
        width=run.pick(quick=24, standard=UNITS),
        attention=kind == ATTENTION,
        generator=run.generator("init", seed),
    ).to(run.device)
    history = fit(
        model,
        learn.source,
        learn.target,
        optimizer=one_cycle_adam(model.parameters(), lr=7e-3, decay_steps=steps),
        batches=batches_by_length(learn.target, 64, steps, run.generator("order", seed)),
        loss=sequence_loss,
        transform=teacher_forcing,
        evaluate=functools.partial(note, data=data),
        evaluate_every=steps // EVALUATIONS,
    )
    return model.cpu().eval(), history


def note(model: Seq2Seq, *, data: Sentences) -> dict[str, Tensor | float]:
    """Loss and alignment error on sentences not trained on, and the weights on the example."""
    notes, example = data.notes, data.example
    logits, weights = model.decode(model.encode(notes.source), shift(notes.target))
    found = strongest_links(weights, notes.links.any(dim=-1))
    device = notes.source.device
    read = model.encode(example.source.to(device))
    return {
        "loss": sequence_loss(logits, notes.target).cpu(),
        "error": alignment_error_rate(found, notes.links),
        "example": model.decode(read, shift(example.target).to(device)).weights[0].cpu(),
    }


@dataclass(frozen=True)
class Contest:
    """The trained translators and their grades.

    Attributes:
        models: for each kind of `KINDS`, one per seed.
        histories: histories of the trainings with attention.
        grades: for each kind and split, per seed, how many words of each sentence are ranked
            first, and how many words there are.
        judgments: for each model with attention, how its weights on the test set fit the links.
        lengths: lengths of the English sentences of each split.
    """

    models: dict[str, list[Seq2Seq]]
    histories: list[History]
    grades: dict[str, dict[str, list[tuple[Tensor, Tensor]]]]
    judgments: list[Judgment]
    lengths: dict[str, Tensor]

    def by_length(self, kind: str, split: str = "test") -> np.ndarray:
        """Percent of words that are right, (seeds, groups of lengths)."""
        return right_by_length(self.grades[kind][split], self.lengths[split])

    def exact(self, kind: str, split: str) -> np.ndarray:
        """Percent of the sentences with every word right, one number per seed."""
        of_seeds = self.grades[kind][split]
        return np.array([100 * float((right == count).float().mean()) for right, count in of_seeds])


def run_contest(run: Run) -> Contest:
    """Train both kinds from the same initial weights, and grade them."""
    data = sentences(run)
    jobs = [(kind, seed) for seed in range(run.pick(quick=1, standard=1, full=3)) for kind in KINDS]
    trained = spread(
        functools.partial(train, run),
        jobs,
        workers=run.pick(quick=1, standard=worker_count(run)),  # they take seconds to start
        progress="translators",
    )
    models = {kind: [m for m, _ in trained[k :: len(KINDS)]] for k, kind in enumerate(KINDS)}
    return Contest(
        models,
        [history for _, history in trained[:: len(KINDS)]],
        {
            kind: {
                split: [grade(model, part) for model in those]
                for split, part in data.graded.items()
            }
            for kind, those in models.items()
        },
        [judge_links(model, data.graded["test"]) for model in models[ATTENTION]],
        {split: english_lengths(part) for split, part in data.graded.items()},
    )


def train_longer(run: Run) -> np.ndarray:
    """Percent of words right after a longer training with one context, (seeds, lengths)."""
    seeds = range(run.pick(quick=3, standard=1, full=3))
    trained = spread(
        functools.partial(train, run, times=LONGER),
        [(ONE_CONTEXT, seed) for seed in seeds],
        workers=run.pick(quick=1, standard=worker_count(run)),
        progress="translators",
    )
    test = sentences(run).graded["test"]
    grades = [grade(model, test) for model, _ in trained]
    return right_by_length(grades, english_lengths(test))


def english_lengths(part: TranslationDataset) -> Tensor:
    """The number of words of each English sentence, (sentences,)."""
    return torch.tensor([len(pair.english) for pair in part.pairs])


def right_by_length(grades: Sequence[tuple[Tensor, Tensor]], lengths: Tensor) -> np.ndarray:
    """Percent of words that are right, (models, GROUPS).

    Args:
        grades: what `grade` says of each model.
        lengths: of the English sentences that they were graded on.
    """
    masks = [(lengths >= low) & (lengths <= high) for low, high in GROUPS]
    return np.array(
        [[100 * float(right[m].sum() / count[m].sum()) for m in masks] for right, count in grades]
    )


@torch.no_grad()
def grade(model: Seq2Seq, asked: TranslationDataset) -> tuple[Tensor, Tensor]:
    """For each sentence: words ranked first, given the right ones before, and words in all."""
    logits = model((asked.source, shift(asked.target)))
    words = asked.target != PAD
    right = (logits.argmax(dim=-1) == asked.target) & words
    return right.sum(dim=1), words.sum(dim=1)
