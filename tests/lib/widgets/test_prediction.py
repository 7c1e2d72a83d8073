import json

import pytest

from lib.widgets import Choice, Prediction

RIGHT = Choice("It shrinks", why="0.64 per layer.", correct=True)
WRONG = Choice("It stays", why="That takes larger weights.")


def test_choices_stay_in_order_with_their_reasons():
    prediction = Prediction("What happens?", [WRONG, RIGHT])
    assert prediction.choices == [
        {"text": "It stays", "why": "That takes larger weights.", "correct": False},
        {"text": "It shrinks", "why": "0.64 per layer.", "correct": True},
    ]


def test_nothing_is_chosen_or_committed_at_first():
    state = json.loads(json.dumps(Prediction("What happens?", [WRONG, RIGHT]).get_state()))
    assert (state["chosen"], state["committed"]) == (None, False)


def test_more_than_one_choice_may_be_correct():
    also = Choice("It goes to 0", why="In the limit.", correct=True)
    assert len(Prediction("What happens?", [RIGHT, also, WRONG]).choices) == 3


@pytest.mark.parametrize(
    ("question", "choices", "message"),
    [
        ("What?", [RIGHT], "at least 2 choices; got 1"),
        ("What?", [WRONG, Choice("It grows", why="No.")], "at least one choice must be correct"),
        ("What?", [RIGHT, RIGHT], "must differ"),
        (" ", [RIGHT, WRONG], "one is empty"),
        ("What?", [RIGHT, Choice("It stays", why="")], "one is empty"),
    ],
)
def test_a_question_no_reader_can_learn_from_is_refused(question, choices, message):
    with pytest.raises(ValueError, match=message):
        Prediction(question, choices)


def test_repr_shows_the_question_not_the_answers():
    assert repr(Prediction("What happens?", [WRONG, RIGHT])) == (
        "Prediction('What happens?', 2 choices)"
    )
