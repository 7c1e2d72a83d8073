"""Sequences that are empty, unknown, all padding, of odd letters or very long: read, or refused."""

import pytest
import torch

from chapters.captioning.looks import judge_looks
from lib.datasets.captions import texts, word_vocabulary, words_of
from lib.datasets.words import END, PAD, SPECIAL, START, UNKNOWN, Vocabulary, pad
from lib.models.captioner import Captioner
from lib.models.decoding import beam_search, greedy
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import batches_by_length, sequence_loss, shift, teacher_forcing
from lib.sentences import align_words, bleu
from lib.widgets import AttentionReader, Reading
from tests.faults.cases import refused, sampled

WORDS, WIDTH, LONGEST = 12, 6, 9
LETTERS = {
    "accents": "éàü",
    "combining": "e\u0301",
    "Chinese": "猫坐在垫子上",
    "Arabic": "القطة",
    "emoji": "👩‍👩‍👧‍👦",
    "beyond 16 bits": "𝒳",
    "zero width": "\u200b",
    "right to left": "\u202ecat",
    "null": "\0",
    "lone surrogate": "\udc80",
    "line end": "a\nb",
    "markup": "<unknown>",
    "a thousand letters": "x" * 1000,
    "empty": "",
}


def generator():
    return torch.Generator().manual_seed(0)


def reader(attention=True):
    return Seq2Seq(WORDS, WORDS, width=WIDTH, attention=attention, generator=generator()).eval()


def viewer(attention=True):
    return Captioner(WORDS, 2, 3, 3, width=WIDTH, attention=attention, generator=generator()).eval()


def numbers(*rows):
    return torch.tensor(rows)


@pytest.mark.parametrize("kind", sampled(LETTERS, quick=5))
def test_words_of_any_letters_are_numbered_and_come_back(kind):
    word = LETTERS[kind]
    known, unknown = Vocabulary((*SPECIAL, "cat", "x")), [END]
    numbered = word_vocabulary([["cat", word]]).encode(["cat", word])
    assert word_vocabulary([["cat", word]]).decode(numbered) == ["cat", word]
    expected = [4, UNKNOWN, *unknown] if word not in SPECIAL else [4, SPECIAL.index(word), END]
    assert known.encode(["cat", word]) == expected


@pytest.mark.parametrize("kind", sampled(sorted(set(LETTERS) - {"lone surrogate"}), quick=3))
def test_sentences_of_any_letters_are_compared_and_read(kind):
    said = ["a", LETTERS[kind], "b", "c"]
    assert bleu([" ".join(said)], [[" ".join(said)]]) in (0, pytest.approx(100))
    assert align_words(said, said) == [0, 1, 2, 3]
    assert AttentionReader([Reading(said, said, torch.eye(4))]).readings[0]["target"] == said


NONE = {
    "no rows": torch.zeros(0, 3, dtype=torch.long),
    "no positions": torch.zeros(3, 0, dtype=torch.long),
    "one row": torch.tensor([4, 5, END]),
    "floats": torch.ones(2, 3),
    "32 bits": torch.ones(2, 3, dtype=torch.int32),
    "all padding": torch.full((2, 3), PAD),
    "one row of padding": numbers([4, END, PAD], [PAD, PAD, PAD]),
    "padding in front": numbers([PAD, 4, END]),
    "a gap": numbers([4, PAD, END]),
    "beyond the vocabulary": numbers([4, WORDS, END]),
    "below 0": numbers([4, -1, END]),
    "far beyond": numbers([4, 2**62, END]),
}


@pytest.mark.parametrize("kind", sampled(NONE, quick=5))
def test_what_is_no_sentence_is_not_encoded(kind):
    with refused(ValueError):
        reader().encode(NONE[kind])


@pytest.mark.parametrize(
    "kind", sampled([kind for kind in NONE if "padding" not in kind and kind != "a gap"], quick=3)
)
def test_what_is_no_sentence_is_not_continued(kind):
    model = viewer()
    encoded = model.encode(torch.zeros(len(NONE[kind]) or 1, 2, 3, 3))
    with refused(ValueError, match="got"):
        model.decode(encoded, NONE[kind])


SENTENCES = {
    "END alone": [END],
    "one word": [4, END],
    "unknown words": [UNKNOWN] * 5 + [END],
    "special words": [START, UNKNOWN, START, END],
    "no END": [4, 5, 6],
    "END in the middle": [4, END, 5, END],
    "very long": [4, 5, 6, 7] * 100 + [END],
}


@pytest.mark.parametrize(
    ("kind", "attention"), sampled([(k, a) for k in SENTENCES for a in (True, False)], quick=5)
)
def test_any_sentence_is_translated_alike_alone_and_padded_in_a_batch(kind, attention):
    model, rows = reader(attention), [SENTENCES[kind], [4, 5, 6, 7, 8, 9, END]]
    alone = greedy(model, model.encode(pad(rows[:1])), longest=LONGEST)
    batch = greedy(model, model.encode(pad(rows)), longest=LONGEST)
    assert batch.words.shape[1] <= LONGEST
    steps = alone.words.shape[1]
    assert torch.equal(batch.words[:1, :steps], alone.words)
    assert bool((batch.words[:1, steps:] == PAD).all())
    torch.testing.assert_close(batch.log_p[:1], alone.log_p)
    assert bool((batch.weights[0, :, len(rows[0]) :] == 0).all()), "it looked at padding"


