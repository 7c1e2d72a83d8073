"""What chapter 6 measures: rough filters, neighbors in several spaces, flat maps, pure channels."""

import numpy as np

from chapters.features.channels import Purity, measure_purity, roughness
from chapters.features.spaces import MOVES, draw_clouds, flatten_features, move_scenes
from lib.evidence import FAILS, Claim, Experiment

filters = Experiment(
    "filters",
    simulate=roughness,
    measure=lambda found: {
        "trained-filters-are-smoother": [
            float(after.mean() - before.mean())
            for before, after in zip(found["untrained"], found["trained"], strict=True)
        ]
    },
    claims=(
        Claim(
            id="trained-filters-are-smoother",
            statement="Training on scenes lowers the mean roughness of the first filters by more "
            "than 0.1",
            estimand="mean roughness of one network's eight first filters, trained minus untrained",
            below=-0.1,
            rows=("M35",),
        ),
    ),
)


def compare_spaces(shares: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Leads over pixels, and losses due to shifts, for each network."""
    rest, small, large = (MOVES.index(by) for by in (0, 4, 16))
    pixels, features = shares["pixels"], shares["features"]

    def change(name: str) -> np.ndarray:
        return shares[name][:, large] - shares[name][:, rest]

    return {
        "features-find-the-class": features[:, rest] - pixels[:, rest],
        "random-features-do-not": shares["untrained"][:, rest] - pixels[:, rest],
        "borrowed-features-help": shares["ImageNet"][:, rest] - pixels[:, rest],
        "features-survive-small-shifts": features[:, small] - pixels[:, small],
        "features-do-not-care-where": change("features"),
        "imagenet-features-do-not-care-where": change("ImageNet"),
        "averaged-maps-do-not-care-where": change("averaged"),
    }


SHARE = "share of the five nearest neighbors among 160 scenes that have the query's class"
neighbors = Experiment(
    "neighbors",
    simulate=move_scenes,
    measure=compare_spaces,
    claims=(
        Claim(
            id="features-find-the-class",
            statement="Features beat pixels by more than 50 points in the share of neighbors of "
            "one class",
            estimand=f"{SHARE}: features of a small network minus pixels",
            above=50,
            unit="points",
            rows=("M37",),
        ),
        Claim(
            id="random-features-do-not",
            statement="Features of an untrained network do not lead pixels by 10 points",
            estimand=f"{SHARE}: features of an untrained network minus pixels",
            below=10,
            unit="points",
            rows=("M37",),
        ),
        Claim(
            id="borrowed-features-help",
            statement="Features learned on photographs beat pixels on scenes",
            estimand=f"{SHARE}: features of EfficientNet-Lite0 minus pixels",
            above=0,
            unit="points",
            rows=("M36", "M37"),
        ),
        Claim(
            id="features-survive-small-shifts",
            statement="After a shift by 6% of the width, the small network's features lead pixels "
            "by over 40 points",
            estimand=f"{SHARE}, which is shifted by 4 of 64 pixels: features minus pixels",
            above=40,
            unit="points",
            rows=("M37",),
        ),
        Claim(
            id="features-do-not-care-where",
            statement="After a shift by 25%, the small network's features have lost less than 20 "
            "points",
            estimand=f"{SHARE}, features of a small network: queries shifted by 16 of 64 pixels "
            "minus queries in place",
            above=-20,
            unit="points",
            rows=("M37",),
            expect=FAILS,
        ),
        Claim(
            id="imagenet-features-do-not-care-where",
            statement="After a shift by 25%, features learned on photographs have lost less than "
            "5 points",
            estimand=f"{SHARE}, features of EfficientNet-Lite0: queries shifted by 16 of 64 "
            "pixels minus queries in place",
            above=-5,
            unit="points",
            rows=("M37",),
        ),
        Claim(
            id="averaged-maps-do-not-care-where",
            statement="After a shift by 25%, the small network's last maps, averaged, have lost "
            "less than 5 points",
            estimand=f"{SHARE}, last maps averaged over places: queries shifted by 16 of 64 "
            "pixels minus queries in place",
            above=-5,
            unit="points",
            rows=("M37",),
        ),
    ),
)

maps = Experiment(
    "maps",
    simulate=flatten_features,
    measure=lambda found: {"tsne-keeps-neighbors": found["t-SNE"] - found["PCA"]},
    claims=(
        Claim(
            id="tsne-keeps-neighbors",
            statement="t-SNE keeps over 20 points more of the nearest neighbors than PCA does",
            estimand="share of the five nearest neighbors in one network's feature space, among "
            "160 scenes, that are among the five nearest on the map: t-SNE minus PCA",
            above=20,
            unit="points",
            rows=("M38",),
        ),
    ),
)

clouds = Experiment(
    "clouds",
    simulate=draw_clouds,
    measure=lambda found: {
        "tsne-forgets-distance": found["gaps"],
        "tsne-forgets-size": found["sizes"],
    },
    claims=(
        Claim(
            id="tsne-forgets-distance",
            statement="t-SNE draws a gap that is 5 times another less than twice as long",
            estimand="distance of the second and third cloud's centers on the map, over that of "
            "the first and second",
            below=2,
            unit="×",
            rows=("M38",),
            independent=True,
        ),
        Claim(
            id="tsne-forgets-size",
            statement="t-SNE draws a cloud that is 10 times as wide less than twice as wide",
            estimand="standard deviation of the widest cloud on the map, over that of the tightest",
            below=2,
            unit="×",
            rows=("M38",),
            independent=True,
        ),
    ),
)


def training_gains(found: Purity) -> dict[str, np.ndarray]:
    """What training adds to the purity of the last layer and of the first, for each network."""
    gain = found.trained - found.untrained
    return {"deep-units-look-for-classes": gain[:, -1], "first-filters-do-not": gain[:, 0]}


PURE = "share of the most frequent class among the nine best of 1000 scenes, mean over channels"
purity = Experiment(
    "purity",
    simulate=measure_purity,
    measure=training_gains,
    claims=(
        Claim(
            id="deep-units-look-for-classes",
            statement="Training raises the purity of the hidden layer's units by more than 20 "
            "points",
            estimand=f"hidden layer, {PURE}: trained minus untrained",
            above=20,
            unit="points",
            rows=("M40",),
        ),
        Claim(
            id="first-filters-do-not",
            statement="Training changes the purity of the first filters by less than 15 points",
            estimand=f"first layer, {PURE}: trained minus untrained",
            between=(-15, 15),
            unit="points",
            rows=("M40",),
        ),
    ),
)
