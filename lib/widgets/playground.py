"""A small network that trains in the page: the reader chooses, presses play and watches.

Playground("What does the fourth layer add?", start={"data": "spirals", "layers": 3},
           controls=["layers", "activation"])
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import anywidget
import traitlets

from lib.widgets.assets import script, style
from lib.widgets.controls import Value, show_value

LAST_SEED, LAST_UPDATE = 9999, 3000
OPTIONS: dict[str, tuple[str, Mapping[Value, str] | Sequence[Value]]] = {
    "data": (
        "Data",
        {
            "circles": "circles",
            "moons": "moons",
            "xor": "XOR",
            "spirals": "spirals",
            "blobs": "3 blobs",
            "arms": "3 spirals",
        },
    ),
    "points": ("Training points", (20, 40, 100, 200)),
    "noise": ("Noise", (0, 0.1, 0.2, 0.4, 0.6)),
    "layers": ("Hidden layers", (1, 2, 3, 4, 5, 6)),
    "units": ("Units per layer", (1, 2, 3, 4, 6, 8)),
    "activation": (
        "Activation",
        {
            "sigmoid": "sigmoid",
            "tanh": "tanh",
            "relu": "ReLU",
            "leaky_relu": "leaky ReLU",
            "elu": "ELU",
            "selu": "SELU",
        },
    ),
    "init": (
        "Initialization",
        {"small": "too small", "glorot": "Glorot", "he": "He", "large": "too large"},
    ),
    "lr": ("Learning rate", (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)),
    "momentum": ("Momentum", (0, 0.5, 0.9)),
    "weight_decay": ("Weight decay", (0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)),
    "dropout": ("Dropout", (0, 0.1, 0.2, 0.5)),
}
RANGES = {"seed": (0, LAST_SEED), "updates": (0, LAST_UPDATE)}
START: dict[str, Value] = {
    "data": "circles",
    "points": 100,
    "noise": 0.2,
    "layers": 2,
    "units": 6,
    "activation": "tanh",
    "init": "glorot",
    "lr": 0.03,
    "momentum": 0.9,
    "weight_decay": 0,
    "dropout": 0,
    "seed": 1,
    "updates": 0,
}


@dataclass(frozen=True)
class Story:
    """A training run that asks for a prediction.

    Attributes:
        name: the text of its button.
        question: what the reader predicts before pressing play.
        answer: what could be seen and why, shown after `after` updates.
        start: the settings that differ from `START`.
        offer: the text of a button below the answer, which tries something else; "" for none.
        changes: the settings that this button changes.
    """

    name: str
    question: str
    answer: str
    after: int
    start: Mapping[str, Value] = field(default_factory=dict)
    offer: str = ""
    changes: Mapping[str, Value] = field(default_factory=dict)


NOISY = {"data": "moons", "points": 40, "noise": 0.6, "layers": 3, "units": 8}
NOISY |= {"activation": "relu", "init": "he", "lr": 0.1}
STORIES = (
    Story(
        "Six sigmoid layers",
        "Six layers of sigmoids: will the boundary close around the inner circle in 500 updates?",
        "Nothing moves. A sigmoid passes on at most a quarter of a gradient, so almost nothing "
        "reaches the first layers. What if you change one thing, the activation?",
        after=500,
        start={"layers": 6, "units": 8, "activation": "sigmoid"},
        offer="Try tanh",
        changes={"activation": "tanh"},
    ),
    Story(
        "Two spirals",
        "At update 600, which layers will have only straight edges?",
        "Only the first layer, however long it trains. Each of its units responds to one weighted "
        "sum of the coordinates, so its edge is a line. Every later layer bends what it is given.",
        after=600,
        start={"data": "spirals", "layers": 3, "units": 8, "updates": 200},
    ),
    Story(
        "Too large a step",
        "The learning rate is 3: will training be faster, or worse?",
        "Worse. Each step overshoots and meets a larger gradient, so the weights grow without "
        "bound within a few dozen updates. With ReLU at a rate of 3, units die instead.",
        after=5,
        start={"layers": 3, "units": 8, "activation": "leaky_relu", "init": "he", "lr": 3},
        offer="Try a rate of 0.03",
        changes={"lr": 0.03},
    ),
    Story(
        "Learning the noise",
        "40 noisy points, 177 parameters: if the training loss falls, does the validation loss?",
        "At first it does. Then it turns and climbs: the boundary bends around single points, and "
        "the network becomes sure of wrong answers. The accuracy hardly shows it.",
        after=500,
        start=NOISY,
        offer="Try weight decay",
        changes={"weight_decay": 0.01},
    ),
    Story(
        "Weight decay",
        "The same points and weights, with weight decay 0.01: which of the two losses is lower?",
        "The validation loss is far lower, and the training loss stays higher. Small weights make "
        "a smooth boundary and modest probabilities, so wrong answers cost less.",
        after=500,
        start=NOISY | {"weight_decay": 0.01},
    ),
)


def _describe_settings() -> list[dict]:
    """Every setting for the JavaScript: its name, its label and its possible values."""
    described = []
    for name, (label, options) in OPTIONS.items():
        texts = options if isinstance(options, Mapping) else {v: show_value(v) for v in options}
        values = [{"value": value, "text": text} for value, text in texts.items()]
        described.append({"name": name, "label": label, "options": values})
    return described + [{"name": name, "range": list(span)} for name, span in RANGES.items()]


def playground_state(
    title: str,
    start: Mapping[str, Value] | None = None,
    controls: Sequence[str] | None = None,
    *,
    stories: bool = False,
    name: str = "playground",
) -> dict:
    """The state for the JavaScript; see `Playground` for the arguments and errors."""
    controls = tuple(OPTIONS) if controls is None else tuple(controls)
    if unknown := [control for control in controls if control not in OPTIONS]:
        raise ValueError(f"controls must be among {', '.join(OPTIONS)}; got {unknown[0]!r}")
    if not (name.isascii() and name.isalnum()):
        raise ValueError(f"name must be letters and digits, for an address; got {name!r}")
    told = [asdict(story) | {"start": _complete(story.start)} for story in STORIES]
    return {
        "title": title,
        "start": _complete(start or {}),
        "controls": list(controls),
        "stories": told if stories else [],
        "name": name,
        "settings": _describe_settings(),
    }


def _complete(start: Mapping[str, Value]) -> dict[str, Value]:
    """All settings: those given, and `START`'s."""
    for name, value in start.items():
        if name in RANGES:
            low, high = RANGES[name]
            if not (isinstance(value, int) and low <= value <= high):
                raise ValueError(f"start[{name!r}] must be {low} to {high}; got {value!r}")
        elif name not in OPTIONS:
            raise ValueError(f"start names {name!r}; the settings are {', '.join(START)}")
        elif value not in tuple(OPTIONS[name][1]):
            expected = ", ".join(map(repr, OPTIONS[name][1]))
            raise ValueError(f"start[{name!r}] must be one of {expected}; got {value!r}")
    return START | dict(start)


