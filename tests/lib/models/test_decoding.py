import itertools

import pytest
import torch

from lib.datasets.translation import load_translation
from lib.datasets.translation_vocabulary import vocabularies
from lib.datasets.words import END, PAD, START, UNKNOWN
from lib.models import decoding
from lib.models.seq2seq import Seq2Seq
from lib.models.sequences import shift, trim

WORDS = 7
ROW = [[4, 5, END]]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def network(seed=0, attention=True, sharp=4.0, words=WORDS):
    """Its first weights, made larger, so that its words are not all alike."""
    model = Seq2Seq(WORDS, words, width=6, attention=attention, generator=seeded(seed))
    with torch.no_grad():
        model.decoder.output[-1].weight.mul_(sharp)
    return model.double()


def batch(seed=0, rows=5, length=4):
    words = torch.randint(4, WORDS, (rows, length), generator=seeded(seed))
    return torch.cat([words, torch.full((rows, 1), END)], dim=1)


def greedy(model, source, **options):
    return decoding.greedy(model, model.encode(source), **options)


def beam_search(model, source, **options):
    return decoding.beam_search(model, model.encode(source), **options)


def scored(model, source, words):
    """log p of words (batch, steps) up to END, from all steps at once."""
    logits = model((source, shift(words)))
    never = torch.tensor([PAD, START])
    log_p = logits.index_fill(-1, never, -torch.inf).log_softmax(-1)
    of_words = log_p.gather(-1, words[..., None])[..., 0]
    return of_words.masked_fill(words == PAD, 0).sum(1)


SEARCHES = pytest.mark.parametrize(
    "search", [greedy, beam_search, lambda *a, **k: beam_search(*a, beams=1, **k)],
    ids=["greedy", "beam", "one beam"],
)  # fmt: skip


@SEARCHES
@pytest.mark.parametrize("attention", [True, False])
def test_words_end_once_and_padding_follows(search, attention):
    words = search(network(attention=attention), batch(), longest=12).words
    for row in words.tolist():
        end = row.index(END) if END in row else len(row)
        assert set(row[end + 1 :]) <= {PAD}
        assert not {PAD, START} & set(row[:end])


@SEARCHES
def test_log_p_is_that_of_the_words(search):
    model, source = network(), batch()
    written = search(model, source, longest=9)
    torch.testing.assert_close(written.log_p, scored(model, source, written.words).detach())


@SEARCHES
def test_weights_are_those_of_the_words_and_0_behind_the_end(search):
    model, source = network(), batch()
    written = search(model, source, longest=9)
    expected = model.decode(model.encode(source), shift(written.words)).weights
    seen = (written.words != PAD)[..., None]
    torch.testing.assert_close(written.weights, (expected * seen).detach())


@SEARCHES
def test_nothing_is_longer_than_allowed(search):
    model = network()
    with torch.no_grad():
        model.decoder.output[-1].bias[END] = -1e4  # it never ends by itself
    assert search(model, batch(), longest=6).words.shape == (5, 6)
    assert search(model, batch(), longest=1).words.shape == (5, 1)


@SEARCHES
def test_an_end_at_once_is_a_sentence_of_its_own(search):
    model = network()
    with torch.no_grad():
        model.decoder.output[-1].bias[END] = 1e4
    written = search(model, batch())
    assert written.words.tolist() == [[END]] * 5
    assert written.weights.shape == (5, 1, 5)


@SEARCHES
@pytest.mark.parametrize(
    "row", [[[END]], [[UNKNOWN, UNKNOWN, END]], [[UNKNOWN]], [[4] * 60 + [END]], [[4, END, PAD]]]
)
def test_any_sentence_is_answered(search, row):
    written = search(network(), torch.tensor(row), longest=10)
    assert 1 <= written.words.shape[1] <= 10
    assert bool(written.log_p.isfinite().all())


@SEARCHES
def test_padding_alone_is_refused(search):
    with pytest.raises(ValueError, match="needs a word"):
        search(network(), torch.tensor([[4, END], [PAD, PAD]]))


@SEARCHES
def test_a_row_is_answered_alike_alone_and_in_a_padded_batch(search):
    model = network()
    source = torch.tensor([[4, 5, 6, 4, END], [5, END, PAD, PAD, PAD], [6, 4, END, PAD, PAD]])
    together = search(model, source, longest=8)
    for row in range(3):
        alone = search(model, trim(source[row : row + 1]), longest=8)
        assert trim(together.words[row : row + 1]).tolist() == alone.words.tolist()
        torch.testing.assert_close(alone.log_p[0], together.log_p[row])


def all_alike_(model):
    """Make all words equally likely."""
    with torch.no_grad():
        for p in model.decoder.output[-1].parameters():
            p.zero_()


