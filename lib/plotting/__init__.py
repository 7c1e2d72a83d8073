"""Figures that several chapters draw, in the course's look. A chapter's own are in its room.

The only part of `lib` that imports matplotlib; functions draw on an `ax` and return it.
"""

from lib.plotting.images import mosaic, plot_image, plot_tiles
from lib.plotting.intervals import plot_intervals
from lib.plotting.lengths import plot_by_length
from lib.plotting.style import (
    ACTIVATION_COLORS,
    PART_COLORS,
    TRANSLATOR_COLORS,
    figure,
    plot_spread,
    use_style,
)

__all__ = [
    "ACTIVATION_COLORS",
    "PART_COLORS",
    "TRANSLATOR_COLORS",
    "figure",
    "mosaic",
    "plot_by_length",
    "plot_image",
    "plot_intervals",
    "plot_spread",
    "plot_tiles",
    "use_style",
]
