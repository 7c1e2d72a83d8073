import numpy as np
import pytest
import torch

from chapters.seq2seq import figures
from chapters.seq2seq.figures import STEPS
from lib import plotting

SOURCE, TARGET = ["the", "cat", "."], ["le", "chat"]
WEIGHTS = torch.tensor([[0.9, 0.1, 0.0], [0.25, 0.25, 0.5]])


@pytest.mark.parametrize("name", figures.RNN_SHAPES)
def test_an_unrolled_network_has_a_state_for_each_step(name):
    shape = figures.RNN_SHAPES[name]
    _, ax = plotting.figure()
    figures.plot_unrolled(ax, shape)
    texts = [text.get_text() for text in ax.texts]
    assert sum("h_" in text for text in texts) == len(shape.inputs) == len(shape.outputs)
    assert sum("x_" in text for text in texts) == sum(shape.inputs)
    assert sum("y_" in text for text in texts) == sum(shape.outputs)


@pytest.mark.parametrize(
    ("name", "step", "said"),
    [
        ("one to many", 3, "h3 depends on x1, y1, y2. It writes y3."),
        ("many to one", 2, "h2 depends on x1, x2. It writes nothing."),
        ("many to one", 6, "h6 depends on x1, x2, x3, x4, x5, x6. It writes y6."),
        ("many to many", 2, "h2 depends on x1, x2. It writes y2."),
        ("many, then many", 5, "h5 depends on x1, x2, x3, y4. It writes y5."),
    ],
)
def test_what_a_state_has_seen_is_said(name, step, said):
    assert figures.describe_step(name, step) == said
    figure = figures.unrolled_figure(name, step)
    assert said in [text.get_text() for text in figure.axes[0].texts]


def test_every_step_of_every_shape_is_another():
    several = [name for name in figures.RNN_SHAPES if name != "one to one"]
    for name in several:
        assert len({figures.describe_step(name, step) for step in range(1, STEPS + 1)}) == STEPS
    with pytest.raises(ValueError, match="expected a shape of several steps; got one step"):
        figures.unrolled_figure("one to one", 1)


def test_weights_are_drawn_as_they_are_with_words_and_frames():
    _, ax = plotting.figure()
    figures.plot_weights(ax, WEIGHTS, SOURCE, TARGET, links={(0, 0), (1, 1)}, hidden=2)
    np.testing.assert_allclose(ax.images[0].get_array(), WEIGHTS)
    assert [label.get_text() for label in ax.get_xticklabels()] == SOURCE
    assert [label.get_text() for label in ax.get_yticklabels()] == TARGET
    assert len(ax.patches) == 3


def test_frames_of_weights_have_one_size_and_their_note():
    drawn = [figures.looks_figure(WEIGHTS[:n], SOURCE, TARGET[:n], note="Note") for n in (1, 2)]
    assert len({tuple(made.get_size_inches()) for made in drawn}) == 1
    assert drawn[0].texts[0].get_text() == "Note"


def test_each_translator_has_a_line_and_a_band():
    _, ax = plotting.figure()
    values = {name: np.array([[90, 80], [94, 86.0]]) for name in plotting.TRANSLATOR_COLORS}
    plotting.plot_by_length(ax, [5, 10], values, xlabel="words", ylabel="%")
    assert [list(line.get_ydata()) for line in ax.lines] == [[92, 83]] * 2
    assert len(ax.collections) == 2


def test_each_kind_of_word_has_the_diagonals_rate_in_its_row():
    _, ax = plotting.figure()
    figures.plot_errors(ax, {"noun": [5, 7], "article": [40, 44]}, {"article": 30, "noun": 50})
    kinds = [label.get_text() for label in ax.get_yticklabels()]
    assert kinds == ["noun", "article"]
    assert ax.collections[0].get_offsets().tolist() == [[50, 0], [30, 1]]


def test_learning_has_two_axes():
    made, ax = plotting.figure()
    figures.plot_learning(ax, [0, 10], [[90.0, 5], [80, 7]], [[6.0, 1], [6, 1.2]])
    assert [list(axis.lines[0].get_ydata()) for axis in made.axes] == [[85, 6], [6, 1.1]]
