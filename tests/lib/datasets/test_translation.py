import datetime
import random

import pytest
import torch

from lib.datasets import translation as t
from lib.datasets.translation_grammar import (
    TIMES,
    VOICES,
    Speaker,
    Subject,
    clause,
    date_phrase,
    join,
    noun_phrase,
    spell,
    words,
)
from lib.datasets.translation_lexicon import ADJECTIVES, NOUNS, VERBS
from lib.datasets.words import PAD, UNKNOWN

NOUN = {noun.english[0]: noun for noun in NOUNS}
ADJECTIVE = {adjective.english: adjective for adjective in ADJECTIVES}
VERB = {verb.base: verb for verb in VERBS}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def np(text, *, determiner="the", plural=False):
    *adjectives, noun = text.split()
    return noun_phrase(NOUN[noun], tuple(ADJECTIVE[a] for a in adjectives), determiner, plural)


def subject(text, **options):
    *_, noun = text.split()
    chosen = NOUN[noun]
    plural = options.get("plural", False)
    return Subject(np(text, **options), chosen.kind, plural, chosen.feminine)


def french(phrase):
    return t.write_french([word.text for word in spell(phrase).french])


def english(phrase):
    return t.write_english(phrase.english)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("agreement", {}, "L'accord"),
        ("european economic area", {}, "La zone économique européenne"),
        ("new agreement", {"determiner": "a"}, "Un nouvel accord"),
        ("new treaty", {"determiner": "a"}, "Un nouveau traité"),
        ("old hospital", {"determiner": "this"}, "Ce vieil hôpital"),
        ("hospital", {"determiner": "this"}, "Cet hôpital"),
        ("old white house", {"plural": True}, "Les vieilles maisons blanches"),
        ("public hospital", {"plural": True}, "Les hôpitaux publics"),
        ("new country", {"plural": True, "determiner": "this"}, "Ces nouveaux pays"),
        ("famous english author", {}, "L'auteur anglais célèbre"),
        ("secret study", {"determiner": "a"}, "Une étude secrète"),
    ],
)
def test_noun_phrases_agree_and_are_spelled_as_in_french(text, options, expected):
    assert french(np(text, **options)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("agreement", "an agreement"), ("european agreement", "a European agreement"),
     ("hospital", "a hospital"), ("old hospital", "an old hospital")],
)  # fmt: skip
def test_the_english_article_follows_the_sound(text, expected):
    phrase = np(text, determiner="a")
    assert english(phrase) == expected[0].upper() + expected[1:]


@pytest.mark.parametrize(
    ("time", "in_english", "in_french"),
    [
        ("month", "In August 1992", "En août 1992"),
        ("day", "On August 5, 1992", "Le 5 août 1992"),
        ("weekday", "On Wednesday, August 5, 1992", "Le mercredi 5 août 1992"),
    ],
)
def test_dates_are_those_of_cldr(time, in_english, in_french):
    phrase = date_phrase(datetime.date(1992, 8, 5), time)
    assert (english(phrase), french(phrase)) == (in_english, in_french)


def test_each_word_of_a_date_is_linked_to_its_own():
    phrase = date_phrase(datetime.date(1992, 8, 5), "weekday")
    said = {w.text: [phrase.english[i] for i in sorted(w.says)] for w in phrase.french}
    assert said == {"le": ["on"], "mercredi": ["wednesday"], "5": ["5"], "août": ["august"],
                    "1992": ["1992"]}  # fmt: skip


@pytest.mark.parametrize(
    ("voice", "who", "rest", "expected"),
    [
        ("active", ("judge", {}), {"verb": "read", "object": "law"}, "Le juge a lu la loi."),
        ("negated", ("engineer", {"plural": True}), {"verb": "sign", "object": "agreement"},
         "Les ingénieurs n'ont pas signé l'accord."),
        ("passive", ("letter", {"plural": True}), {"verb": "read"}, "Les lettres ont été lues."),
        ("future", ("law", {}), {"verb": "publish"}, "La loi sera publiée."),
        ("copula", ("queen", {}), {"adjective": "old", "past": True}, "La reine était vieille."),
    ],
)  # fmt: skip
def test_clauses_agree_with_their_subject(voice, who, rest, expected):
    look_up = {"verb": VERB.get, "adjective": ADJECTIVE.get, "object": np, "past": bool}
    rest = {key: look_up[key](value) for key, value in rest.items()}
    phrase = clause(voice, subject(who[0], **who[1]), rest, None, point=True)
    assert french(phrase) == expected


