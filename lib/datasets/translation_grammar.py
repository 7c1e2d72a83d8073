"""Sentences in English and French, built together, so that the word alignment is known.

Every rule returns a `Phrase`: the English words, and the French words, each with the English words
that it translates. The rules include French order, agreement, elision (l'accord) and contraction
(du pont).
"""

import datetime
import random
from collections.abc import Mapping
from dataclasses import dataclass

from babel.dates import format_date, format_skeleton, get_day_names, get_month_names

from lib.datasets.translation_lexicon import (
    ADJECTIVES,
    NOUNS,
    PERSON,
    PREPOSITIONS,
    VERBS,
    YEARS,
    Adjective,
    Noun,
)

VOICES = ("active", "negated", "passive", "future", "copula")
TIMES = ("none", "month", "day", "weekday")
VOWELS = tuple("aeiouyhâàéèêëîïôû")  # the h is mute in all our words


@dataclass(frozen=True)
class Word:
    """A French word and the positions of the English words that it translates."""

    text: str
    says: frozenset[int]


@dataclass(frozen=True)
class Phrase:
    """English words and their French translation."""

    english: tuple[str, ...]
    french: tuple[Word, ...]


@dataclass(frozen=True)
class Subject:
    """A noun phrase, with what a verb needs to agree with it."""

    phrase: Phrase
    kind: str
    plural: bool
    feminine: bool


def words(english: str, french: str) -> Phrase:
    """English words and French ones, each of which translates all of the English ones."""
    source = tuple(english.split())
    everything = frozenset(range(len(source)))
    return Phrase(source, tuple(Word(text, everything) for text in french.split()))


def join(*parts: Phrase, order: tuple[int, ...] | None = None) -> Phrase:
    """Phrases one after another; `order` is the French order if it differs."""
    starts = [sum(len(p.english) for p in parts[:i]) for i in range(len(parts))]
    english = tuple(word for part in parts for word in part.english)
    french = tuple(
        Word(word.text, frozenset(starts[i] + position for position in word.says))
        for i in (order or range(len(parts)))
        for word in parts[i].french
    )
    return Phrase(english, french)


def noun_phrase(
    noun: Noun, adjectives: tuple[Adjective, ...], determiner: str, plural: bool
) -> Phrase:
    """A determiner, adjectives and a noun, such as "the European Economic Area".

    Args:
        determiner: "the", "a" or "this"; "a" has no plural here.
        adjectives: in English order, the one next to the noun is last.
    """
    described = [
        Phrase((a.english,), (Word(a.french[noun.feminine][plural], frozenset({0})),))
        for a in adjectives
    ]
    thing = words(noun.english[plural], noun.french[plural])
    before = [i for i, a in enumerate(adjectives) if a.before]
    after = [i for i, a in enumerate(adjectives) if not a.before][::-1]
    order = (0, *(1 + i for i in before), 1 + len(adjectives), *(1 + i for i in after))
    following = (*(a.english for a in adjectives), noun.english[plural])[0]
    first = _determiner(determiner, noun.feminine, plural, following)
    return _respell(join(first, *described, thing, order=order), _VOWEL_FORMS)


def _determiner(name: str, feminine: bool, plural: bool, following: str) -> Phrase:
    if name == "the":
        return words("the", "les" if plural else ("le", "la")[feminine])
    if name == "this":
        return words("these" if plural else "this", "ces" if plural else ("ce", "cette")[feminine])
    sounds_open = following[0] in "aeiou" and not following.startswith("eu")
    return words("an" if sounds_open else "a", ("un", "une")[feminine])


def date_phrase(date: datetime.date, time: str) -> Phrase:
    """When: "in August 1992" (month), "on August 5, 1992" (day), or with the day's name (weekday).

    Order and names come from CLDR, Unicode's collection of locale conventions.
    """
    english, french = (_date_words(date, time, locale) for locale in ("en", "fr"))
    months, days = (
        [names("wide", locale=locale)[number].lower() for locale in ("fr", "en")]
        for names, number in ((get_month_names, date.month), (get_day_names, date.weekday()))
    )
    meaning = dict([months, days])
    said = [frozenset({english.index(meaning.get(text, text))}) for text in french]
    when = Phrase(tuple(english), tuple(Word(t, s) for t, s in zip(french, said, strict=True)))
    return join(words("in", "en") if time == "month" else words("on", "le"), when)


def _date_words(date: datetime.date, time: str, locale: str) -> list[str]:
    if time == "month":
        text = format_skeleton("yMMMM", date, locale=locale)
    else:
        text = format_date(date, "full" if time == "weekday" else "long", locale=locale)
    return text.lower().replace(",", " ,").split()


def clause(
    voice: str, subject: Subject, rest: dict[str, object], when: Phrase | None, *, point: bool
) -> Phrase:
    """A sentence about the subject.

    Args:
        voice: one of `VOICES`.
        rest: what the voice needs: "verb", "object" (a Phrase), or "adjective" and "past".
        when: a phrase of time, or None.
        point: whether a full stop ends it.
    """
    make = {"active": _active, "negated": _negated, "copula": _copula}.get(voice, _passive)
    parts = [*make(voice, subject, **rest)]
    if when is not None:
        parts.append(when)
    if point:
        parts.append(words(".", "."))
    return join(*parts)


def _active(voice: str, subject: Subject, verb, object) -> list[Phrase]:
    has = "ont" if subject.plural else "a"
    return [subject.phrase, words(verb.past, f"{has} {verb.french}"), object]


