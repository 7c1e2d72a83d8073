"""What a network wrote, word by word, and where it looked before each word.

AttentionReader([Reading(["the", "cat"], ["le", "chat"], weights, links={(0, 0), (1, 1)})])
AttentionReader([Viewing(picture, ["a", "red", "ring"], weights, rows=6)])
"""

import difflib
import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import numpy as np
import traitlets
from PIL import Image

from lib.widgets.assets import script, style

MAX_READINGS = 30
MAX_BYTES = 400_000  # for all pictures together
PARTS = 1000  # weights are sent as integers, in thousandths
TOLERANCE = 0.01  # for a sum of weights, which may be in half precision


@dataclass(frozen=True)
class Reading:
    """One sentence and its translation.

    Attributes:
        source: the words that were read.
        target: the words that were written.
        weights: (len(target), len(source)), rows that sum to 1: an array or a tensor on the CPU.
        links: (target position, source position) of words known to translate each other.
        name: its name in the list of sentences; "" takes its words.
        truth: the words that it should have written; () if that is not known.
    """

    source: Sequence[str]
    target: Sequence[str]
    weights: Any
    links: Iterable[tuple[int, int]] = ()
    name: str = ""
    truth: Sequence[str] = ()


@dataclass(frozen=True)
class Viewing:
    """One picture and what was written about it.

    Attributes:
        picture: (3, height, width) in [0, 1], an array or a tensor on the CPU.
        target: the words that were written.
        weights: (len(target), rows · columns), of the places, row by row; rows that sum to 1.
        rows: number of rows of the grid of places.
        links: (target position, place) of places known to show what a word is about.
        name: its name in the list of pictures; "" numbers them.
        truth: as in `Reading`.
    """

    picture: object
    target: Sequence[str]
    weights: Any
    rows: int
    links: Iterable[tuple[int, int]] = ()
    name: str = ""
    truth: Sequence[str] = ()


class AttentionReader(anywidget.AnyWidget):
    """Click a word that was written to see where the network looked; needs no kernel.

    The words that it read, or the places of a picture, are shaded by their weights. Arrow keys and
    a play button step through the words, and a list chooses the sentence or picture. One checkbox
    frames what a word is known to be about, another marks the words that are wrong.
    """

    _esm = script("attention_reader")
    _css = style("attention_reader")
    title = traitlets.Unicode().tag(sync=True)
    readings = traitlets.List().tag(sync=True)
    languages = traitlets.List(traitlets.Unicode()).tag(sync=True)
    sentence = traitlets.Int(0).tag(sync=True)
    word = traitlets.Int(0).tag(sync=True)
    framed = traitlets.Bool(False).tag(sync=True)
    marked = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        readings: Sequence[Reading | Viewing],
        *,
        title: str = "Where did the network look?",
        languages: tuple[str, str] = ("en", "fr"),
        word: int = 0,
    ) -> None:
        """Collect the sentences.

        Args:
            readings: one to `MAX_READINGS`, sentences or pictures.
            title: the question that the widget answers, in plain text.
            languages: languages of source and target, as values of HTML's `lang`.
            word: position of the target word of the first sentence that is selected first.

        Raises:
            ValueError: mismatched counts or shapes, sentences mixed with pictures, rows that do
                not sum to 1, links or a word out of range, pictures too heavy for a page.
        """
        if not 1 <= len(readings) <= MAX_READINGS:
            raise ValueError(f"give 1 to {MAX_READINGS} readings; got {len(readings)}")
        if len({type(reading) for reading in readings}) > 1:
            raise ValueError("give sentences or pictures, not both")
        described = [_describe(reading, k) for k, reading in enumerate(readings, start=1)]
        weight = sum(len(reading["picture"]) for reading in described)
        if weight > MAX_BYTES:
            raise ValueError(f"the pictures take {weight} bytes; a page has room for {MAX_BYTES}")
        if not 0 <= word < len(described[0]["target"]):
            raise ValueError(f"the first sentence has no target word {word}")
        super().__init__(title=title, readings=described, languages=list(languages), word=word)

    def __repr__(self) -> str:
        words = sum(len(reading["target"]) for reading in self.readings)
        return f"AttentionReader({self.title!r}, {len(self.readings)} sentences, {words} words)"


def _describe(reading: Reading | Viewing, number: int) -> dict:
    if isinstance(reading, Viewing):
        source, picture = _places(reading), _as_url(reading.picture)
        name = reading.name or f"Picture {number}"
    else:
        source, picture = [str(word) for word in reading.source], ""
        name = reading.name or " ".join(source)
    target, truth = ([str(word) for word in words] for words in (reading.target, reading.truth))
    weights = np.asarray(reading.weights, dtype=np.float64)
    shape = (len(target), len(source))
    if 0 in shape or weights.shape != shape:
        raise ValueError(f"weights must be {shape}, none of them 0; got {weights.shape}")
    if not (weights >= 0).all() or not np.allclose(weights.sum(axis=1), 1, atol=TOLERANCE):
        raise ValueError("each row of weights must be positive numbers that sum to 1")
    links = sorted((int(j), int(i)) for j, i in reading.links)
    if any(not (0 <= j < shape[0] and 0 <= i < shape[1]) for j, i in links):
        raise ValueError(f"links must be (target, source) positions within {shape}; got {links}")
    return {
        "name": name,
        "source": source,
        "target": target,
        "weights": np.rint(weights * PARTS).astype(int).tolist(),
        "links": [list(link) for link in links],
        "truth": " ".join(truth),
        "wrong": _differing(target, truth) if truth else [],
        "picture": picture,
        "rows": reading.rows if isinstance(reading, Viewing) else 0,
    }


def _places(viewing: Viewing) -> list[str]:
    """The places' names, row by row."""
    shape = np.shape(viewing.weights)
    if len(shape) != 2 or viewing.rows < 1 or shape[1] % viewing.rows:
        raise ValueError(
            f"weights must be (words, places) of {viewing.rows} equal rows; got {tuple(shape)}"
        )
    columns = shape[1] // viewing.rows
    return [f"row {i + 1}, column {j + 1}" for i in range(viewing.rows) for j in range(columns)]


def _as_url(picture: object) -> str:
    """A picture (3, height, width) as a WebP data URL."""
    pixels = np.asarray(picture, dtype=np.float64)
    if pixels.ndim != 3 or len(pixels) != 3 or 0 in pixels.shape or not np.isfinite(pixels).all():
        raise ValueError(f"a picture must be finite (3, height, width); got {pixels.shape}")
    levels = (pixels.clip(0, 1) * 255).round().astype(np.uint8).transpose(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "WEBP", quality=90)
    return f"data:image/webp;base64,{b64encode(buffer.getvalue()).decode()}"


def _differing(target: list[str], truth: list[str]) -> list[int]:
    """Positions of the words that are not in the longest runs shared with the truth."""
    blocks = difflib.SequenceMatcher(None, target, truth, autojunk=False).get_matching_blocks()
    shared = {block.a + k for block in blocks for k in range(block.size)}
    return [j for j in range(len(target)) if j not in shared]
