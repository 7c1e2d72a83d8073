"""One color has one meaning in each family: as the table in CONTRIBUTING says, so the code."""

import re

from matplotlib.colors import to_hex

from chapters.preprocessing.figures import PREPROCESSING_COLORS
from lib.activations import ACTIVATIONS
from lib.plotting import ACTIVATION_COLORS, PART_COLORS, TRANSLATOR_COLORS, style
from tools.chapters import ROOT

COLORS = {
    "blue": style.BLUE, "sky": style.SKY, "green": style.GREEN, "orange": style.ORANGE,
    "vermilion": style.VERMILLION, "purple": style.PURPLE, "gray": style.GRAY, "ink": style.INK,
}  # fmt: skip
FAMILIES = {
    "Activations": {ACTIVATIONS[name].label: color for name, color in ACTIVATION_COLORS.items()},
    "Parts of the data": PART_COLORS,
    "Sentences": TRANSLATOR_COLORS,
    "Preprocessing": PREPROCESSING_COLORS,
    "Gains": {
        "loss": to_hex(style.GAINS(0.0)).upper(),
        "gain": to_hex(style.GAINS(1.0)).upper(),
        "reference": style.GRAY,
    },
}


def table():
    """For each family, the color of each name."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.search(r"(\| Color \|.*?)\n\n", text, re.DOTALL)[1].splitlines()
    head, *body = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    return {
        family: {row[place]: COLORS[row[0]] for row in body[1:] if row[place]}
        for place, family in enumerate(head) if place
    }  # fmt: skip


def test_colors_are_those_of_the_table():
    assert table() == FAMILIES


def test_no_family_uses_a_color_twice():
    for known in FAMILIES.values():
        assert len(set(known.values())) == len(known)
