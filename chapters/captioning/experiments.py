"""What chapter 10 measures: what one context loses, where attention looks, and how it captions."""

from collections.abc import Sequence

import numpy as np

from chapters.captioning.contest import (
    ATTENTION,
    NETWORKS,
    ONE_CONTEXT,
    UPDATES,
    Contest,
    cost_of_one_place,
    percent,
    run_contest,
    turned_around,
)
from chapters.captioning.looks import Looked
from chapters.captioning.pictures import LAYER, load_test, pictures
from lib.evidence import HOLDS_ON_AVERAGE, Claim, Experiment

__all__ = [
    "ATTENTION",
    "LAYER",
    "NETWORKS",
    "ONE_CONTEXT",
    "captioners",
    "inside",
    "load_test",
    "pictures",
    "touched",
]
LOOKED_AT = ("size", "texture", "color", "shape")  # kinds of words that refer to a thing


def inside(found: Contest) -> dict[str, np.ndarray]:
    """Percent of the weights on the thing before each kind of word about it: (seeds, 2).

    The second column is the percentage that uniform weights would have there.
    """
    looks = found.looks()
    where = {kind: found.pictures.words_of(kind) for kind in LOOKED_AT}
    return {
        kind: np.array([[percent(look.inside, at), percent(look.even, at)] for look in looks])
        for kind, at in where.items()
    }


def touched(found: Contest) -> np.ndarray:
    """How often the largest weight touches the thing, in percent: (seeds, 2).

    The columns are for right and for wrong words for colors and shapes.
    """
    at = found.pictures.words_of("color") | found.pictures.words_of("shape")
    pairs = zip(found.looks(), found.right(ATTENTION), strict=True)
    return np.array([_before_right_and_wrong(look, at, right) for look, right in pairs])


def _before_right_and_wrong(look: Looked, at, right) -> list[float]:
    return [percent(look.on, at & right), percent(look.on, at & ~right)]


def compare(found: Contest) -> dict[str, Sequence[float] | np.ndarray]:
    """The values of all claims, one for each seed."""
    one, attention = (found.by_kind(network) for network in (ONE_CONTEXT, ATTENTION))
    lost = {network: found.by_things(network) @ [1, 0, -1] for network in NETWORKS}
    shares, looks = inside(found), touched(found)
    graded = found.graded
    return {
        "things-overflow": lost[ONE_CONTEXT] - lost[ATTENTION],
        "colors-are-lost": (attention["color"] + attention["shape"] - one["color"] - one["shape"])
        / 2,
        "directions-are-kept": one["relation"] - one["color"],
        "looks-at-the-thing": shares["shape"] @ [1, -1],
        "looks-for-each-word": np.min([share @ [1, -1] for share in shares.values()], axis=0),
        "wrong-words-look-away": looks @ [1, -1],
        "places-tell-sides": [turned_around(one, found.pictures) for one in graded[ATTENTION]],
        "attention-captions-better": [
            a.bleu - b.bleu for a, b in zip(graded[ATTENTION], graded[ONE_CONTEXT], strict=True)
        ],
        "one-place-is-not-enough": [
            cost_of_one_place(one, found.pictures) for one in graded[ATTENTION]
        ],
    }


TRAINED = (
    f"on 500 test pictures, after {UPDATES[ATTENTION]} updates with attention or "
    f"{UPDATES[ONE_CONTEXT]} with one context, of one seed"
)
RANKED = "share of words ranked first, given the right words before"

captioners = Experiment(
    "captioners",
    simulate=run_contest,
    measure=compare,
    claims=(
        Claim(
            id="things-overflow",
            statement="From one thing to three, one context loses over 5 points more words than "
            "attention",
            estimand=f"{RANKED}, of pictures with one thing minus pictures with three: one "
            f"context's difference less attention's, {TRAINED}",
            above=5,
            unit="points",
            rows=("M59",),
            needs="full",  # which learns from more pictures
        ),
        Claim(
            id="colors-are-lost",
            statement="Attention gets over 20 points more colors and shapes right",
            estimand=f"{RANKED}, mean of colors and shapes: attention minus one context, {TRAINED}",
            above=20,
            unit="points",
            rows=("M59", "M60"),
            needs="full",  # which learns from more pictures
        ),
        Claim(
            id="directions-are-kept",
            statement="One context gets over 20 points more relations than colors right",
            estimand=f"{RANKED}: relations minus colors, with one context, {TRAINED}",
            above=20,
            unit="points",
            rows=("M59",),
            needs="full",  # which learns from more pictures
        ),
        Claim(
            id="looks-at-the-thing",
            statement="Before a shape's word, the thing gets over 25 points more of the weights "
            "than its share of the picture",
            estimand="share of the weights inside the thing before a shape's word, less the share "
            f"that even weights would have there, {TRAINED}",
            above=25,
            unit="points",
            rows=("M60",),
            needs="full",  # which learns from more pictures
        ),
        Claim(
            id="looks-for-each-word",
            statement="Before words for size, texture, color and shape alike, the thing gets over "
            "10 points more of the weights than its share of the picture",
            estimand="share of the weights inside the thing less that of even weights: the "
            f"smallest of four such means, for four kinds of words, {TRAINED}",
            above=10,
            unit="points",
            rows=("M60",),
            needs="full",  # which learns from more pictures
        ),
        Claim(
            id="wrong-words-look-away",
            statement="Before right words it looks at the thing over 5 points more often than "
            "before wrong ones",
            estimand="how often the largest weight touches the thing before words for colors and "
            f"shapes: right ones minus wrong ones, {TRAINED}",
            above=5,
            unit="points",
            rows=("M60", "M61"),
            needs="full",  # which learns from more pictures
        ),
        Claim(
            id="places-tell-sides",
            statement="Mirrored places turn over half of left and right around",
            estimand="words “left” and “right” that were ranked first and right, of which the "
            f"opposite is ranked first if the places' second number is negated, {TRAINED}",
            above=50,
            unit="%",
            rows=("M60",),
            needs="full",  # which learns from more pictures
            expect=HOLDS_ON_AVERAGE,
        ),
        Claim(
            id="attention-captions-better",
            statement="Attention's BLEU is over 10 points higher",
            estimand=f"BLEU of greedily written captions: attention minus one context, {TRAINED}",
            above=10,
            unit="points",
            rows=("M60",),
            needs="full",  # which learns from more pictures
        ),
        Claim(
            id="one-place-is-not-enough",
            statement="Seeing its likeliest place alone costs over 5 points of the words ranked "
            "first",
            estimand=f"{RANKED}: with all weights minus with the largest one as 1, {TRAINED}",
            above=5,
            unit="points",
            rows=("M60",),
            needs="full",  # which learns from more pictures
        ),
    ),
)
