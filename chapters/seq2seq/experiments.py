"""What chapter 9 measures: what one context loses, and how attention fits the known links."""

from collections.abc import Sequence

import numpy as np

from chapters.seq2seq.contest import (
    ATTENTION,
    GROUPS,
    KINDS,
    ONE_CONTEXT,
    UPDATES,
    Contest,
    run_contest,
    sentences,
    train_longer,
)
from chapters.seq2seq.links import ALL
from lib.evidence import Claim, Experiment

__all__ = ["ATTENTION", "GROUPS", "KINDS", "ONE_CONTEXT", "sentences", "translators"]


def compare(found: Contest) -> dict[str, Sequence[float] | np.ndarray]:
    """The values of all claims, one for each seed."""
    one, attention = (found.by_length(kind) for kind in (ONE_CONTEXT, ATTENTION))
    own = found.by_length(ONE_CONTEXT, "learned")
    exact = {split: found.exact(ATTENTION, split) for split in ("test", "patterns", "longer")}
    errors = [judgment.errors for judgment in found.judgments]
    return {
        "one-context-forgets": (one[:, 0] - one[:, -1]) - (attention[:, 0] - attention[:, -1]),
        "one-context-has-not-learned": own[:, 0] - own[:, -1],
        "attention-translates": exact["test"] - found.exact(ONE_CONTEXT, "test"),
        "looks-backwards": [judgment.backwards for judgment in found.judgments],
        "links-unasked": [row[ALL] for row in errors],
        "weights-are-no-links": [
            row["article"] - (row["noun"] + row["adjective"]) / 2 for row in errors
        ],
        "articles-ask-nouns": [judgment.at_noun for judgment in found.judgments],
        "new-patterns": exact["test"] - exact["patterns"],
        "longer-sentences": exact["test"] - exact["longer"],
    }


TRAINED = f"after {UPDATES} updates, of one seed"
EXACT = "share of the sentences in which every word is ranked first, given the right words before"
LARGEST = "largest weight before the right word, on the test set"

translators = Experiment(
    "translators",
    simulate=run_contest,
    measure=compare,
    claims=(
        Claim(
            id="one-context-forgets",
            statement="From short sentences to long ones, one context falls over 10 points further "
            "than attention",
            estimand="share of words ranked first on test sentences of 5 to 7 words minus that of "
            f"17 to 20: one context's difference less attention's, {TRAINED}",
            above=10,
            unit="points",
            rows=("M55",),
        ),
        Claim(
            id="one-context-has-not-learned",
            statement="Even on its own training sentences, one context gets over 10 points fewer "
            "words right where they are long",
            estimand="share of words ranked first on 1000 training sentences: those of 5 to 7 "
            f"words minus those of 17 to 20, with one context, {TRAINED}",
            above=10,
            unit="points",
            rows=("M55",),
        ),
        Claim(
            id="attention-translates",
            statement="Attention translates over 50 points more of the test sentences exactly",
            estimand=f"{EXACT}: attention minus one context, {TRAINED}",
            above=50,
            unit="points",
            rows=("M55", "M56"),
        ),
        Claim(
            id="looks-backwards",
            statement="Where two neighboring French words have their English ones in the opposite "
            "order, attention reads these backwards in over 75% of the cases",
            estimand="pairs of neighboring French words, linked to one English word each and the "
            "first to the later one, of which the first one's largest weight lies further right "
            f"({LARGEST}), {TRAINED}",
            above=75,
            unit="%",
            rows=("M57",),
        ),
        Claim(
            id="links-unasked",
            statement="Without seeing a link, attention's alignment error rate is below 25%",
            estimand=f"alignment error rate of the {LARGEST}, all words, {TRAINED}",
            below=25,
            unit="%",
            rows=("M57",),
        ),
        Claim(
            id="weights-are-no-links",
            statement="Articles are linked wrongly over 10 points more often than nouns and "
            "adjectives",
            estimand="alignment error rate of articles minus the mean of those of nouns and of "
            f"adjectives ({LARGEST}), {TRAINED}",
            above=10,
            unit="points",
            rows=("M57",),
        ),
        Claim(
            id="articles-ask-nouns",
            statement="More than half of the articles that are linked wrongly are linked to their "
            "noun",
            estimand="articles before a noun that are linked wrongly, of which the largest weight "
            f"lies on that noun's English word ({LARGEST}), {TRAINED}",
            above=50,
            unit="%",
            rows=("M57",),
        ),
        Claim(
            id="new-patterns",
            statement="With attention, new patterns cost less than 10 points of exact sentences",
            estimand=f"{EXACT}: test set minus new patterns, with attention, {TRAINED}",
            below=10,
            unit="points",
            rows=("M57",),
        ),
        Claim(
            id="longer-sentences",
            statement="With attention, sentences over 20 words cost more than 30 points of exact "
            "sentences",
            estimand=f"{EXACT}: test set minus longer sentences, with attention, {TRAINED}",
            above=30,
            unit="points",
            rows=("M57",),
        ),
    ),
)

longer = Experiment(
    "longer",
    simulate=train_longer,
    measure=lambda right: {"one-context-still-forgets": right[:, 0] - right[:, -1]},
    claims=(
        Claim(
            id="one-context-still-forgets",
            statement="After four times as many updates, one context still gets over 5 points "
            "fewer words right where sentences are long",
            estimand="share of words ranked first on test sentences of 5 to 7 words minus that of "
            f"17 to 20, with one context, after {4 * UPDATES} updates, of one seed",
            above=5,
            unit="points",
            rows=("M55",),
        ),
    ),
)