class Playground(anywidget.AnyWidget):
    """A multilayer perceptron on points of a plane that trains in JavaScript; needs no kernel.

    Every change restarts the training from the same weights, so two runs differ in only one thing;
    the validation loss of the previous run stays visible. Mini-batches of 20, gradient descent with
    momentum, L2 weight decay and inverted dropout; the tests compare it with torch.
    """

    _esm = script("playground")
    _css = style("playground")
    title = traitlets.Unicode().tag(sync=True)
    start = traitlets.Dict().tag(sync=True)
    controls = traitlets.List(traitlets.Unicode()).tag(sync=True)
    stories = traitlets.List().tag(sync=True)
    name = traitlets.Unicode().tag(sync=True)
    settings = traitlets.List().tag(sync=True)

    def __init__(
        self,
        title: str,
        start: Mapping[str, Value] | None = None,
        controls: Sequence[str] | None = None,
        *,
        stories: bool = False,
        name: str = "playground",
    ) -> None:
        """Set up the first training.

        Args:
            title: the question the playground answers, in plain text.
            start: the settings that differ from `START`; "updates" trains for that many before the
                reader sees it, and "seed" draws other weights.
            controls: the settings the reader may change, keys of `OPTIONS`; None offers all.
            stories: offer `STORIES`, each with its own question.
            name: prefix of links to this playground; two on a page need different names.

        Raises:
            ValueError: a setting, value, control or name that is invalid; the message says
                what was expected.
        """
        super().__init__(**playground_state(title, start, controls, stories=stories, name=name))

    def __repr__(self) -> str:
        changed = {key: value for key, value in self.start.items() if START[key] != value}
        return f"Playground({self.title!r}, start={changed}, {len(self.controls)} controls)"
