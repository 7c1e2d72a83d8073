"""The shape arithmetic of a convolution: size, filter, stride and padding, and the output.

ConvolutionExplorer(size=32, filter=5, channels=3, filters=6, question="How large is the output?")
"""

from numbers import Integral

import anywidget
import traitlets

from lib.widgets.assets import script, style

LIMITS = {
    "size": (3, 227),  # AlexNet's pictures, which its paper calls 224 wide
    "filter": (1, 11),
    "stride": (1, 4),
    "padding": (0, 3),
    "channels": (1, 512),
    "filters": (1, 512),
}


def _whole(name: str) -> traitlets.Int:
    least, most = LIMITS[name]
    return traitlets.Int(least, min=least, max=most).tag(sync=True)


class ConvolutionExplorer(anywidget.AnyWidget):
    """A window that slides over a picture, the grid of outputs it makes, and what they cost.

    The reader changes the settings, by steps or by examples, and moves the window by mouse, arrow
    keys or a play button. Above the grids is the formula for the output's size, with the numbers
    inserted; if the division leaves a remainder, the pixels that the window never reaches are
    marked. Grids of few cells also show the numbers of a toy picture, a filter that finds vertical
    edges, and the sum behind each output. A filter larger than the padded picture is drawn as one
    that does not fit. Needs no kernel.
    """

    _esm = script("convolution_explorer")
    _css = style("convolution_explorer")
    title = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    limits = traitlets.Dict().tag(sync=True)
    size = _whole("size")
    filter = _whole("filter")
    stride = _whole("stride")
    padding = _whole("padding")
    channels = _whole("channels")
    filters = _whole("filters")
    row = traitlets.Int(0, min=0).tag(sync=True)  # of the selected output
    column = traitlets.Int(0, min=0).tag(sync=True)

    def __init__(
        self,
        *,
        title: str = "How large is the output of a convolution?",
        size: int = 7,
        filter: int = 3,
        stride: int = 1,
        padding: int = 0,
        channels: int = 3,
        filters: int = 6,
        question: str = "",
    ) -> None:
        """Set the settings that are shown first, each within its `LIMITS`.

        Args:
            title: the heading, in plain text.
            size: pixels along each side of the square picture.
            filter: pixels along each side of a filter.
            stride: pixels from one window to the next.
            padding: pixels of zeros put around the picture, on each side.
            channels: channels of the picture, and so of each filter.
            filters: number of filters, which is the number of output channels.
            question: what the reader is to find out, in plain text; "" asks nothing.

        Raises:
            TypeError: a setting is not an integer.
            ValueError: a setting is outside its limits, or the title is empty.
        """
        if not title.strip():
            raise ValueError(f"title must be a text; got {title!r}")
        settings = {
            "size": size,
            "filter": filter,
            "stride": stride,
            "padding": padding,
            "channels": channels,
            "filters": filters,
        }
        checked = {name: _check(name, value) for name, value in settings.items()}
        limits = {name: list(limit) for name, limit in LIMITS.items()}
        super().__init__(title=title, question=question, limits=limits, **checked)

    def __repr__(self) -> str:
        return (
            f"ConvolutionExplorer({self.title!r}, size={self.size}, filter={self.filter}, "
            f"stride={self.stride}, padding={self.padding}, channels={self.channels}, "
            f"filters={self.filters})"
        )


def _check(name: str, value: object) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number; got {value!r}")
    least, most = LIMITS[name]
    number = int(value)
    if not least <= number <= most:
        raise ValueError(f"{name} must be from {least} to {most}; got {value}")
    return number
