import pytest
import torch

from lib.datasets.captions import (
    NOTHING,
    as_captions,
    caption_vocabulary,
    texts,
    word_vocabulary,
    words_of,
)
from lib.datasets.scene_captions import COLORS, SHAPES, caption
from lib.datasets.scenes import load_scenes
from lib.datasets.words import END, PAD, SPECIAL, UNKNOWN


@pytest.fixture(scope="module")
def scenes():
    generator = torch.Generator().manual_seed(0)
    return load_scenes(40, generator=generator, objects=(1, 3)).scenes


def test_numbers_say_what_the_captions_say(scenes):
    captions = as_captions(scenes)
    assert texts(captions.target, caption_vocabulary()) == [caption(scene) for scene in scenes]
    ends = (captions.target != PAD).sum(1) - 1
    assert bool((captions.target[torch.arange(len(scenes)), ends] == END).all())


def test_words_are_about_the_objects_they_describe(scenes):
    captions, words = as_captions(scenes), caption_vocabulary().words
    for scene, target, about in zip(scenes, *captions, strict=True):
        for number, thing in enumerate(scene.objects, start=1):
            said = {words[w] for w in target[about == number].tolist()}
            assert {thing.shape, thing.color} <= said
            assert not said & ({*SHAPES, *COLORS} - {thing.shape, thing.color})
        assert [words[w] for w in target[about == 0].tolist()] == [scene.background]
        filler = {words[w] for w in target[about == NOTHING].tolist()} - {*SPECIAL}
        assert filler <= {"a", "and", "on", "of", "left", "right", "above", "below"}


def test_words_of_a_kind_are_found_and_padding_is_none(scenes):
    target, vocabulary = as_captions(scenes).target, caption_vocabulary()
    found = words_of(target, SHAPES, vocabulary)
    assert found.sum(1).tolist() == [len(scene.objects) for scene in scenes]
    everything = words_of(target, vocabulary.words, vocabulary)
    assert torch.equal(everything, target != PAD)


def test_rare_words_are_unknown():
    vocabulary = word_vocabulary([["a", "dog"], ["a", "cat"], ["a", "dog"]], least=2)
    assert vocabulary.words == (*SPECIAL, "a", "dog")
    assert vocabulary.encode(["a", "cat"])[1] == UNKNOWN


def test_a_vocabulary_of_nothing_is_refused():
    with pytest.raises(ValueError, match="used 3 times in 2 captions"):
        word_vocabulary([["a"], ["a"]], least=3)
    with pytest.raises(ValueError, match="at least one"):
        as_captions([])
