from dataclasses import replace

import pytest
import torch

from chapters.captioning.blind import right_from_words
from chapters.captioning.pictures import pictures
from lib.datasets.scene_captions import KINDS
from lib.runtime import Run


@pytest.fixture(scope="module")
def data():
    return pictures(Run("quick", 0, torch.device("cpu"), 1))


def test_captions_that_were_read_before_are_known_given_all_words_before(data):
    known = replace(data, target=data.known.target)
    right = right_from_words(known, before=data.known.target.shape[1])
    chance = right_from_words(data, before=2)
    assert all(right[kind] > chance[kind] for kind in KINDS)
    assert right["background"] > 90  # all but the first words tell the captions apart


def test_without_any_word_before_the_commonest_word_is_guessed_alone(data):
    right = right_from_words(data, before=0)
    target = data.target[data.target != 0]
    commonest = int(target.bincount().argmax())
    hits = {kind: bool((data.known.target[data.words_of(kind)] == commonest).any())
            for kind in KINDS}  # fmt: skip
    assert {kind: right[kind] > 0 for kind in KINDS} == hits


def test_a_negative_number_of_words_is_refused(data):
    with pytest.raises(ValueError, match="before must be 0 or more; got -1"):
        right_from_words(data, before=-1)
