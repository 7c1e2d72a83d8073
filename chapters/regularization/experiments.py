"""What chapter 3 measures: optimizers, early stopping, ensembles, and a contest of nine methods."""

from chapters.regularization.contest import run_contest, train_longer
from chapters.regularization.trainings import (
    compare_optimizers,
    compare_votes,
    gain_of_going_back,
    measure_gap,
    train_long,
    vote,
)
from lib.evidence import FAILS, FAILS_ON_AVERAGE, HOLDS_ON_AVERAGE, OPEN, Claim, Experiment

optimizers = Experiment(
    "optimizers",
    simulate=compare_optimizers,
    measure=measure_gap,
    claims=(
        Claim(
            id="tuned-optimizers-end-level",
            statement="Each at its own best learning rate, plain descent and momentum end within "
            "0.1 nats of each other",
            estimand="training loss (mean of the last 16 of 250 updates) of plain gradient descent "
            "minus that with momentum, each at the best of four learning rates, same seed",
            between=(-0.1, 0.1),
            unit="nats",
            rows=("M09",),
            expect=OPEN,
        ),
        Claim(
            id="no-optimizer-closes-the-gap",
            statement="Plain descent, momentum and Adam all leave a gap of more than 25 points",
            estimand="accuracy on the 250 training pictures minus accuracy on 1000 new ones after "
            "250 updates, each at its own best learning rate: the smallest of the three gaps",
            above=25,
            unit="points",
            rows=("M09",),
            version=2,
        ),
    ),
)

BACK = (
    "accuracy on 1000 test pictures of the snapshot that was best on 500 validation pictures, "
    "minus the mean of the last 3 of 12 evaluations, in 480 updates on 1000 pictures"
)
stopping = Experiment(
    "stopping",
    simulate=train_long,
    measure=lambda found: {
        "early-stopping-clean": gain_of_going_back(found[0.0]),
        "early-stopping-noisy": gain_of_going_back(found[0.4]),
        "early-stopping-pays-with-noise": gain_of_going_back(found[0.4])
        - gain_of_going_back(found[0.0]),
    },
    claims=(
        Claim(
            id="early-stopping-clean",
            statement="With clean labels, going back to the best snapshot does not cost 2 points",
            estimand=f"{BACK} with their own labels",
            above=-2,
            unit="points",
            rows=("M10",),
            version=2,
        ),
        Claim(
            id="early-stopping-noisy",
            statement="With 40% wrong labels, going back gains more than 1 point",
            estimand=f"{BACK}, each with a wrong label with probability 0.4",
            above=1,
            unit="points",
            rows=("M10",),
            version=2,
        ),
        Claim(
            id="early-stopping-pays-with-noise",
            statement="Going back gains more with 40% wrong labels than with clean ones",
            estimand=f"the difference of two gains with the same seed, each {BACK}",
            above=0,
            unit="points",
            rows=("M10",),
            expect=HOLDS_ON_AVERAGE,
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
            statement="A pair of methods beats the one of the two that is better on validation by "
            "more than 2 points, on average over 36 pairs",
            estimand="both methods minus the one that is better on validation, mean over 36 pairs: "
            f"{TUNED}",
            above=2,
            unit="points",
            rows=("M20",),
            expect=FAILS,
            version=2,
        ),
    ),
)

longer = Experiment(
    "longer",
    simulate=train_longer,
    measure=lambda gain: {
        "mixup-needs-time": gain[max(gain)] - gain[min(gain)],
        "mixup-helps-in-time": gain[max(gain)],
    },
    claims=(
        Claim(
            id="mixup-needs-time",
            statement="Mixup gains more in 480 updates than in 120",
            estimand="gain of mixup over the plain network after 480 updates on 250 pictures minus "
            "that after 120, both with a learning rate that falls to zero, same seed",
            above=0,
            unit="points",
            rows=("M19", "M20"),
            expect=HOLDS_ON_AVERAGE,
        ),
        Claim(
            id="mixup-helps-in-time",
            statement="Within 480 updates on 250 pictures, mixup gains more than 2 points",
            estimand="test accuracy with mixup minus that of the plain network, both after 480 "
            "updates, same seed",
            above=2,
            unit="points",
            rows=("M19", "M20"),
            expect=FAILS_ON_AVERAGE,
        ),
    ),
)
