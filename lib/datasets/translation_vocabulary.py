"""The vocabularies of the translation language, and the kinds of French words."""

from functools import cache

from babel.dates import get_day_names, get_month_names

from lib.datasets.translation_lexicon import (
    ADJECTIVES,
    ARTICLES,
    AUXILIARIES,
    NOUNS,
    PREPOSITIONS,
    VERBS,
    YEARS,
)
from lib.datasets.words import SPECIAL, Vocabulary


@cache
def vocabularies() -> tuple[Vocabulary, Vocabulary]:
    """All words of the language, English and French."""
    english = {
        "the",
        "a",
        "an",
        "this",
        "these",
        "and",
        "on",
        "in",
        "of",
        "by",
        "will",
        "be",
        "did",
    }
    english |= {"not", "is", "are", "was", "were", ".", ","} | date_names("en")
    french = {"et", "de", "d'", "du", "des", "par", "en", "ne", "n'", "pas", "."}
    french |= ARTICLES | AUXILIARIES | date_names("fr")
    numbers = {str(year) for year in YEARS} | {str(day) for day in range(2, 29)}
    for noun in NOUNS:
        english |= set(noun.english)
        french |= set(noun.french)
    for adjective in ADJECTIVES:
        english.add(adjective.english)
        french |= {*adjective.french[0], *adjective.french[1]}
        french |= {adjective.vowel} if adjective.vowel else set()
    for verb in VERBS:
        english |= {verb.base, verb.past, verb.participle}
        french |= {verb.french + e + s for e in ("", "e") for s in ("", "s")}
    for preposition in PREPOSITIONS.values():
        english.add(preposition[0])
        french.add(preposition[1])
    source, target = (Vocabulary(SPECIAL + tuple(sorted(w | numbers))) for w in (english, french))
    return source, target


@cache
def french_kinds() -> dict[str, frozenset[str]]:
    """The French words of each kind: nouns, adjectives, participles, articles, ..., dates."""
    nouns = {form for noun in NOUNS for form in noun.french}
    adjectives = {form for a in ADJECTIVES for gender in a.french for form in gender}
    adjectives |= {a.vowel for a in ADJECTIVES if a.vowel}
    participles = {v.french + e + s for v in VERBS for e in ("", "e") for s in ("", "s")}
    known = {"noun": nouns, "adjective": adjectives, "participle": participles}
    known |= {"article": ARTICLES, "auxiliary": AUXILIARIES}
    known["date"] = date_names("fr") | {w for w in vocabularies()[1].words if w.isdigit()}
    return {kind: frozenset(members) for kind, members in known.items()}


def date_names(locale: str) -> set[str]:
    """The names of months and days, in lower case."""
    names = (
        get_month_names("wide", locale=locale),
        get_day_names("wide", locale=locale),
    )
    return {name.lower() for table in names for name in table.values()}
