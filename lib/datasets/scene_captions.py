"""What a scene holds, in numbers and in words."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from lib.datasets.scene_shapes import DISTANCES

SHAPES = tuple(DISTANCES)
COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")
TEXTURES = ("plain", "striped", "dotted", "checkered")
BACKGROUNDS = (
    "paper",
    "slate",
    "clouds",
    "grass",
    "sand",
    "snow",
    "water",
    "bricks",
    "tiles",
    "wood",
)
SIZES = ("small", "medium", "large")
SMALL, LARGE = 0.3, 0.58  # of the picture's width: below SMALL is small, from LARGE on is large
RELATIONS = ("left of", "right of", "above", "below")
# The words of each kind; "a", "and", "on" and "of" hold a caption together.
KINDS = {
    "size": SIZES,
    "texture": TEXTURES[1:],
    "color": COLORS,
    "shape": SHAPES,
    "relation": tuple(phrase.split()[0] for phrase in RELATIONS),
    "background": BACKGROUNDS,
}


@dataclass(frozen=True)
class SceneObject:
    """One object of a scene.

    Attributes:
        shape, color, texture: words of `SHAPES`, `COLORS` and `TEXTURES`.
        size: diameter of the circle around it, as a fraction of the picture's width.
        x, y: its center from the left and from the top, as fractions of the picture's width.
        angle: rotation in degrees, counterclockwise as seen.
        mirrored: whether it is mirrored (before it is rotated).
    """

    shape: str
    color: str
    texture: str
    size: float
    x: float
    y: float
    angle: float
    mirrored: bool = False


@dataclass(frozen=True)
class Scene:
    """What a picture shows; the truth, even if the label is wrong.

    Attributes:
        objects: the main object first.
        background: a word of `BACKGROUNDS`.
        light: degrees, the direction the light comes from, counterclockwise from the right.
        brightness: factor on all colors.
    """

    objects: tuple[SceneObject, ...]
    background: str
    light: float
    brightness: float


class Word(NamedTuple):
    """A word of a caption.

    Attributes:
        text: the word.
        about: the object that it describes, counted from 1; 0 for the background; None for words
            that hold a caption together, and for relations, which are about two objects.
    """

    text: str
    about: int | None


def caption(scene: Scene) -> str:
    """The scene in words: "a medium dotted green star left of a small red ring on grass".

    Each relation says where the main object is, as seen from another one, in order from the top
    down; plain objects get no word for their texture.
    """
    return " ".join(word.text for word in caption_words(scene))


def caption_words(scene: Scene) -> list[Word]:
    """The caption's words, and what each is about."""
    main, *others = scene.objects
    words = describe(main, 1)
    numbered = sorted(enumerate(others, start=2), key=lambda pair: pair[1].y)
    for position, (number, other) in enumerate(numbered):
        words += [Word("and", None)] if position else []
        words += [Word(text, None) for text in relation(main, other).split()]
        words += describe(other, number)
    return [*words, Word("on", None), Word(scene.background, 0)]


def describe(thing: SceneObject, number: int) -> list[Word]:
    """An object's noun phrase, such as "a small striped blue square"."""
    words = [Word("a", None), Word(size_word(thing.size), number)]
    if thing.texture != "plain":
        words.append(Word(thing.texture, number))
    return [*words, Word(thing.color, number), Word(thing.shape, number)]


def size_word(size: float) -> str:
    """ "small", "medium" or "large", by the fraction of the picture's width."""
    if size < SMALL:
        return "small"
    return "medium" if size < LARGE else "large"


def relation(one: SceneObject, other: SceneObject) -> str:
    """Where `one` is as seen from `other`, along the axis on which they are further apart."""
    dx, dy = one.x - other.x, one.y - other.y
    if abs(dx) >= abs(dy):
        return "left of" if dx < 0 else "right of"
    return "above" if dy < 0 else "below"


def vocabulary() -> tuple[str, ...]:
    """Every word a caption can hold, sorted."""
    return tuple(sorted({"a", "and", "on", "of"}.union(*KINDS.values())))


def mirror(scene: Scene) -> Scene:
    """The scene as a mirror shows it: left and right are swapped, also for the light."""
    objects = tuple(
        replace(thing, x=1 - thing.x, angle=-thing.angle, mirrored=not thing.mirrored)
        for thing in scene.objects
    )
    return replace(scene, objects=objects, light=(180 - scene.light) % 360)
