"""What chapter 7 measures: scores of maps, shuffled networks, and background readers."""

from chapters.saliency.judging import score_methods, shuffle_layers
from chapters.saliency.photographs import compare_after_shuffle
from chapters.saliency.wolves import learn_both, learn_tied
from lib.evidence import OPEN, Claim, Experiment

ON_SCENES = "mean over 80 scenes, for one network that learned shapes on free backgrounds"
scores = Experiment(
    "scores",
    simulate=score_methods,
    measure=lambda found: {
        "guided-beats-the-blob-by-energy": found.lead(
            "energy", "guided backprop", "blob in the middle"
        ),
        "guided-beats-the-blob-by-pointing": found.lead(
            "points", "guided backprop", "blob in the middle"
        ),
        "occlusion-points-better": found.lead("points", "occlusion", "saliency"),
        "blob-beats-saliency": found.lead("energy", "blob in the middle", "saliency"),
    },
    claims=(
        Claim(
            id="guided-beats-the-blob-by-energy",
            statement="Guided backprop has more of its energy inside the object than a blob in "
            "the middle",
            estimand=f"energy inside the mask, guided backprop minus blob: {ON_SCENES}",
            above=0,
            rows=("M45", "B1"),
        ),
        Claim(
            id="guided-beats-the-blob-by-pointing",
            statement="In the pointing game, guided backprop beats a blob in the middle",
            estimand=f"share of hits, guided backprop minus blob: {ON_SCENES}",
            above=0,
            resolution=1 / 80,
            rows=("M45", "B1"),
            expect=OPEN,
        ),
        Claim(
            id="occlusion-points-better",
            statement="Occlusion wins the pointing game against saliency by over 0.1",
            estimand=f"share of hits, occlusion minus saliency: {ON_SCENES}",
            above=0.1,
            resolution=1 / 80,
            rows=("M41", "B1"),
        ),
        Claim(
            id="blob-beats-saliency",
            statement="A blob in the middle has more of its energy inside the object than saliency",
            estimand=f"energy inside the mask, blob minus saliency: {ON_SCENES}",
            above=0,
            rows=("M42", "B1"),
        ),
    ),
)

photographs = Experiment(
    "photographs",
    simulate=compare_after_shuffle,
    measure=lambda found: {"guided-repeats-its-photo-maps": found["guided backprop"]},
    claims=(
        Claim(
            id="guided-repeats-its-photo-maps",
            statement="With its last layer shuffled, the photograph network's maps by guided "
            "backprop have a rank correlation of over 0.9 with those before",
            estimand="Spearman's correlation over the pixels of one photograph's two maps, by "
            "EfficientNet-Lite0; one shuffle for all photographs of a run",
            above=0.9,
            rows=("M45", "B1"),
        ),
    ),
)

LEFT_OVER = (
    "(energy of absolute values inside the mask with two layers shuffled, less the mask's share) / "
    "(the same with none shuffled), means over 20 scenes and 3 shuffles of one network"
)
forgetting = Experiment(
    "forgetting",
    simulate=shuffle_layers,
    measure=lambda found: {
        "guided-ignores-the-network": found.left_over("guided backprop"),
        "occlusion-notices-more": found.left_over("guided backprop") - found.left_over("occlusion"),
    },
    claims=(
        Claim(
            id="guided-ignores-the-network",
            statement="With its two top layers shuffled, guided backprop keeps over half of its "
            "lead over the mask's share",
            estimand=f"guided backprop: {LEFT_OVER}",
            above=0.5,
            rows=("M45", "B1"),
            version=2,
        ),
        Claim(
            id="occlusion-notices-more",
            statement="With the two top layers shuffled, occlusion loses more of its lead than "
            "guided backprop",
            estimand=f"guided backprop minus occlusion, for each: {LEFT_OVER}",
            above=0,
            rows=("M41", "M45", "B1"),
        ),
    ),
)

INSIDE = "energy of occlusion maps inside the object, mean over 40 new tied scenes"
wolves = Experiment(
    "wolves",
    simulate=learn_tied,
    measure=lambda found: {
        "maps-find-the-background": found["tied"].inside - found["free, longer"].inside,
        "tied-backgrounds-cost": found["tied"].free - found["tied"].tied,
    },
    claims=(
        Claim(
            id="maps-find-the-background",
            statement="On tied scenes, networks that learned from tied ones have over 0.1 less "
            "energy inside the object than networks that learned from free ones for longer",
            estimand=f"{INSIDE}: learned from tied scenes (300 updates) minus learned from free "
            "ones (800 updates), same seed",
            below=-0.1,
            rows=("M43", "B1"),
        ),
        Claim(
            id="tied-backgrounds-cost",
            statement="Networks that learned from tied scenes lose over 50 points of accuracy on "
            "free ones",
            estimand="accuracy on 300 new free scenes minus accuracy on 300 new tied ones, for "
            "one network that learned from tied scenes",
            below=-50,
            unit="points",
            rows=("M43",),
        ),
    ),
)

repair = Experiment(
    "repair",
    simulate=learn_both,
    measure=lambda found: {
        "maps-move-to-the-object": found["tied and free"].inside - found["tied"].inside,
        "repair-pays": found["tied and free"].free - found["tied"].free,
    },
    claims=(
        Claim(
            id="maps-move-to-the-object",
            statement="After the repair, the networks have over 0.1 more energy inside the object",
            estimand=f"{INSIDE}: learned from tied and free scenes minus learned from tied ones, "
            "same seed",
            above=0.1,
            rows=("M43", "B1"),
        ),
        Claim(
            id="repair-pays",
            statement="On free scenes, the repair gains over 30 points of accuracy",
            estimand="accuracy on 300 new free scenes: learned from tied and free scenes minus "
            "learned from tied ones, same seed",
            above=30,
            unit="points",
            rows=("M43",),
        ),
    ),
)
