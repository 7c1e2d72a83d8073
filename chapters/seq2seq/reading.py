"""How a translator rendered one sentence, where it looked, and a description of both."""

import difflib
import itertools
from dataclasses import dataclass

import torch
from torch import Tensor

from lib.datasets.translation import Pair, as_dataset, write_english, write_french
from lib.datasets.translation_vocabulary import french_kinds
from lib.models.decoding import greedy
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import shift
from lib.sentences import align_words

NOTHING = "(nothing)"
LONGEST = 50  # maximum number of words in a translation
AREA = ("european", "economic", "area")  # whose order French reverses


@dataclass(frozen=True)
class Translation:
    """A network's translation of a sentence.

    Attributes:
        pair: the sentence, its right translation and the known links.
        words: what it wrote; `NOTHING` if it ended at once.
        weights: (words, English words and the end), where it looked before each.
    """

    pair: Pair
    words: list[str]
    weights: Tensor

    @property
    def source(self) -> list[str]:
        """The English words, and the end, which has a state, too."""
        return [*self.pair.english, "<end>"]

    @property
    def stands_for(self) -> list[int | None]:
        """For each written word, the position of the right word that it corresponds to, if any."""
        return align_words(self.words, self.pair.french)

    @property
    def links(self) -> set[tuple[int, int]]:
        """(written, English) positions: the words that each written word should translate."""
        known = [(t, j) for t, j in enumerate(self.stands_for) if j is not None]
        return {(t, i) for t, j in known for k, i in self.pair.links if k == j}

    @property
    def is_right(self) -> bool:
        """Whether every word is right."""
        return tuple(self.words) == self.pair.french

    @property
    def mistakes(self) -> list[str]:
        """Descriptions such as "signée instead of signé"."""
        return differences(self.words, self.pair.french, "{new} instead of {old}")

    def looked_at(self, t: int) -> int:
        """The English position with the largest weight before a word."""
        return int(self.weights[t].argmax())


@torch.no_grad()
def translate(model: Seq2Seq, pair: Pair, *, hidden: int | None = None) -> Translation:
    """What the network writes, word by word.

    Args:
        hidden: position of an English word whose state attention may not look at.
    """
    sentence = as_dataset([pair])
    encoded = model.encode(sentence.source)
    if hidden is not None:
        mask = encoded.mask.clone()
        mask[0, hidden] = False
        encoded = encoded._replace(mask=mask)
    wrote = greedy(model, encoded, longest=LONGEST)
    words = sentence.french.decode(wrote.words[0].tolist()) or [NOTHING]
    return Translation(pair, words, wrote.weights[0, : len(words)])


@torch.no_grad()
def read_along(model: Seq2Seq, pair: Pair) -> Translation:
    """Where the network looks while it is given the right translation word by word."""
    sentence = as_dataset([pair])
    weights = model.decode(model.encode(sentence.source), shift(sentence.target)).weights[0]
    return Translation(pair, list(pair.french), weights[: len(pair.french)])


def describe(translation: Translation) -> str:
    """What was written and what is wrong with it, in two sentences."""
    text = f"It wrote: {write_french(translation.words)}"
    if translation.is_right:
        return f"{text}\nEvery word is right."
    return f"{text}\nNot right: {'; '.join(translation.mistakes)}."


def describe_area(translation: Translation) -> str:
    """Where it looked before the French words for "European Economic Area", and in which order."""
    pair = translation.pair
    places = [pair.english.index(word) for word in AREA]
    wanted = {j for j, i in pair.links if i in places}
    steps = [t for t, j in enumerate(translation.stands_for) if j in wanted]
    if len(steps) < len(AREA):
        return "It did not write all three words for “European Economic Area”."
    at = [translation.looked_at(t) for t in steps]
    looks = ", ".join(
        f"before “{translation.words[t]}” at “{translation.source[i]}”"
        for t, i in zip(steps, at, strict=True)
    )
    way = "backwards" if runs_backwards(at) else "not backwards all the way"
    return f"Where it looked most: {looks}. That is {way}."


def runs_backwards(places: list[int]) -> bool:
    """Whether each place is to the left of the one before."""
    return all(a > b for a, b in itertools.pairwise(places))


def reads_area_backwards(weights: Tensor, pair: Pair) -> bool:
    """Whether the largest weights before the right French words for it run backwards."""
    places = [pair.english.index(word) for word in AREA]
    steps = sorted({j for j, i in pair.links if i in places})
    at = [int(weights[j].argmax()) for j in steps]
    return runs_backwards(at)


def describe_hidden(model: Seq2Seq, pair: Pair) -> str:
    """For each English word: what changes in the translation if it can't be looked at."""
    full, lines, silent = translate(model, pair), [], []
    for i, word in enumerate(full.source):
        other = translate(model, pair, hidden=i)
        changes = differences(other.words, full.words, "{old} → {new}")
        if changes:
            lines.append(f"{i + 1:>2}: {word:>10}  {'; '.join(changes)}")
        else:
            silent.append(word)
    return "\n".join([*lines, f"Without a trace: {', '.join(silent) or 'none'}"])


def describe_replaced(model: Seq2Seq, pair: Pair) -> str:
    """How many of the words that replace another one, with one word hidden, are of its kind."""
    full = translate(model, pair)
    same = [
        kind_of(old) == kind_of(new)
        for i in range(len(full.source))
        for old, new in replaced(translate(model, pair, hidden=i).words, full.words)
    ]
    return f"Words put in place of another one: {len(same)}. Of the same kind: {sum(same)}."


def kind_of(word: str) -> str:
    """The kind of a French word, such as "noun"; "" if it has none."""
    return next((kind for kind, members in french_kinds().items() if word in members), "")


def replaced(words: list[str], before: list[str]) -> list[tuple[str, str]]:
    """(old, new) for each word that replaces another one."""
    pairs = align_words(words, before)
    return [
        (before[j], words[t])
        for t, j in enumerate(pairs)
        if j is not None and before[j] != words[t]
    ]


def differences(new: list[str], old: tuple[str, ...] | list[str], form: str) -> list[str]:
    """The differences between two sentences, each formatted with `form`."""
    matcher = difflib.SequenceMatcher(None, list(new), list(old), autojunk=False)
    return [
        form.format(new=" ".join(new[a:b]) or NOTHING, old=" ".join(old[c:d]) or NOTHING)
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]


def name_of(translation: Translation) -> str:
    """The English sentence, and whether its translation is right."""
    verdict = "right" if translation.is_right else "wrong"
    return f"{write_english(translation.pair.english)} ({verdict})"
