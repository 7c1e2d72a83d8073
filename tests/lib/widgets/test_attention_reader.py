import json

import pytest
import torch

from lib.widgets import AttentionReader, Reading, Viewing

WEIGHTS = torch.tensor([[0.9, 0.1, 0.0], [0.25, 0.25, 0.5]])


def reading(**changes):
    fields = {"source": ["the", "cat", "."], "target": ["le", "chat"], "weights": WEIGHTS}
    return Reading(**(fields | {"links": {(1, 1), (0, 0)}} | changes))


def viewing(**changes):
    fields = {"picture": torch.zeros(3, 8, 8), "target": ["a", "ring"], "rows": 2}
    return Viewing(**(fields | {"weights": torch.full((2, 6), 1 / 6)} | changes))


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


def test_words_that_differ_from_the_truth_are_wrong_also_where_some_are_left_out():
    truth = ["a", "small", "red", "ring", "on", "sand"]
    said = {
        "a small red ring on sand": [],
        "a small blue ring on sand": [2],
        "a small striped red ring on sand": [2],
        "a ring on sand": [],
    }
    for text, wrong in said.items():
        words = text.split()
        weights = torch.full((len(words), 3), 1 / 3)
        read = Reading(["x", "y", "z"], words, weights, truth=truth)
        assert AttentionReader([read]).readings[0]["wrong"] == wrong
    assert AttentionReader([reading()]).readings[0]["wrong"] == []


def test_a_picture_travels_with_its_grid():
    first, second = AttentionReader([viewing(), viewing(name="A ring")]).readings
    assert first["picture"].startswith("data:image/webp;base64,")
    assert first["rows"] == 2
    assert first["source"][:4] == [
        "row 1, column 1", "row 1, column 2", "row 1, column 3", "row 2, column 1"
    ]  # fmt: skip
    assert (first["name"], second["name"]) == ("Picture 1", "A ring")


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
        ([reading(), viewing()], {}, "not both"),
        ([viewing(rows=4)], {}, r"of 4 equal rows; got \(2, 6\)"),
        ([viewing(rows=0)], {}, "of 0 equal rows"),
        ([viewing(picture=torch.zeros(8, 8))], {}, r"got \(8, 8\)"),
        ([viewing(picture=torch.full((3, 8, 8), torch.nan))], {}, "must be finite"),
        ([viewing(picture=torch.rand(3, 900, 900))], {}, "a page has room for"),
    ],
)
def test_what_cannot_be_drawn_is_refused(readings, options, message):
    with pytest.raises(ValueError, match=message):
        AttentionReader(readings, **options)


def test_repr_counts_sentences_and_words():
    widget = AttentionReader([reading(), reading()], title="Where?")
    assert repr(widget) == "AttentionReader('Where?', 2 sentences, 4 words)"
