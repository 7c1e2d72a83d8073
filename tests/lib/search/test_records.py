import math

import pytest

from lib.search import Search, SearchError, TrialRecord


def make(number, state, value=None, values=None, error=""):
    return TrialRecord(number, {}, state, value, None, values or {}, error, 0.0)


def test_the_best_is_complete_and_the_first_of_equals():
    search = Search(
        (
            make(0, "pruned", 9.0),
            make(1, "complete", 2.0),
            make(2, "complete", 2.0),
            make(3, "complete", -1.0),
        )
    )
    assert search.best.number == 1


def test_the_best_so_far_counts_complete_trials_only():
    states = [("failed", None), ("complete", 1.0), ("pruned", 5.0), ("complete", 3.0)]
    states += [("complete", 2.0)]
    curve = Search(tuple(make(i, *state) for i, state in enumerate(states))).best_so_far()
    assert math.isnan(curve[0])
    assert curve[1:] == [1.0, 1.0, 3.0, 3.0]


def test_what_was_spent_is_the_sum_over_all_evaluations():
    trials = (make(0, "pruned", 1.0, {1: 1.0}), make(1, "complete", 1.0, {1: 0.5, 3: 1.0}))
    assert Search(trials).spent == 5


def test_a_search_without_a_best_says_what_failed():
    search = Search((make(0, "failed", error="KeyError: 'lr'"), make(1, "pruned", 1.0)))
    with pytest.raises(SearchError, match="1 of 2 failed; the first error: KeyError: 'lr'"):
        _ = search.best
