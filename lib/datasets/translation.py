"""English to French from a small grammar, with known word-to-word translations.

French agreement, order, elision and contraction are real; dates follow Unicode's CLDR.
"""

import datetime
import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lib.datasets.translation_grammar import (
    TIMES,
    VOICES,
    Phrase,
    Speaker,
    Subject,
    clause,
    date_phrase,
    join,
    noun_phrase,
    spell,
    words,
)
from lib.datasets.translation_lexicon import (
    ADJECTIVES,
    CAPITAL,
    DOCUMENT,
    NOUNS,
    VERBS,
)
from lib.datasets.translation_vocabulary import date_names, vocabularies
from lib.datasets.words import Vocabulary, pad

SPLITS = ("train", "validation", "test", "patterns", "longer")
LONGEST = 20  # English words and punctuation in all splits except "longer"
# Combinations of voice and time that only the split "patterns" has.
HELD_OUT = {("negated", "day"), ("future", "month"), ("passive", "weekday")}
EXAMPLE = "The agreement on the European Economic Area was signed in August 1992."
TRIES = 1000  # for one sentence


@dataclass(frozen=True)
class Pair:
    """A sentence in both languages.

    Attributes:
        english, french: words and punctuation, in lower case.
        links: (French position, English position) of words that translate each other.
        pattern: (voice, time) of its main clause.
    """

    english: tuple[str, ...]
    french: tuple[str, ...]
    links: frozenset[tuple[int, int]]
    pattern: tuple[str, str]


@dataclass(frozen=True, eq=False)
class TranslationDataset:
    """Sentences as word numbers.

    Attributes:
        source: (n, longest English) int64; each row ends with END, then PAD.
        target: (n, longest French) int64, in the same form.
        pairs: the sentences as words.
        english, french: the vocabularies.
    """

    source: Tensor
    target: Tensor
    pairs: tuple[Pair, ...]
    english: Vocabulary
    french: Vocabulary

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def links(self) -> Tensor:
        """(n, longest French, longest English) bool, True where positions translate each other."""
        table = torch.zeros(*self.target.shape, self.source.shape[1], dtype=torch.bool)
        for row, pair in enumerate(self.pairs):
            for j, i in pair.links:
                table[row, j, i] = True
        return table.to(self.source.device)


def load_translation(
    split: str,
    count: int,
    *,
    generator: torch.Generator,
    device: str | torch.device = "cpu",
) -> TranslationDataset:
    """Different sentences of one split, newly generated.

    Each English sentence always belongs to the same split, so no two splits share one. `EXAMPLE`
    is in none of them.

    Args:
        split: "train", "validation" and "test" are alike, up to `LONGEST` words; "patterns" has
            combinations of voice and time that no other split has; "longer" has sentences of more
            than `LONGEST` words.
        count: number of sentences, at least 1.
        generator: a CPU generator; the same state gives the same sentences.
        device: where the tensors are made.

    Raises:
        ValueError: an unknown split, no sentences, or more than can be found.

    Cost: about 0.1 ms per sentence.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}; got {split!r}")
    if count < 1:
        raise ValueError(f"count must be at least 1; got {count}")
    rng = random.Random(int(torch.randint(2**62, (), generator=generator)))
    speaker, pairs, failures = Speaker(rng), {}, 0
    while len(pairs) < count:
        pair = _say(speaker, rng, split)
        if split_of(pair) == split and pair.english not in pairs:
            pairs[pair.english], failures = pair, 0
        elif (failures := failures + 1) > TRIES:
            raise ValueError(f"split {split!r} seems to have no more than {len(pairs)} sentences")
    return as_dataset(pairs.values(), device=device)


def as_dataset(pairs: Iterable[Pair], *, device: str | torch.device = "cpu") -> TranslationDataset:
    """Sentences as padded word numbers."""
    pairs = tuple(pairs)
    english, french = vocabularies()
    source = pad([english.encode(pair.english) for pair in pairs]).to(device)
    target = pad([french.encode(pair.french) for pair in pairs]).to(device)
    return TranslationDataset(source, target, pairs, english, french)


def example() -> Pair:
    """The pair of `EXAMPLE`, from Bahdanau, Cho, Bengio (2015)."""
    nouns = {noun.english[0]: noun for noun in NOUNS}
    adjectives = {adjective.english: adjective for adjective in ADJECTIVES}
    area = noun_phrase(
        nouns["area"], (adjectives["european"], adjectives["economic"]), "the", False
    )
    agreement = noun_phrase(nouns["agreement"], (), "the", False)
    phrase = join(agreement, words("on", "sur"), area)
    verb = next(verb for verb in VERBS if verb.base == "sign")
    when = date_phrase(datetime.date(1992, 8, 2), "month")
    subject = Subject(phrase, DOCUMENT, False, False)
    said = spell(clause("passive", subject, {"verb": verb}, when, point=True))
    return _as_pair(said, ("passive", "month"))


def split_of(pair: Pair) -> str | None:
    """The one split that a sentence belongs to; None for `EXAMPLE`."""
    if pair.english == tokenize(EXAMPLE):
        return None
    if pair.pattern in HELD_OUT:
        return "patterns" if len(pair.english) <= LONGEST else None
    if len(pair.english) > LONGEST:
        return "longer"
    digit = hashlib.sha256(" ".join(pair.english).encode()).digest()[0] % 10
    return {0: "test", 1: "validation"}.get(digit, "train")


def tokenize(sentence: str) -> tuple[str, ...]:
    """The words and punctuation of an English sentence, in lower case."""
    for mark in ".,?!":
        sentence = sentence.replace(mark, f" {mark} ")
    return tuple(sentence.lower().split())


def write_english(tokens: Sequence[str]) -> str:
    """The sentence in its written form, with capitals."""
    proper = CAPITAL | date_names("en")
    text = _glue([token.capitalize() if token in proper else token for token in tokens])
    return text.replace("European economic area", "European Economic Area")


def write_french(tokens: Sequence[str]) -> str:
    """The sentence in its written form: elided words joined to the next, capital at the start."""
    return _glue(tokens).replace("' ", "'")


def _glue(tokens: Sequence[str]) -> str:
    text = " ".join(tokens)
    for mark in ".,?!":
        text = text.replace(f" {mark}", mark)
    return text[:1].upper() + text[1:]


def _say(speaker: Speaker, rng: random.Random, split: str) -> Pair:
    patterns = [(voice, time) for voice in VOICES for time in TIMES]
    wanted = [p for p in patterns if (p in HELD_OUT) == (split == "patterns")]
    pattern = rng.choice(wanted)
    clauses = rng.choice((2, 3)) if split == "longer" else rng.choice((1, 1, 1, 2))
    return _as_pair(speaker.sentence(*pattern, clauses=clauses), pattern)


def _as_pair(phrase: Phrase, pattern: tuple[str, str]) -> Pair:
    links = frozenset((j, i) for j, word in enumerate(phrase.french) for i in word.says)
    return Pair(phrase.english, tuple(word.text for word in phrase.french), links, pattern)
