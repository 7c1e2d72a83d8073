"""What chapter 2 measures: which preprocessing pays, and what wrong statistics cost."""

from chapters.preprocessing import contests, leaks
from lib.evidence import FAILS, HOLDS_ON_AVERAGE, Claim, Experiment

TEST = (
    f"test accuracy on 2,000 scenes after {contests.UPDATES} updates of an MLP with 64 hidden "
    "units, each preprocessing at its best of five learning rates, same seed"
)
contest = Experiment(
    "contest",
    simulate=contests.run_contest,
    measure=contests.compare,
    claims=(
        Claim(
            id="centering-beats-raw",
            statement="Within 300 updates, centering helps an MLP",
            estimand=f"channel mean subtracted minus pixels from 0 to 1: {TEST}",
            above=0,
            unit="points",
            rows=("M07", "M08"),
        ),
        Claim(
            id="standardizing-adds-little",
            statement="Standardizing does not gain an MLP 2 points over centering",
            estimand=f"standardized minus channel mean subtracted: {TEST}",
            below=2,
            unit="points",
            rows=("M07", "M08"),
        ),
        Claim(
            id="whitening-adds-little",
            statement="ZCA whitening gains an MLP less than 2 points over centering",
            estimand=f"ZCA with its best ε minus channel mean subtracted: {TEST}",
            below=2,
            unit="points",
            rows=("M08",),
            expect=FAILS,
        ),
        Claim(
            id="strong-whitening-hurts",
            statement="With a small epsilon, ZCA whitening leaves an MLP more than 5 points below "
            "centering",
            estimand=f"ZCA with ε = 0.01 minus channel mean subtracted: {TEST}",
            below=-5,
            unit="points",
            rows=("M08",),
        ),
    ),
)


CONV_TEST = (
    f"test accuracy on 2,000 scenes after {contests.CONV_UPDATES} updates of a convolutional "
    "network, each preprocessing at its best of three learning rates, same seed"
)
convolution = Experiment(
    "convolution",
    simulate=contests.run_conv_contest,
    measure=contests.compare_conv,
    claims=(
        Claim(
            id="centering-beats-raw-conv",
            statement="Within 400 updates, centering helps a convolutional network",
            estimand=f"channel mean subtracted minus pixels from 0 to 1: {CONV_TEST}",
            above=0,
            unit="points",
            rows=("M07", "M08"),
            needs="full",
        ),
        Claim(
            id="standardizing-conv",
            statement="Standardizing does not gain a convolutional network 2 points over centering",
            estimand=f"standardized minus channel mean subtracted: {CONV_TEST}",
            below=2,
            unit="points",
            rows=("M07",),
            expect=HOLDS_ON_AVERAGE,
            needs="full",
        ),
        Claim(
            id="whitening-conv",
            statement="ZCA whitening does not gain a convolutional network 2 points over centering",
            estimand=f"ZCA with ε = 1 minus channel mean subtracted: {CONV_TEST}",
            below=2,
            unit="points",
            rows=("M08",),
            expect=HOLDS_ON_AVERAGE,
            needs="full",
        ),
    ),
)


patience = Experiment(
    "patience",
    simulate=contests.train_patiently,
    measure=lambda accuracy: {"raw-is-slow": accuracy},
    claims=(
        Claim(
            id="raw-is-slow",
            statement="With 3000 updates an MLP on raw pixels passes 20%, too",
            estimand="test accuracy on 2,000 scenes of an MLP with 64 hidden units after 3000 "
            "updates at learning rate 0.001 on pixels from 0 to 1",
            above=20,
            unit="%",
            rows=("M07",),
        ),
    ),
)


NETWORK = (
    "test accuracy on 2,000 scenes of one convolutional network, trained for "
    f"{contests.CONV_UPDATES} updates on scenes standardized by the training set's statistics"
)
statistics = Experiment(
    "statistics",
    simulate=leaks.mistreat,
    measure=lambda found: {
        "leaked-means-are-harmless": found.leaked,
        "forgotten-preprocessing": found.lost["forgotten"],
        "swapped-channels": found.lost["red, blue swapped"],
        "own-statistics": found.lost["test set's own"],
    },
    claims=(
        Claim(
            id="leaked-means-are-harmless",
            statement="Testing with the statistics of training and test images together changes "
            "accuracy by a point at most",
            estimand="test images standardized by the statistics of training and test images, "
            f"minus by those of the training images: {NETWORK}",
            between=(-1, 1),
            unit="points",
            rows=("M08",),
            needs="full",  # where the rate is tuned
        ),
        Claim(
            id="forgotten-preprocessing",
            statement="Forgetting the preprocessing costs more than 10 points",
            estimand=f"test images standardized minus test images as they are: {NETWORK}",
            above=10,
            unit="points",
            rows=("M08",),
            needs="full",  # where the rate is tuned
        ),
        Claim(
            id="swapped-channels",
            statement="Swapping red and blue costs more than 2 points",
            estimand=f"right order of the channels minus red and blue swapped: {NETWORK}",
            above=2,
            unit="points",
            rows=("M08",),
            needs="full",  # where the rate is tuned
        ),
        Claim(
            id="own-statistics",
            statement="A large test set's own statistics change accuracy by a point at most",
            estimand="test images standardized by the training images' statistics minus by those "
            f"of the test images: {NETWORK}",
            between=(-1, 1),
            unit="points",
            rows=("M08",),
            needs="full",  # where the rate is tuned
        ),
    ),
)


labels = Experiment(
    "labels",
    simulate=leaks.choose_inputs,
    measure=lambda found: {"leaked-labels-fool-the-test": found["all examples"]},
    claims=(
        Claim(
            id="leaked-labels-fool-the-test",
            statement="Inputs chosen by all labels make noise look over 70% predictable",
            estimand="accuracy of nearest class means on 50 test examples of noise, the 20 of 1000 "
            "inputs chosen by the labels of these and of 50 training examples",
            above=70,
            unit="%",
            rows=("M08",),
            needs="quick",
        ),
    ),
)


whitening = Experiment(
    "whitening",
    simulate=leaks.whiten_few,
    measure=leaks.compare_whitened,
    claims=(
        Claim(
            id="leaked-whitening-hurts",
            statement="Whitening by training and test images together ends over 5 points below "
            "whitening by training images alone",
            estimand="accuracy of nearest class means on 100 photo patches, whitened by the "
            "statistics of all 200 patches minus whitened by those of the 100 training patches",
            below=-5,
            unit="points",
            rows=("M08",),
            needs="quick",
        ),
    ),
)
