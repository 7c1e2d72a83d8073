import json

import pytest
import torch

from lib.widgets import AttentionReader, Reading

WEIGHTS = torch.tensor([[0.9, 0.1, 0.0], [0.25, 0.25, 0.5]])


def reading(**changes):
    fields = {"source": ["the", "cat", "."], "target": ["le", "chat"], "weights": WEIGHTS}
    return Reading(**(fields | {"links": {(1, 1), (0, 0)}} | changes))


def test_weights_travel_in_thousandths_and_links_in_order():
    (sent,) = AttentionReader([reading()]).readings
    assert sent["weights"] == [[900, 100, 0], [250, 250, 500]]
    assert sent["links"] == [[0, 0], [1, 1]]
    assert sent["name"] == "the cat ."
    assert AttentionReader([reading(name="A cat")]).readings[0]["name"] == "A cat"


def test_the_state_is_plain_and_starts_at_the_word_asked_for():
    state = json.loads(json.dumps(AttentionReader([reading()], word=1).get_state()))
    assert (state["sentence"], state["word"], state["framed"]) == (0, 1, False)
    assert state["languages"] == ["en", "fr"]


def test_half_precision_weights_are_taken():
    AttentionReader([reading(weights=WEIGHTS.half())])


@pytest.mark.parametrize(
    ("readings", "options", "message"),
    [
        ([], {}, "1 to 30 readings; got 0"),
        ([reading()] * 31, {}, "got 31"),
        ([reading(weights=WEIGHTS.T)], {}, r"must be \(2, 3\)"),
        ([reading(target=[], weights=torch.zeros(0, 3))], {}, "none of them 0"),
        ([reading(weights=2 * WEIGHTS)], {}, "sum to 1"),
        ([reading(weights=torch.full((2, 3), torch.nan))], {}, "sum to 1"),
        ([reading(links=[(0, 3)])], {}, "within"),
        ([reading()], {"word": 2}, "no target word 2"),
    ],
)
def test_what_cannot_be_drawn_is_refused(readings, options, message):
    with pytest.raises(ValueError, match=message):
        AttentionReader(readings, **options)


def test_repr_counts_sentences_and_words():
    widget = AttentionReader([reading(), reading()], title="Where?")
    assert repr(widget) == "AttentionReader('Where?', 2 sentences, 4 words)"