@pytest.mark.parametrize("kind", sampled(SENTENCES, quick=3))
def test_any_sentence_can_be_learned_from(kind):
    row = pad([SENTENCES[kind]])
    (source, before), target = teacher_forcing(row, row)
    assert before.tolist() == [[START, *SENTENCES[kind][:-1]]]
    loss = sequence_loss(reader()((source, before)), target)
    loss.backward()
    assert bool(loss.isfinite())


@pytest.mark.parametrize("search", sampled(["greedy", "beam 1", "beam 3"], quick=2))
@pytest.mark.parametrize("make", [reader, viewer])
def test_writing_ends_where_no_end_comes(search, make):
    model = make()
    model.decoder.output[-1].bias.data[END] = -1e4
    source = torch.zeros(2, 2, 3, 3) if make is viewer else numbers([4, END], [5, END])
    beams = int(search[-1]) if "beam" in search else None
    options = {"longest": LONGEST} | ({"beams": beams} if beams else {})
    written = (beam_search if beams else greedy)(model, model.encode(source), **options)
    assert written.words.shape == (2, LONGEST)
    assert not bool(((written.words == END) | (written.words == PAD)).any())


@pytest.mark.parametrize("longest", sampled([0, -1], quick=2))
def test_writing_nothing_is_refused(longest):
    model = reader()
    encoded = model.encode(numbers([4, END]))
    with refused(ValueError, match=f"longest must be at least 1; got {longest}"):
        greedy(model, encoded, longest=longest)
    with refused(ValueError, match=f"got {longest}"):
        beam_search(model, encoded, beams=longest)


EMPTY = {
    "pad": lambda: pad([]),
    "word_vocabulary": lambda: word_vocabulary([]),
    "word_vocabulary of empty": lambda: word_vocabulary([[], []]),
    "word_vocabulary too rare": lambda: word_vocabulary([["a"]], least=2),
    "bleu": lambda: bleu([], []),
    "bleu without references": lambda: bleu(["a"], [[]]),
    "sequence_loss": lambda: sequence_loss(torch.zeros(2, 3, WORDS), torch.full((2, 3), PAD)),
    "sequence_loss shapes": lambda: sequence_loss(torch.zeros(2, 3, WORDS), numbers([4, END])),
    "batches_by_length": lambda: [*batches_by_length(torch.ones(0, 3), 1, 1, generator())],
    "judge_looks": lambda: judge_looks(
        torch.ones(1, 2, 4) / 4, torch.zeros(1, 3).long(), torch.zeros(1, 4, 4), rows=2
    ),
    "reading": lambda: AttentionReader([Reading([], ["a"], torch.zeros(1, 0))]),
    "readings": lambda: AttentionReader([]),
    "captioner": lambda: viewer().encode(torch.zeros(0, 2, 3, 3)),
    "captioner shape": lambda: viewer().encode(torch.zeros(1, 2, 3, 4)),
}


@pytest.mark.parametrize("function", sampled(EMPTY, quick=4))
def test_what_holds_nothing_is_refused(function):
    with refused(ValueError):
        EMPTY[function]()


SMALL = {
    "source": lambda n: Seq2Seq(n, 4, width=2, generator=generator()),
    "target": lambda n: Seq2Seq(4, n, width=2, generator=generator()),
    "captioner": lambda n: Captioner(n, 1, 1, 1, width=2, generator=generator()),
}


@pytest.mark.parametrize(
    ("function", "words"), sampled([(k, n) for k in SMALL for n in (-1, 0, 1, 2)], quick=4)
)
def test_networks_of_vocabularies_without_end_are_refused(function, words):
    with refused(ValueError, match=["at least", f"got .*{words}|: {words}"]):
        SMALL[function](words)


@pytest.mark.parametrize("words", sampled([[()], [("a",)], [("a", "b")], [SPECIAL[1:]]], quick=2))
def test_vocabularies_without_the_special_words_are_refused(words):
    with refused(ValueError, match="first words must be <pad>, <start>, <end>, <unknown>; got"):
        Vocabulary(*words)


def test_what_may_be_empty_gives_nothing():
    assert align_words([], ["a"]) == []
    assert align_words(["a"], []) == [None]
    assert texts(torch.full((2, 3), PAD), Vocabulary(SPECIAL)) == ["", ""]
    assert not words_of(torch.full((1, 2), PAD), ["<pad>"], Vocabulary(SPECIAL)).any()
    assert pad([[]]).shape == (1, 0)
    assert shift(torch.zeros(2, 0, dtype=torch.long)).shape == (2, 0)
