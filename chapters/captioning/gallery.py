"""The captions shown, chosen and described by rule."""

from dataclasses import dataclass

import torch
from torch import Tensor

from chapters.captioning import looks
from chapters.captioning.contest import Graded
from chapters.captioning.pictures import Pictures
from lib import sentences
from lib.datasets import captions
from lib.datasets.scene_captions import KINDS
from lib.models.decoding import Written
from lib.runtime import Run
from lib.widgets import Viewing

COVERED = 0.2  # share of a place that a thing must cover to get a frame there
NOTHING = "(nothing)"
REST = "others"  # "a", "and", "on", "of"
SUREST_RIGHT, SUREST_WRONG, LEAST_SURE = (
    "surest of the right ones",
    "surest of the wrong ones",
    "least sure of all",
)


def words_of_row(wrote: Written, row: int) -> list[str]:
    """The caption of one row."""
    return captions.caption_vocabulary().decode(wrote.words[row].tolist()) or [NOTHING]


def view(data: Pictures, row: int, words: list[str], weights: Tensor, name: str = "") -> Viewing:
    """A test picture with a caption, and the places of the thing that each word refers to.

    Args:
        words: the caption.
        weights: (steps, places), where the network looked.
        name: as in `Viewing`.
    """
    rows, columns = data.z.shape[2:]
    truth, about = data.test.captions[row].split(), data.known.about[row].tolist()
    covers = looks.cover(data.test.object_masks[row][None], rows, columns)
    covered = covers[0].flatten(1) > COVERED
    links = [
        (t, place)
        for t, position in enumerate(sentences.align_words(words, truth))
        if position is not None and about[position] >= 0
        for place in covered[about[position]].nonzero()[:, 0].tolist()
    ]
    return Viewing(
        data.test.images[row],
        words,
        weights[: len(words)],
        rows,
        links=links,
        name=name,
        truth=truth,
    )


@dataclass(frozen=True)
class Shown:
    """A caption of the gallery.

    Attributes:
        row: index in the test set.
        why: the rule that chose it.
        words: the caption.
        truth: the right caption.
    """

    row: int
    why: str
    words: list[str]
    truth: list[str]

    @property
    def answer(self) -> str:
        """Whether it is right, what is wrong, and the rule that chose it."""
        if self.words == self.truth:
            return f"right ({self.why})"
        return f"wrong ({self.why}): {'; '.join(mistakes(self.words, self.truth))}"


def choose_gallery(graded: Graded, data: Pictures, run: Run, *, skip: int, each: int = 2):
    """Captions of pictures with two things or more, in random order: a list of `Shown`.

    They are the right captions and the wrong captions of which the network was surest, and those
    of which it was least sure; fewer if there are not enough.

    Args:
        skip: number of test pictures to leave out at the start.
        each: maximum number of captions per rule.
    """
    said = [words_of_row(graded.wrote, row) for row in range(len(data.test))]
    truths = [caption.split() for caption in data.test.captions]
    right = torch.tensor([words == truth for words, truth in zip(said, truths, strict=True)])
    sure = graded.wrote.log_p / torch.tensor([len(words) + 1 for words in said])
    several = (data.things > 1) & (torch.arange(len(said)) >= skip)
    chosen: dict[int, str] = {}
    for why, scores, where in (
        (SUREST_RIGHT, sure, right & several),
        (SUREST_WRONG, sure, ~right & several),
        (LEAST_SURE, -sure, several),
    ):
        rows = scores.masked_fill(~where, -torch.inf).argsort(descending=True, stable=True)
        best = [row for row in rows.tolist() if where[row] and row not in chosen][:each]
        chosen |= dict.fromkeys(best, why)
    shown = [Shown(row, why, said[row], truths[row]) for row, why in chosen.items()]
    order = torch.randperm(len(shown), generator=run.generator("gallery")).tolist()
    return [shown[k] for k in order]


def mistakes(words: list[str], truth: list[str]) -> list[str]:
    """Descriptions such as "blue instead of green"; extra and missing words are named as such."""
    stands_for = sentences.align_words(words, truth)
    pairs = [(word, j) for word, j in zip(words, stands_for, strict=True)]
    found = [
        f"{word} instead of {truth[j]}" for word, j in pairs if j is not None and word != truth[j]
    ]
    extra = [word for word, j in pairs if j is None]
    missing = [word for j, word in enumerate(truth) if j not in stands_for]
    found += [f"“{' '.join(extra)}” too many"] if extra else []
    return found + ([f"“{' '.join(missing)}” missing"] if missing else [])


def mistakes_by_kind(graded: Graded, data: Pictures) -> dict[str, tuple[int, int]]:
    """For each kind of word of the right captions: how many are wrong or missing, and how many."""
    kind_of = {word: kind for kind, members in KINDS.items() for word in members}
    counts = {kind: [0, 0] for kind in (*KINDS, REST)}
    for row, caption in enumerate(data.test.captions):
        truth, words = caption.split(), words_of_row(graded.wrote, row)
        stands_for = sentences.align_words(words, truth)
        found = {
            j
            for word, j in zip(words, stands_for, strict=True)
            if j is not None and word == truth[j]
        }
        for j, word in enumerate(truth):
            count = counts[kind_of.get(word, REST)]
            count[0] += j not in found
            count[1] += 1
    return {kind: (wrong, words) for kind, (wrong, words) in counts.items()}


def told_rows(graded: Graded, data: Pictures) -> list[int]:
    """Four pictures of two things: the first two with the side right, and the first two with above
    or below right; filled up with others if there are not enough."""
    right = graded.guess == data.known.target
    chosen: list[int] = []
    for words in (("left", "right"), ("above", "below")):
        good = (data.things == 2) & (data.words_about(*words) & right).any(dim=1)
        chosen += good.nonzero()[:2, 0].tolist()
    others = [row for row in range(len(data.test)) if row not in chosen]
    return [*chosen, *others][:4]
