import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib import plotting
from lib.activations import ACTIVATIONS
from tools.chapters import ROOT


def contrast(first, second):
    """The WCAG contrast ratio of two colors."""

    def luminance(color):
        rgb = np.array(plt.matplotlib.colors.to_rgb(color))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_figures_have_opaque_paper_and_leave_pyplot_alone():
    before = plt.get_fignums()
    fig, ax = plotting.figure()
    assert plt.matplotlib.colors.to_hex(fig.get_facecolor()) == "#fdfcf8"
    assert fig.get_alpha() in (None, 1)
    assert plt.get_fignums() == before
    assert ax.figure is fig


def test_fixed_margins_keep_axes_in_place():
    margins = {"left": 0.2, "right": 0.9, "bottom": 0.1, "top": 0.8}
    places = []
    for label in ("x", "a\nlabel\nof many lines"):
        fig, ax = plotting.figure(margins=margins)
        ax.set(ylabel=label)
        fig.draw_without_rendering()
        places.append(ax.get_position().extents.tolist())
    assert places[0] == places[1] == pytest.approx([0.2, 0.1, 0.9, 0.8])


def test_a_grid_of_axes_comes_as_an_array():
    _, axes = plotting.figure(2, 3, height=4, sharex=True)
    assert axes.shape == (2, 3)


def test_text_is_readable_on_a_phone():
    fig, ax = plotting.figure()
    ax.plot([0, 1], label="a line")
    scale = 390 / (72 * fig.get_figwidth())  # CSS pixels per point when it is as wide as a phone
    legend = ax.legend().get_texts()
    for text in (ax.xaxis.label, ax.title, *ax.get_xticklabels(), *legend):
        assert text.get_fontsize() * scale >= 11


def test_no_figure_asks_for_smaller_letters():
    small = {
        f"{path.relative_to(ROOT)}: {found[0]}"
        for folder in ("chapters", "lib/plotting")
        for path in (ROOT / folder).rglob("*.py")
        for found in re.finditer(r"(?:font|label)size=([\d.]+)", path.read_text(encoding="utf-8"))
        if float(found[1]) < 11
    }
    assert not small


def test_text_has_contrast_on_the_paper():
    rc = plt.rcParams
    for key in ("text.color", "axes.labelcolor", "xtick.color", "ytick.color"):
        assert contrast(rc[key], rc["figure.facecolor"]) >= 4.5, key


def test_every_activation_has_a_color_of_its_own():
    assert set(plotting.ACTIVATION_COLORS) == set(ACTIVATIONS)
    assert len(set(plotting.ACTIVATION_COLORS.values())) == len(ACTIVATIONS)


def test_spread_is_the_mean_within_the_seeds_range():
    _, ax = plotting.figure()
    values = np.array([[1.0, 2.0, np.nan], [3.0, np.nan, np.nan]])
    plotting.plot_spread(ax, np.array([10, 20, 30]), values, color="k")
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [10, 20]  # no seed measured the third point
    assert line.get_ydata().tolist() == [2, 2]
    heights = np.array(ax.collections[0].get_paths()[0].vertices)[:, 1]
    assert (heights.min(), heights.max()) == (1, 3)
