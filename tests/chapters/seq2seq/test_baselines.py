import pytest
import torch

from chapters.seq2seq import baselines
from chapters.seq2seq.links import ALL, judge_links
from lib.datasets.translation import as_dataset, example, load_translation
from lib.models.seq2seq import Seq2Seq


@pytest.fixture(scope="module")
def sentences():
    return load_translation("test", 12, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def model(sentences):
    sizes = len(sentences.english), len(sentences.french)
    return Seq2Seq(*sizes, width=8, generator=torch.Generator().manual_seed(1))


def test_a_diagonal_goes_from_the_first_word_to_the_last(sentences):
    weights = baselines.diagonal(sentences)
    assert weights.shape == sentences.links.shape
    for row, pair in zip(weights, sentences.pairs, strict=True):
        steps, words = len(pair.french), len(pair.english)
        assert row[:steps].sum(1).tolist() == [1] * steps
        assert row[steps:].sum() == 0
        places = row[:steps].argmax(1).tolist()
        assert places == sorted(places)
        assert places[0] <= words / steps
        assert places[-1] >= words - 1 - words / steps


def test_a_diagonal_in_a_sentence_of_equal_length_is_word_by_word():
    sentence = as_dataset([example()])
    pair = sentence.pairs[0]
    places = baselines.diagonal(sentence)[0, : len(pair.french)].argmax(1)
    step = len(pair.english) / len(pair.french)
    wanted = [int((t + 0.5) * step) for t in range(len(pair.french))]
    assert places.tolist() == wanted


def test_error_rates_are_those_that_networks_are_judged_by(model, sentences):
    weights = baselines.looks(model, sentences)
    assert baselines.errors(weights, sentences) == judge_links(model, sentences).errors


def test_looks_at_the_links_are_all_right(sentences):
    weights = sentences.links.float()
    assert baselines.right_looks(weights, sentences) == 100
    assert baselines.errors(weights, sentences)[ALL] == 0
    assert baselines.right_looks(1 - weights, sentences) == 0