def tied_(model):
    """Make pairs of words equally likely, and every logit a whole number."""
    with torch.no_grad():
        last = model.decoder.output[-1]
        last.weight.mul_(2).round_()
        last.bias.zero_()
        last.weight[1::2] = last.weight[::2]


DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@pytest.mark.parametrize("change_", [lambda model: None, tied_, all_alike_])
@pytest.mark.parametrize("dtype", DTYPES)
def test_one_beam_is_greedy(dtype, change_):
    model, source = network(seed=3, words=30).to(dtype), batch(rows=64)
    change_(model)
    one, other = greedy(model, source, longest=20), beam_search(model, source, beams=1, longest=20)
    assert torch.equal(one.words, other.words)
    assert torch.equal(one.log_p, other.log_p)
    assert torch.equal(one.weights, other.weights)
    assert one.log_p.dtype == torch.promote_types(dtype, torch.float32)


@SEARCHES
def test_of_equal_words_the_lowest_number_is_written(search):
    model = network()
    all_alike_(model)
    assert search(model, batch()).words.tolist() == [[END]] * 5
    with torch.no_grad():
        model.decoder.output[-1].bias[END] = -1e4
    assert search(model, batch(), longest=3).words.tolist() == [[UNKNOWN] * 3] * 5


@SEARCHES
def test_a_word_that_is_not_a_number_is_never_written(search):
    model, source = network(), batch()
    expected = search(model, source, longest=6).words.tolist()
    with torch.no_grad():
        model.decoder.output[-1].bias[[PAD, START]] = torch.nan  # which are never written anyway
    assert search(model, source, longest=6).words.tolist() == expected
    with torch.no_grad():
        model.decoder.output[-1].bias[5] = torch.nan
    written = search(model, source, longest=6)
    assert not bool((written.words == 5).any())
    assert bool(written.log_p.isfinite().all())


@SEARCHES
def test_a_network_that_has_diverged_is_refused(search):
    model = network()
    with torch.no_grad():
        model.decoder.output[-1].bias.fill_(torch.nan)
    with pytest.raises(ValueError, match=r"expected finite logits.*diverged"):
        search(model, batch())


@SEARCHES
def test_three_words_are_the_smallest_vocabulary(search):
    model = Seq2Seq(3, 3, width=2, generator=seeded())
    written = search(model, torch.tensor([[END]]))
    assert (written.words.tolist(), written.log_p.tolist()) == ([[END]], [0])


def test_enough_beams_find_the_likeliest_of_all_sentences():
    for seed in range(6):
        model, source, longest = network(seed), torch.tensor(ROW), 3
        candidates = [
            [*words, END, PAD, PAD, PAD][:longest]
            for n in range(longest + 1)
            for words in itertools.product([3, 4, 5, 6], repeat=n)
        ]
        table = torch.tensor(candidates)
        best = scored(model, source.expand(len(table), -1), table).max()
        found = beam_search(model, source, beams=60, longest=longest)
        torch.testing.assert_close(found.log_p[0], best.detach())


def test_more_beams_find_sentences_at_least_as_likely_on_average():
    model, source = network(seed=1), batch(rows=40)
    few, many = (beam_search(model, source, beams=n, longest=8).log_p.mean() for n in (1, 8))
    assert many > few


def test_more_beams_than_words_do_no_harm():
    found = beam_search(network(words=4), torch.tensor(ROW), beams=30, longest=3)
    assert bool(found.log_p.isfinite().all())


def test_the_networks_mode_and_gradients_stay():
    model = network().train()
    written = beam_search(model, batch())
    assert model.training
    assert not written.log_p.requires_grad
    assert all(p.grad is None for p in model.parameters())


@SEARCHES
def test_lengths_below_1_are_refused(search):
    with pytest.raises(ValueError, match="longest must be at least 1; got 0"):
        search(network(), batch(), longest=0)


def test_no_beams_are_refused():
    with pytest.raises(ValueError, match="beams must be at least 1; got 0"):
        beam_search(network(), batch(), beams=0)


def test_sentences_of_the_language_are_written_by_an_untrained_network():
    english, french = vocabularies()
    model = Seq2Seq(len(english), len(french), width=8, generator=seeded())
    data = load_translation("longer", 3, generator=seeded())
    words = greedy(model, data.source, longest=20).words
    assert all(isinstance(french.decode(row), list) for row in words.tolist())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@SEARCHES
def test_a_gpu_writes_the_same(search):
    model, source = network(), batch()
    expected = search(model, source, longest=8).words
    assert torch.equal(search(model.cuda(), source.cuda(), longest=8).words.cpu(), expected)
