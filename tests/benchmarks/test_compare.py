import time

import pytest
import torch

from benchmarks.compare import Comparison, on_threads


def nap(seconds, value=1.0):
    def work():
        time.sleep(seconds)
        return torch.tensor(value)

    return work


def test_the_ratio_is_the_peers_time_over_ours():
    row = Comparison("a nap", "a sleeper", nap(0.02), nap(0.06), target=2.0, rounds=3).measure()
    assert 2 < row.ratio < 4
    assert row.low <= row.ratio <= row.high
    assert 0.015 < row.seconds < 0.05
    assert (row.work, row.peer, row.target, row.rounds) == ("a nap", "a sleeper", 2.0, 3)


def test_sides_that_differ_are_not_timed():
    calls = []
    comparison = Comparison(
        "a", "b", lambda: calls.append(1) or torch.tensor(1.0), lambda: torch.tensor(1.1)
    )
    with pytest.raises(AssertionError, match="not close"):
        comparison.measure()
    assert len(calls) == 1


def test_sides_take_turns_and_each_begins_every_other_round():
    calls = []
    sides = {
        name: lambda name=name: calls.append(name) or time.sleep(0.2) or torch.zeros(1)
        for name in ("ours", "theirs")
    }
    Comparison("a", "b", sides["ours"], sides["theirs"], rounds=4).measure()
    turns = [tuple(calls[i : i + 2]) for i in range(len(calls) - 8, len(calls), 2)]
    assert turns == [("theirs", "ours"), ("ours", "theirs")] * 2


def test_threads_are_those_asked_for_and_then_those_from_before():
    before, seen = torch.get_num_threads(), []
    with on_threads(1):
        seen.append(torch.get_num_threads())
    assert seen == [1]
    assert torch.get_num_threads() == before
