from dataclasses import replace

import pytest

from lib.datasets.scene_captions import (
    BACKGROUNDS,
    KINDS,
    Scene,
    SceneObject,
    caption,
    caption_words,
    mirror,
    relation,
    size_word,
    vocabulary,
)

STAR = SceneObject("star", "green", "dotted", size=0.6, x=0.3, y=0.5, angle=5)
RING = SceneObject("ring", "red", "plain", size=0.2, x=0.8, y=0.6, angle=0)
ARROW = SceneObject("arrow", "blue", "striped", size=0.4, x=0.2, y=0.1, angle=-10)
SCENE = Scene((STAR, RING, ARROW), "grass", light=120, brightness=1)


def test_one_object_is_described_with_its_ground():
    scene = replace(SCENE, objects=(STAR,))
    assert caption(scene) == "a large dotted green star on grass"


def test_relations_are_the_main_objects_to_each_other_one():
    assert caption(SCENE) == (
        "a large dotted green star below a medium striped blue arrow "
        "and left of a small red ring on grass"
    )


def test_every_word_knows_what_it_is_about():
    words = caption_words(SCENE)
    assert " ".join(word.text for word in words) == caption(SCENE)
    about = {k: " ".join(word.text for word in words if word.about == k) for k in (0, 1, 2, 3)}
    assert about == {
        0: "grass",
        1: "large dotted green star",
        2: "small red ring",
        3: "medium striped blue arrow",
    }
    said = {kind: [word.text for word in words if word.text in KINDS[kind]] for kind in KINDS}
    assert said["relation"] == ["below", "left"]
    assert said["texture"] == ["dotted", "striped"]
    rest = [word.text for word in words if word.about is None]
    assert rest == ["a", "below", "a", "and", "left", "of", "a", "on"]


def test_a_word_is_of_one_kind():
    words = [word for kind in KINDS.values() for word in kind]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [(0.1, 0.5, "left of"), (0.9, 0.4, "right of"), (0.6, 0.2, "above"), (0.4, 0.9, "below")],
)
def test_a_relation_names_the_side_seen_along_the_longer_axis(x, y, words):
    assert relation(replace(STAR, x=x, y=y), replace(STAR, x=0.5, y=0.5)) == words


@pytest.mark.parametrize(
    ("size", "word"),
    [(0.1, "small"), (0.299, "small"), (0.3, "medium"), (0.579, "medium"), (0.58, "large")],
)
def test_sizes_have_three_words(size, word):
    assert size_word(size) == word


def test_the_vocabulary_is_sorted_and_holds_what_captions_say():
    words = vocabulary()
    assert list(words) == sorted(set(words))
    assert set(caption(SCENE).split()) <= set(words)
    assert set(BACKGROUNDS) <= set(words)
    assert "plain" not in words  # the texture without a word


def test_a_mirror_exchanges_left_and_right_and_nothing_else():
    seen = mirror(SCENE)
    assert caption(seen) == caption(SCENE).replace("left", "right")
    assert [thing.y for thing in seen.objects] == [thing.y for thing in SCENE.objects]
    assert seen.objects[0].x == pytest.approx(0.7)
    assert seen.objects[0].angle == -5
    assert seen.objects[0].mirrored
    assert seen.light == 60


def test_two_mirrors_show_the_scene_itself():
    twice = mirror(mirror(SCENE))
    assert replace(twice, objects=()) == replace(SCENE, objects=())
    for seen, thing in zip(twice.objects, SCENE.objects, strict=True):
        assert seen.x == pytest.approx(thing.x)
        assert replace(seen, x=0) == replace(thing, x=0)
