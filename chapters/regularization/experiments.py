"""What chapter 3 measures: optimizers, early stopping, ensembles, and a contest of nine methods."""

from chapters.regularization.contest import run_contest
from chapters.regularization.trainings import (
    compare_optimizers,
    compare_votes,
    gain_of_going_back,
    measure_gap,
    train_long,
    vote,
)
from lib.evidence import FAILS, OPEN, Claim, Experiment

optimizers = Experiment(
    "optimizers",
    simulate=compare_optimizers,
    measure=measure_gap,
    claims=(
        Claim(
            id="momentum-lowers-training-loss",
            statement="Within 250 updates, momentum ends at a lower training loss than plain "
            "gradient descent",
            estimand="training loss (mean of the last 16 of 250 updates) of plain gradient descent "
            "minus that with momentum, both at learning rate 0.03, same seed",
            above=0,
            unit="nats",
            rows=("M09",),
        ),
        Claim(
            id="no-optimizer-closes-the-gap",
            statement="Within 250 updates, momentum and Adam both leave a gap of more than 25 "
            "points",
            estimand="accuracy on the 250 training pictures minus accuracy on 1000 new ones after "
            "250 updates: the smaller of momentum's and Adam's, same seed",
            above=25,
            unit="points",
            rows=("M09",),
        ),
    ),
)

BACK = (
    "accuracy on 1000 test pictures of the snapshot that was best on 500 validation pictures, "
    "minus that of the last weights, after 480 updates on 1000 pictures"
)
stopping = Experiment(
    "stopping",
    simulate=train_long,
    measure=lambda found: {
        "early-stopping-clean": gain_of_going_back(found[0.0]),
        "early-stopping-noisy": gain_of_going_back(found[0.4]),
    },
    claims=(
        Claim(
            id="early-stopping-clean",
            statement="With clean labels, going back to the best snapshot costs less than 2 points",
            estimand=f"{BACK} with their own labels",
            above=-2,
            unit="points",
            rows=("M10",),
        ),
        Claim(
            id="early-stopping-noisy",
            statement="With 40% wrong labels, going back gains more than 1 point",
            estimand=f"{BACK}, each with a wrong label with probability 0.4",
            above=1,
            unit="points",
            rows=("M10",),
            expect=OPEN,
        ),
    ),
)


FIVE = "test accuracy of five networks (200 updates each), probabilities averaged, minus"
ensembles = Experiment(
    "ensembles",
    simulate=vote,
    measure=compare_votes,
    claims=(
        Claim(
            id="ensemble-two-percent",
            statement="An ensemble of five gains about 2 points (between 1 and 3)",
            estimand=f"{FIVE} the mean of the five",
            between=(1, 3),
            unit="points",
            rows=("M11",),
            expect=FAILS,
        ),
        Claim(
            id="ensemble-averages-probabilities",
            statement="Averaging probabilities beats averaging logits by over 3 points",
            estimand=f"{FIVE} that of the same five with their logits averaged",
            above=3,
            unit="points",
            rows=("M11",),
            expect=FAILS,
        ),
        Claim(
            id="ensemble-beats-patience",
            statement="Five networks beat one that is trained five times as long",
            estimand=f"{FIVE} that of one network after 1000 updates",
            above=0,
            unit="points",
            rows=("M11",),
        ),
    ),
)

TUNED = "test accuracy after 120 updates on 250 pictures, strengths chosen on validation, same seed"
contest = Experiment(
    "contest",
    simulate=run_contest,
    measure=lambda found: {
        "augmentation-beats-mixup": found.gain("augmentation") - found.gain("mixup"),
        "mixup-helps": found.gain("mixup"),
        "pairs-beat-singles": found.over_better(),
    },
    claims=(
        Claim(
            id="augmentation-beats-mixup",
            statement="Within 120 updates on 250 pictures, augmentation beats mixup",
            estimand=f"augmentation minus mixup: {TUNED}",
            above=0,
            unit="points",
            rows=("M20",),
        ),
        Claim(
            id="mixup-helps",
            statement="Within 120 updates on 250 pictures, mixup gains more than 2 points",
            estimand=f"mixup minus the plain network: {TUNED}",
            above=2,
            unit="points",
            rows=("M19", "M20"),
            expect=FAILS,
        ),
        Claim(
            id="pairs-beat-singles",
            statement="A pair of methods beats the better of the two by more than 2 points, on "
            "average over 36 pairs",
            estimand="both methods minus the one that is better on average, mean over 36 pairs: "
            f"{TUNED}",
            above=2,
            unit="points",
            rows=("M20",),
            expect=FAILS,
        ),
    ),
)
