import numpy as np
import torch

from chapters.activations import figures
from chapters.activations.sweeps import Sweep
from lib import plotting
from lib.activations import ACTIVATIONS

RATES = (0.01, 0.1)


def test_function_and_derivative_are_drawn_as_given(ax):
    x = torch.linspace(-1, 1, 5)
    assert figures.plot_function_and_derivative(ax, x, x**2, 2 * x, name="elu") is ax
    drawn = [line.get_ydata().tolist() for line in ax.lines[1:]]
    assert drawn == [(2 * x).tolist(), (x**2).tolist()]
    assert ax.get_title(loc="left") == "ELU"


def test_layers_are_counted_from_one_and_labeled(ax):
    figures.plot_std_by_layer(ax, {"ReLU, a": [1.0, 0.1], "ReLU, b": [1.0, 0.2]})
    assert ax.lines[0].get_xdata().tolist() == [1, 2]
    assert [text.get_text() for text in ax.texts] == ["ReLU, a", "ReLU, b"]
    assert {line.get_color() for line in ax.lines} == {plotting.ACTIVATION_COLORS["relu"]}
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"]
    assert ax.get_yscale() == "log"


def test_histograms_count_what_lies_beyond_in_the_outermost_bins(ax):
    layers = [torch.tensor([-99.0, 0.0]), torch.zeros(0)]
    figures.plot_layer_histograms(ax, layers, color="k", limits=(-1, 1), title="t")
    first, empty = (patch.get_data() for patch in ax.patches)
    assert first.values[0] > first.baseline
    assert (empty.values == empty.baseline).all()
    assert first.baseline == 1  # the first layer stands on top


def test_paths_end_where_they_end(ax):
    figures.plot_descent_paths(ax, {"p": np.array([[0, 0], [1, 2.0]])}, target=(1, 2), title="t")
    assert ax.lines[0].get_xydata()[-1].tolist() == [1, 2]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["p", "best weights"]


def test_divergence_is_marked_at_its_rate():
    _, axes = plotting.figure(1, 2)
    accuracy = {"relu": np.array([[80.0, np.nan], [82.0, np.nan]])}
    figures.plot_accuracy_by_learning_rate(axes, RATES, accuracy)
    curve, cross = axes[0].lines
    assert curve.get_ydata().tolist() == [81]
    assert (cross.get_marker(), cross.get_xdata()[0]) == ("x", 0.1)
    assert "diverged" in axes[1].texts[0].get_text()


def test_the_scale_shows_differences_and_marks_what_lies_below():
    _, axes = plotting.figure(1, 3)
    accuracy = {"relu": np.array([[80.0, 82.0]]), "sigmoid": np.array([[10.0, 11.0]])}
    figures.plot_accuracy_by_learning_rate(axes, RATES, accuracy)
    assert axes[0].get_ylim() == (70, 90)
    assert [line.get_marker() for line in axes[1].lines][-2:] == ["v", "v"]


def test_dead_fractions_have_a_line_per_activation(ax):
    dead = {name: np.zeros((3, 2)) for name in ("relu", "leaky_relu")}
    figures.plot_dead_fraction(ax, RATES, dead)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["ReLU", "leaky ReLU"]


def test_accuracies_stand_beside_the_published_ones(ax):
    ours = {name: [80.0, 82.0] for name in ACTIVATIONS}
    figures.plot_accuracy_beside_published(ax, ours, {"relu": 88.6}, lowest=78)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == [ACTIVATIONS[name].label for name in reversed(ours)]
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in diamonds] == [88.6]
    assert diamonds[0].get_ydata()[0] == labels.index("ReLU")


def test_an_accuracy_below_the_axis_is_written_at_its_edge(ax):
    ours = {"sigmoid": [10.0, 12.0], "selu": [9.0], "relu": [80.0, 82.0]}
    figures.plot_accuracy_beside_published(ax, ours, {"sigmoid": 10.0}, lowest=78)
    texts = {text.get_text() for text in ax.texts}
    assert texts == {"◂ 11%, off the scale (published: 10%)", "◂ 9%, off the scale"}
    assert ax.get_xlim()[0] == 78


def test_figures_of_an_explorer_have_axes_that_do_not_move():
    g = torch.Generator().manual_seed(0)
    layers = [torch.randn(8, 4, generator=g) for _ in range(20)]
    first = figures.signals_figure("relu", layers, layers)
    second = figures.signals_figure("tanh", layers[:5], [1e-9 * h for h in layers[:5]])
    places = [[ax.get_position().extents.tolist() for ax in fig.axes] for fig in (first, second)]
    assert places[0] == places[1]


def test_figures_of_runs_that_all_diverged_still_differ():
    nan = np.full((3, 2), np.nan)
    sweep = Sweep(RATES, nan, nan, np.array([1, 2]), np.full((2, 3, 2), np.nan))
    titles = {
        figures.training_figure("selu", sweep, rate).axes[0].get_title(loc="left") for rate in RATES
    }
    assert titles == {"SELU, rate 0.01", "SELU, rate 0.1"}


def test_descriptions_say_what_is_drawn():
    layers = [torch.tensor([-1.0, 1.0]), torch.tensor([-2.0, 2.0])]
    words = figures.describe_signals("selu", layers, layers)
    assert "2 layers with SELU" in words
    assert "from 1.4 to 2.8" in words
    nan = np.array([[np.nan, 4.0]])
    sweep = Sweep(RATES, nan, nan, np.array([30]), np.array([[[np.nan, 0.5]]]))
    assert "ELU at learning rate 0.01: 1 of 1 seeds diverged" in figures.describe_training(
        "elu", sweep, 0.01
    )
    assert "loss of 0.50 nats with 4 percent" in figures.describe_training("elu", sweep, 0.1)


def test_a_curve_that_diverged_at_once_leaves_only_the_line_of_guessing(ax):
    figures.plot_training(ax, [1, 2], np.full((3, 2), np.nan), name="relu")
    assert len(ax.lines) == 1
    assert "diverged" in ax.texts[-1].get_text()
    figures.plot_training(ax, [1, 2], np.ones((3, 2)), name="relu")
    assert ax.lines[-1].get_ydata().tolist() == [1, 1]
