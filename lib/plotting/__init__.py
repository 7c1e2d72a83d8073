"""Figures. The only part of `lib` that imports matplotlib; functions draw on an `ax`, return it."""

from lib.plotting.activations import (
    describe_signals,
    describe_training,
    plot_accuracy_beside_published,
    plot_accuracy_by_learning_rate,
    plot_dead_by_seed,
    plot_dead_fraction,
    plot_descent_paths,
    plot_function_and_derivative,
    plot_layer_histograms,
    plot_std_by_layer,
    plot_training,
    signals_figure,
    training_figure,
)
from lib.plotting.style import ACTIVATION_COLORS, figure, plot_spread, use_style

__all__ = [
    "ACTIVATION_COLORS",
    "describe_signals",
    "describe_training",
    "figure",
    "plot_accuracy_beside_published",
    "plot_accuracy_by_learning_rate",
    "plot_dead_by_seed",
    "plot_dead_fraction",
    "plot_descent_paths",
    "plot_function_and_derivative",
    "plot_layer_histograms",
    "plot_spread",
    "plot_std_by_layer",
    "plot_training",
    "signals_figure",
    "training_figure",
    "use_style",
]
