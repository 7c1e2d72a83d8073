"""A translation the reader goes through word by word, and where the network looked at each.

AttentionReader([Reading(["the", "cat"], ["le", "chat"], weights, links={(0, 0), (1, 1)})])
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import anywidget
import numpy as np
import traitlets

from lib.widgets.assets import source

MAX_READINGS = 30
PARTS = 1000  # weights travel as whole numbers of thousandths
TOLERANCE = 0.01  # of a sum of weights, which may be in half precision


@dataclass(frozen=True)
class Reading:
    """One sentence and its translation.

    Attributes:
        source: the words that were read.
        target: the words that were written.
        weights: (len(target), len(source)), rows that sum to 1: an array or a tensor on the CPU.
        links: (target position, source position) of words known to translate each other.
        name: how the list of sentences names it; "" takes its words.
    """

    source: Sequence[str]
    target: Sequence[str]
    weights: object
    links: Iterable[tuple[int, int]] = ()
    name: str = ""


class AttentionReader(anywidget.AnyWidget):
    """Click a word of the translation to see where the network looked; needs no kernel.

    The words it read are shaded by their weights. Arrow keys and a play button step through the
    translation, a list chooses the sentence, a box frames the words that are known to be right.
    """

    _esm = source("dom.js", "attention_reader.js")
    _css = source("card.css", "attention_reader.css")
    title = traitlets.Unicode().tag(sync=True)
    readings = traitlets.List().tag(sync=True)
    languages = traitlets.List(traitlets.Unicode()).tag(sync=True)
    sentence = traitlets.Int(0).tag(sync=True)
    word = traitlets.Int(0).tag(sync=True)
    framed = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        readings: Sequence[Reading],
        *,
        title: str = "Where did the network look?",
        languages: tuple[str, str] = ("en", "fr"),
        word: int = 0,
    ) -> None:
        """Collect the sentences.

        Args:
            readings: one to `MAX_READINGS`.
            title: the question it answers, in plain text.
            languages: of source and target, as HTML's `lang` names them.
            word: position of the target word of the first sentence that is chosen first.

        Raises:
            ValueError: counts or shapes that do not fit, rows that do not sum to 1, links or a word
                out of range.
        """
        if not 1 <= len(readings) <= MAX_READINGS:
            raise ValueError(f"give 1 to {MAX_READINGS} readings; got {len(readings)}")
        described = [_describe(reading) for reading in readings]
        if not 0 <= word < len(described[0]["target"]):
            raise ValueError(f"the first sentence has no target word {word}")
        super().__init__(title=title, readings=described, languages=list(languages), word=word)

    def __repr__(self) -> str:
        words = sum(len(reading["target"]) for reading in self.readings)
        return f"AttentionReader({self.title!r}, {len(self.readings)} sentences, {words} words)"


def _describe(reading: Reading) -> dict:
    words = [[str(word) for word in side] for side in (reading.source, reading.target)]
    weights = np.asarray(reading.weights, dtype=np.float64)
    shape = (len(words[1]), len(words[0]))
    if 0 in shape or weights.shape != shape:
        raise ValueError(f"weights must be {shape}, none of them 0; got {weights.shape}")
    if not (weights >= 0).all() or not np.allclose(weights.sum(axis=1), 1, atol=TOLERANCE):
        raise ValueError("each row of weights must be positive numbers that sum to 1")
    links = sorted((int(j), int(i)) for j, i in reading.links)
    if any(not (0 <= j < shape[0] and 0 <= i < shape[1]) for j, i in links):
        raise ValueError(f"links must be (target, source) positions within {shape}; got {links}")
    return {
        "name": reading.name or " ".join(words[0]),
        "source": words[0],
        "target": words[1],
        "weights": np.rint(weights * PARTS).astype(int).tolist(),
        "links": [list(link) for link in links],
    }
