"""What was drawn on axes."""


def texts(ax):
    """The texts, in order."""
    return [text.get_text() for text in ax.texts]


def xy(line):
    """The points of a line."""
    return list(line.get_xdata()), list(line.get_ydata())


def drawn_with(ax, marker):
    """The lines with this marker."""
    return [line for line in ax.lines if line.get_marker() == marker]
