"""The figures of the chapter on skeleton: noise against the number of measurements."""

import torch
from matplotlib.figure import Figure

from chapters.skeleton.experiments import Averages
from lib.plotting.style import BLUE, GRAY, ORANGE, figure, plot_spread

FRAME = {"left": 0.03, "right": 0.97, "top": 0.88, "bottom": 0.16}


def noise_figure(found: Averages) -> Figure:
    """The measured noise of means over the number of measurements, and the formula."""
    fig, ax = figure(height=3.4)
    numbers = torch.tensor(found.numbers, dtype=torch.float)
    ax.plot(numbers, numbers**-0.5, color=GRAY, ls="--", label="formula")
    plot_spread(ax, numbers.numpy(), found.noise.numpy(), color=BLUE, label="measured")
    ax.set(xscale="log", yscale="log", xlabel="measurements", ylabel="noise of their mean")
    ax.set_title("Four times the measurements halve the noise")
    ax.legend()
    return fig


def two_means_figure(n: int, distance: float) -> Figure:
    """The densities of the means of n measurements of two things."""
    fig, ax = figure(height=3.0, margins=FRAME)
    grid = torch.linspace(-3, 4, 281)
    for center, color in ((0.0, BLUE), (distance, ORANGE)):
        density = (n / (2 * torch.pi)) ** 0.5 * torch.exp(-n * (grid - center) ** 2 / 2)
        ax.fill_between(grid, density / density.max(), color=color, alpha=0.6)
    ax.set(xlabel="mean, in standard deviations of one measurement", ylim=(0, 1.1), yticks=[])
    ax.set_title(f"Means of {n}" if n > 1 else "Single measurements")
    return fig
