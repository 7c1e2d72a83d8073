"""What an answer returns of the course's own functions: the judge uses its own."""

from functools import partial

import pytest

from chapters.hyperparameters import ward
from tools.grading.trials.answering import hold
from tools.grading.trials.frames import MalformedError
from tools.grading.trials.remote import Answers, Remote
from tools.grading.trials.values import fixtures

MODULE = "chapters.hyperparameters.ward"


def read(described):
    return Answers(None, 1.0)._decoder(()).value(["held", described])


@pytest.mark.parametrize("function", ward.FIXTURES, ids=lambda function: function.__name__)
def test_a_listed_function_comes_back_as_the_judges_own(function):
    described = hold(function)
    assert described == {"fixture": [MODULE, function.__name__]}
    assert read(described) is function


def test_what_is_not_listed_stays_in_the_students_process():
    def perceptron(generator):
        raise NotImplementedError

    perceptron.__module__ = MODULE
    for function in (perceptron, partial(ward.perceptron, scale=8.0), ward.patients, max):
        described = hold(function)
        assert "fixture" not in described
        assert isinstance(read(described), Remote)


@pytest.mark.parametrize("named", [[MODULE, "patients"], ["os", "system"], [MODULE], [{}, 3]])
def test_a_reply_cannot_name_any_other_function(named):
    with pytest.raises(MalformedError):
        read({"fixture": named})


def test_other_modules_list_nothing():
    assert fixtures("os") == fixtures("chapters.nowhere") == fixtures(None) == {}
