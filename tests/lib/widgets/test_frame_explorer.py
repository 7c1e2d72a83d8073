import json

import pytest
from matplotlib.figure import Figure

from lib.widgets import Control, FrameExplorer


def render(depth, activation):
    figure = Figure(figsize=(2, 1))
    figure.text(0.1, 0.1, f"{activation} {depth}")
    return figure


def alt(depth, activation):
    return f"{activation} at depth {depth}"


def explore(**changes):
    options = {
        "alt": alt,
        "title": "What changes?",
        "depth": Control([1, 2, 4], label="Layers"),
        "activation": ["tanh", "ReLU"],
        "progress": False,
    }
    return FrameExplorer(render, **options | changes)


def test_each_frame_has_the_alt_text_of_its_point():
    explorer = explore()
    assert len(explorer.frames) == len(set(explorer.frames)) == 6
    assert explorer.alts[:3] == ["tanh at depth 1", "ReLU at depth 1", "tanh at depth 2"]
    width, height = explorer.size
    assert width == 2 * height


def test_its_frames_are_as_wide_as_asked():
    assert explore(pixels=240).size == [240, 120]


def test_it_starts_where_the_author_says():
    assert explore().position == [0, 0]
    assert explore(start={"activation": "ReLU", "depth": 4}).position == [2, 1]


def test_on_paper_it_stands_where_it_starts_or_where_the_author_says():
    assert explore(start={"depth": 4}).still is None
    assert explore(start={"depth": 4}, still={"activation": "ReLU"}).still == [2, 1]
    with pytest.raises(ValueError, match="must be one of"):
        explore(still={"depth": 3})


def test_the_controls_are_described_in_words():
    assert [(c["label"], c["texts"]) for c in explore().controls] == [
        ("Layers", ["1", "2", "4"]),
        ("Activation", ["tanh", "ReLU"]),
    ]


def test_the_state_survives_json():
    explorer = explore(play="depth")
    state = json.loads(json.dumps(explorer.get_state()))
    assert state["frames"] == explorer.frames
    assert (state["play"], state["position"]) == ("depth", [0, 0])


def test_repr_is_short_and_tells_the_size():
    assert repr(explore()).startswith("FrameExplorer('What changes?', depth: 3, activation: 2; 6 ")
    assert len(repr(explore())) < 100


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"play": "width"}, "play must be one of depth, activation; got 'width'"),
        ({"start": {"depth": 3}}, r"start\['depth'\] must be one of 1, 2, 4; got 3"),
        ({"alt": lambda **_: " "}, "alt must return a text for every frame"),
        ({"max_bytes": 1000}, "6 frames .* the budget is 1 kB"),
    ],
)
def test_what_cannot_be_used_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        explore(**changes)


def test_nothing_is_rendered_before_the_arguments_are_checked():
    def fail(**_):
        raise AssertionError("rendered")

    with pytest.raises(ValueError, match="play must be"):
        FrameExplorer(fail, alt=lambda depth: "x", title="x", play="no", depth=[1])
