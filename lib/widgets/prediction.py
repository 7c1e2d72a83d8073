"""A question before the answer: the reader commits, then learns why each choice is right or wrong.

Prediction("Which …?", [Choice("tanh", why="…"), Choice("ReLU", why="…", correct=True)])
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import anywidget
import traitlets

from lib.widgets.assets import script, style


@dataclass(frozen=True)
class Choice:
    """One answer the reader may predict.

    Attributes:
        text: the answer.
        why: why it is right or wrong, shown once the reader has committed.
        correct: whether it is right.
    """

    text: str
    why: str
    correct: bool = False


class Prediction(anywidget.AnyWidget):
    """A question with choices; needs no kernel.

    Texts are plain, with Unicode for maths; `code` in backquotes and *emphasis* in asterisks are
    formatted (so write × for a product). Choices stay in the order given.
    """

    _esm = script("prediction")
    _css = style("prediction")
    question = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List().tag(sync=True)
    chosen = traitlets.Int(None, allow_none=True).tag(sync=True)
    sure = traitlets.Int(None, allow_none=True).tag(sync=True)  # 0 guessing, 1 fairly, 2 very sure
    committed = traitlets.Bool(False).tag(sync=True)

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        """Pose the question.

        Args:
            question: what the reader predicts.
            choices: two or more, at least one of them correct.

        Raises:
            ValueError: an empty text, fewer than two choices, two equal, or none correct.
        """
        _check(question, choices)
        super().__init__(question=question, choices=[asdict(choice) for choice in choices])

    def __repr__(self) -> str:
        return f"Prediction({self.question!r}, {len(self.choices)} choices)"


def _check(question: str, choices: Sequence[Choice]) -> None:
    if len(choices) < 2:
        raise ValueError(f"a prediction needs at least 2 choices; got {len(choices)}")
    texts = [choice.text for choice in choices]
    if not all(text.strip() for text in (question, *texts, *(choice.why for choice in choices))):
        raise ValueError("the question, each choice and each why need a text; one is empty")
    if len(set(texts)) < len(texts):
        raise ValueError(f"choices must differ from each other; got {texts!r}")
    if not any(choice.correct for choice in choices):
        raise ValueError(f"at least one choice must be correct; none of {texts!r} is")
