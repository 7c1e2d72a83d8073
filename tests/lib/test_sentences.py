import math

import pytest

from lib.sentences import align_words, bleu


def test_bleu_counts_shared_runs_of_words():
    # 5 words, of which 4 are right; runs of two, three and four: 3 of 4, 2 of 3, 1 of 2
    expected = 100 * math.exp(sum(math.log(p) for p in (4 / 5, 3 / 4, 2 / 3, 1 / 2)) / 4)
    assert bleu(["a red ring on sand"], [["a red ring on grass"]]) == pytest.approx(expected)


def test_bleu_is_100_for_the_same_and_0_for_nothing_in_common():
    said = ["a red ring on sand", "a large blue star on snow"]
    assert bleu(said, [[text] for text in said]) == pytest.approx(100)
    assert bleu(["w x y z"], [["a b c d"]]) == 0


def test_a_short_sentence_pays_for_its_brevity():
    whole, part = "a red ring left of a blue star on sand", "a red ring left of a blue star"
    assert bleu([part], [[whole]]) == pytest.approx(100 * math.exp(1 - 10 / 8))


def test_each_reference_may_be_the_right_one_and_their_numbers_may_differ():
    references = [["a cat on a mat", "one cat on a mat"], ["a dog on a rug"]]
    assert bleu(["one cat on a mat", "a dog on a rug"], references) == pytest.approx(100)


@pytest.mark.parametrize(
    ("said", "references"),
    [([], []), (["a"], []), (["a"], [[]]), (["a", "b"], [["a"], []]), (["a"], ["a"])],
)
def test_sentences_without_references_are_refused(said, references):
    with pytest.raises(ValueError, match="reference"):
        bleu(said, references)


@pytest.mark.parametrize(
    ("said", "pairs"),
    [
        ("a small red ring on sand", [0, 1, 2, 3, 4, 5]),
        ("a small blue ring on sand", [0, 1, 2, 3, 4, 5]),  # blue stands for red
        ("a small striped red ring on sand", [0, 1, None, 2, 3, 4, 5]),
        ("a ring on sand", [0, 3, 4, 5]),
        ("", []),
    ],
)
def test_words_are_paired_with_what_they_stand_for(said, pairs):
    assert align_words(said.split(), ["a", "small", "red", "ring", "on", "sand"]) == pairs


@pytest.mark.parametrize("words", ["", "a", "a b", "a b c"])
def test_sentences_of_less_than_four_words_score_0(words):
    assert bleu([words], [[words]]) == 0
