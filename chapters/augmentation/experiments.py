"""What chapter 4 measures: flipped digits, test-time crops, and where augmentations help."""

from collections.abc import Mapping

import numpy as np

from chapters.augmentation.training import (
    CROPS,
    Shifts,
    average_crops,
    compare_augmentations,
    train_longer,
    train_on_digits,
)
from lib.evidence import Claim, Experiment

digits = Experiment(
    "digits",
    simulate=train_on_digits,
    measure=lambda found: {
        "six-becomes-nine": found.answers[:, 9],
        "mirrored-digits-are-misread": found.misread(),
        "flips-hurt-digits": found.gain,
    },
    claims=(
        Claim(
            id="six-becomes-nine",
            statement="Most 6s in a half turn are read as 9",
            estimand="share of unseen 6s, turned by half a turn, that a network trained on 500 "
            "upright digits calls 9",
            above=50,
            unit="%",
            rows=("M21",),
        ),
        Claim(
            id="mirrored-digits-are-misread",
            statement="On average over the digits other than 0, 1 and 8, most mirrored ones are "
            "read as another digit",
            estimand="share of unseen mirrored digits that a network trained on 500 upright digits "
            "reads as another digit, mean over the classes 2, 3, 4, 5, 6, 7 and 9",
            above=50,
            unit="%",
            rows=("M21",),
        ),
        Claim(
            id="flips-hurt-digits",
            statement="Flips in training cost more than 1 point on upright digits",
            estimand="accuracy on 1297 unseen upright digits after 300 updates on 500 others: with "
            "random flips minus without, same seed",
            below=-1,
            unit="points",
            rows=("M21",),
        ),
    ),
)


def compare_crops(accuracy: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Differences between the choices of crops, network by network."""
    one, fifty, centers = (accuracy[name] for name in CROPS)
    return {
        "fifty-crops": fifty - one,
        "center-crops": centers - one,
        "corners-are-spare": centers - fifty,
    }


TESTED = "test accuracy of one network, trained for 500 updates on flips and random crops"
crops = Experiment(
    "crops",
    simulate=average_crops,
    measure=compare_crops,
    claims=(
        Claim(
            id="fifty-crops",
            statement="The average over five scales times ten crops beats one center crop",
            estimand=f"{TESTED}: averaged over fifty crops minus one center crop",
            above=0,
            unit="points",
            rows=("M23",),
        ),
        Claim(
            id="center-crops",
            statement="Ten center crops (five scales, mirrored or not) beat one",
            estimand=f"{TESTED}: averaged over ten center crops minus one",
            above=0,
            unit="points",
            rows=("M23",),
        ),
        Claim(
            id="corners-are-spare",
            statement="Ten center crops do not lose 2 points to all fifty crops",
            estimand=f"{TESTED}: averaged over ten center crops minus averaged over fifty",
            above=-2,
            unit="points",
            rows=("M23",),
        ),
    ),
)

CELLS = {  # of the table: (augmentation, test set)
    "flips-buy-mirrors": ("flips", "mirrored"),
    "movements-buy-places": ("movements", "moved"),
    "scales-buy-sizes": ("scales", "rescaled"),
    "jitter-buys-light": ("color jitter", "relit"),
    "rotations-buy-angles": ("rotations", "rotated"),
    "rotations-cost": ("rotations", "ordinary"),
    "all-at-once": ("all at once", "ordinary"),
}


def gain(
    id: str,
    statement: str,
    rows: str,
    *,
    above: float | None = None,
    below: float | None = None,
) -> Claim:
    """The claim about one cell of the table of gains."""
    augmentation, test = CELLS[id]
    return Claim(
        id=id,
        statement=statement,
        estimand=f"accuracy on {test} test pictures after 500 updates: trained with {augmentation} "
        "minus without augmentation, same seed",
        unit="points",
        rows=(rows,),
        above=above,
        below=below,
    )


def read_table(found: Shifts) -> dict[str, np.ndarray]:
    """The cells of the table that the claims refer to."""
    return {id: found.gains(row)[column] for id, (row, column) in CELLS.items()}


shifts = Experiment(
    "shifts",
    simulate=compare_augmentations,
    measure=read_table,
    claims=(
        gain(
            "flips-buy-mirrors",
            "Flips gain more than 10 points on mirrored pictures",
            "M21",
            above=10,
        ),
        gain(
            "movements-buy-places",
            "Movements gain more than 20 points on moved pictures",
            "M25",
            above=20,
        ),
        gain(
            "scales-buy-sizes",
            "Scales gain more than 10 points on rescaled pictures",
            "M22",
            above=10,
        ),
        gain("jitter-buys-light", "Color jitter gains on relit pictures", "M24", above=0),
        gain(
            "rotations-buy-angles",
            "Rotations gain more than 10 points on rotated pictures",
            "M25",
            above=10,
        ),
        gain(
            "rotations-cost",
            "Within 500 updates, rotations lose more than 5 points on ordinary pictures",
            "M25",
            below=-5,
        ),
        gain(
            "all-at-once",
            "Within 500 updates, all five at once lose more than 10 points on ordinary pictures",
            "M25",
            below=-10,
        ),
    ),
)

longer = Experiment(
    "longer",
    simulate=train_longer,
    measure=lambda gain: {"all-at-once-needs-time": gain[max(gain)] - gain[min(gain)]},
    claims=(
        Claim(
            id="all-at-once-needs-time",
            statement="With four times as many updates, all five at once lose less",
            estimand="gain of all at once over none on ordinary test pictures after 2000 updates, "
            "minus that after 500, both with a learning rate that falls to zero, same seed",
            above=0,
            unit="points",
            rows=("M25",),
        ),
    ),
)