def _negated(voice: str, subject: Subject, verb, object) -> list[Phrase]:
    has = "ont" if subject.plural else "a"
    did, denial, doing = frozenset({0}), frozenset({0, 1}), frozenset({2})
    french = (Word("ne", denial), Word(has, did), Word("pas", denial), Word(verb.french, doing))
    return [subject.phrase, Phrase(("did", "not", verb.base), french), object]


def _passive(voice: str, subject: Subject, verb, by: Phrase | None = None) -> list[Phrase]:
    if voice == "future":
        be = words("will be", "seront" if subject.plural else "sera")
    else:
        be = words("were" if subject.plural else "was", ("a", "ont")[subject.plural] + " été")
    agreed = verb.french + "e" * subject.feminine + "s" * subject.plural
    done = words(verb.participle, agreed)
    return [subject.phrase, be, done] + ([] if by is None else [join(words("by", "par"), by)])


def _copula(voice: str, subject: Subject, adjective: Adjective, past: bool) -> list[Phrase]:
    tenses = ((("is", "est"), ("are", "sont")), (("was", "était"), ("were", "étaient")))
    form = adjective.french[subject.feminine][subject.plural]
    be = words(*tenses[past][subject.plural])
    return [subject.phrase, be, words(adjective.english, form)]


def spell(phrase: Phrase) -> Phrase:
    """The phrase with French spelled as written: l'accord, cet accord, d'une loi, du pont."""
    elided = _respell(phrase, {"le": "l'", "la": "l'", "ne": "n'", "de": "d'", "ce": "cet"})
    written: list[Word] = []
    for word in elided.french:
        contracted = _CONTRACTIONS.get((written[-1].text, word.text)) if written else None
        if contracted is None:
            written.append(word)
        else:
            written[-1] = Word(contracted, written[-1].says | word.says)
    return Phrase(phrase.english, tuple(written))


def _respell(phrase: Phrase, before_vowels: Mapping[str, str]) -> Phrase:
    """The phrase with these words' other forms if the next word starts with a vowel."""
    following = [word.text for word in phrase.french[1:]] + [""]
    french = tuple(
        Word(before_vowels.get(word.text, word.text), word.says)
        if sound.startswith(VOWELS)
        else word
        for word, sound in zip(phrase.french, following, strict=True)
    )
    return Phrase(phrase.english, french)


_VOWEL_FORMS = {a.french[0][0]: a.vowel for a in ADJECTIVES if a.vowel}
_CONTRACTIONS = {("de", "le"): "du", ("de", "les"): "des"}


class Speaker:
    """Generates random sentences of the language.

    Args:
        rng: source of all random choices.
    """

    def __init__(self, rng: random.Random):
        self.rng = rng

    def sentence(self, voice: str, time: str, *, clauses: int = 1) -> Phrase:
        """A sentence as written; if it has several clauses, the last has this voice and time."""
        parts = []
        for left in range(clauses - 1, -1, -1):
            now = (voice, time) if left == 0 else (self.rng.choice(VOICES), "none")
            parts.append(self._clause(*now, point=left == 0))
            if left:
                parts.append(words("and", "et"))
        return spell(join(*parts))

    def _clause(self, voice: str, time: str, *, point: bool) -> Phrase:
        when = None if time == "none" else date_phrase(self._date(), time)
        if voice == "copula":
            subject = self._subject(self.rng.choice(NOUNS).kind)
            fitting = [a for a in ADJECTIVES if subject.kind in a.kinds]
            past = time != "none" or self.rng.random() < 0.5
            rest = {"adjective": self.rng.choice(fitting), "past": past}
            return clause(voice, subject, rest, when, point=point)
        verb = self.rng.choice(VERBS)
        kind = self.rng.choice(verb.objects)
        if voice in ("active", "negated"):
            rest = {"verb": verb, "object": self._subject(kind).phrase}
            return clause(voice, self._subject(PERSON), rest, when, point=point)
        by = self._subject(PERSON, depth=0).phrase if self.rng.random() < 0.3 else None
        rest = {"verb": verb, "by": by}
        return clause(voice, self._subject(kind), rest, when, point=point)

    def _subject(self, kind: str, depth: int = 1) -> Subject:
        """A noun phrase; 15% are two joined by "and", some have a preposition and a second noun."""
        first = self._noun(kind)
        if self.rng.random() < 0.15:
            second = self._noun(kind)
            both = join(first.phrase, words("and", "et"), second.phrase)
            return Subject(both, kind, True, first.feminine and second.feminine)
        if depth and self.rng.random() < 0.35:
            pairs = [pair for pair in PREPOSITIONS if pair[0] == kind]
            pair = self.rng.choice(pairs)
            behind = self._noun(pair[1]).phrase
            phrase = join(first.phrase, words(*PREPOSITIONS[pair]), behind)
            return Subject(phrase, kind, first.plural, first.feminine)
        return first

    def _noun(self, kind: str) -> Subject:
        noun = self.rng.choice([n for n in NOUNS if n.kind == kind])
        fitting = [a for a in ADJECTIVES if kind in a.kinds]
        count = self.rng.choice((0, 0, 1, 1, 2))
        # English puts size and age first, and so do we: they precede the noun in French.
        chosen = sorted(self.rng.sample(fitting, count), key=lambda a: not a.before)
        plural = self.rng.random() < 0.35
        determiner = self.rng.choice(("the", "the", "the", "this", "the" if plural else "a"))
        phrase = noun_phrase(noun, tuple(chosen), determiner, plural)
        return Subject(phrase, kind, plural, noun.feminine)

    def _date(self) -> datetime.date:
        # Days start at 2: CLDR writes "1 août" where French says "1er août".
        return datetime.date(
            self.rng.choice(YEARS), self.rng.randint(1, 12), self.rng.randint(2, 28)
        )