def test_a_predicate_keeps_its_form_before_a_vowel():
    old = clause("copula", subject("judge"), {"adjective": ADJECTIVE["old"], "past": False}, None,
                 point=False)  # fmt: skip
    assert french(join(old, words("and", "et"))) == "Le juge est vieux et"


def test_of_the_is_one_word_that_says_both():
    phrase = spell(join(np("queen"), words("of", "de"), np("country")))
    du = next(word for word in phrase.french if word.text == "du")
    assert [phrase.english[i] for i in sorted(du.says)] == ["of", "the"]
    assert french(join(np("judge"), words("of", "de"), np("island"))) == "Le juge de l'île"
    assert french(join(np("judge"), words("of", "de"), np("island", plural=True))) == (
        "Le juge des îles"
    )


def test_the_example_is_translated_with_its_links():
    pair = t.example()
    assert t.write_english(pair.english) == t.EXAMPLE
    assert t.write_french(pair.french) == (
        "L'accord sur la zone économique européenne a été signé en août 1992."
    )
    crossed = {(pair.french[j], pair.english[i]) for j, i in pair.links}
    assert {("zone", "area"), ("économique", "economic"), ("européenne", "european")} <= crossed
    assert {e for f, e in crossed if f in ("a", "été")} == {"was"}


@pytest.mark.parametrize("split", t.SPLITS)
def test_every_word_is_known_and_linked_within_its_sentence(split):
    data = t.load_translation(split, 300, generator=seeded())
    assert not (data.source == UNKNOWN).any()
    assert not (data.target == UNKNOWN).any()
    for pair in data.pairs:
        assert {j for j, _ in pair.links} == set(range(len(pair.french)))
        silent = {pair.english[i] for i in range(len(pair.english))} - {
            pair.english[i] for _, i in pair.links
        }
        assert silent <= {","}


def test_no_sentence_is_in_two_splits_and_the_example_in_none():
    seen = [
        {pair.english for pair in t.load_translation(s, 400, generator=seeded(1)).pairs}
        for s in t.SPLITS
    ]
    assert sum(map(len, seen)) == len(set().union(*seen)) == 400 * len(t.SPLITS)
    assert t.split_of(t.example()) is None


def test_patterns_and_lengths_are_held_out():
    loaded = {s: t.load_translation(s, 200, generator=seeded(2)).pairs for s in t.SPLITS}
    for split, pairs in loaded.items():
        assert all((p.pattern in t.HELD_OUT) == (split == "patterns") for p in pairs)
        assert all((len(p.english) > t.LONGEST) == (split == "longer") for p in pairs)
    # Each voice and each time is known from training; only their combination is new.
    known = {p.pattern for p in loaded["train"]}
    assert {voice for voice, _ in known} == set(VOICES)
    assert {time for _, time in known} == set(TIMES)


def test_the_same_generator_gives_the_same_sentences():
    first, second = (t.load_translation("test", 50, generator=seeded(3)) for _ in range(2))
    assert torch.equal(first.source, second.source)
    assert first.pairs == second.pairs
    assert first.pairs != t.load_translation("test", 50, generator=seeded(4)).pairs


def test_links_become_a_table_over_positions():
    data = t.as_dataset([t.example()])
    assert data.links.shape == (1, data.target.shape[1], data.source.shape[1])
    assert data.links.sum() == len(t.example().links)
    assert data.links[0, 0, 0]  # l' says the


def test_rows_are_padded_at_their_ends():
    assert t.pad([[5, 2], [7]]).tolist() == [[5, 2], [7, PAD]]
    with pytest.raises(ValueError, match="at least one row"):
        t.pad([])


@pytest.mark.parametrize(
    ("split", "count", "message"),
    [("dev", 1, "split must be one of train, .*; got 'dev'"), ("test", 0, "at least 1; got 0")],
)
def test_bad_arguments_are_named(split, count, message):
    with pytest.raises(ValueError, match=message):
        t.load_translation(split, count, generator=seeded())


def test_a_speaker_says_more_than_one_clause_where_asked():
    said = Speaker(random.Random(0)).sentence("copula", "none", clauses=3)
    assert said.english.count("and") >= 2
    assert said.english[-1] == "."
