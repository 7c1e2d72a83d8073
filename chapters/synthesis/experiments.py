"""What chapter 8 measures: how much accuracy attacks leave, and what defenses keep."""

import numpy as np

from chapters.synthesis.attacks import (
    EPSILON,
    Attacked,
    Hardened,
    attack_networks,
    harden_networks,
)
from lib.evidence import Claim, Experiment


def compare_attacks(found: Attacked) -> dict[str, np.ndarray]:
    """What each attack costs, and what a blur saves, network by network."""
    at = found.sizes.index(EPSILON)
    signs, fgsm, pgd = found.accuracy.values()
    bare, unaware, adaptive, _ = found.blurred.values()
    return {
        "random-signs-are-harmless": signs[:, 0] - signs[:, at],
        "pgd-ruins": pgd[:, at],
        "pgd-beats-fgsm": fgsm[:, at] - pgd[:, at],
        "blur-seems-to-help": unaware - bare,
        "blur-fails": 100 * (unaware - adaptive) / (unaware - bare).clip(1),
    }


def compare_trainings(found: Hardened) -> dict[str, np.ndarray]:
    """What adversarial training saves and costs, seed by seed."""
    at = found.sizes.index(EPSILON)
    return {
        "hardening-helps": found.hard[:, at] - found.plain[:, at],
        "hardening-costs": found.hard[:, 0] - found.plain[:, 0],
    }


def about(
    id: str,
    statement: str,
    estimand: str,
    unit: str = "points",
    *,
    above: float | None = None,
    below: float | None = None,
    resolution: float = 0.5,  # one of 200 scenes
) -> Claim:
    """A claim about small networks and changes of at most 4/255."""
    return Claim(
        id=id,
        statement=statement,
        estimand=estimand,
        above=above,
        below=below,
        unit=unit,
        rows=("M49",),
        resolution=resolution,
    )


LEFT = "test accuracy of a small network on 200 scenes"
attacks = Experiment(
    "attacks",
    simulate=attack_networks,
    measure=compare_attacks,
    claims=(
        about(
            "random-signs-are-harmless",
            "Random signs of 4/255 cost less than 5 points",
            f"{LEFT}: without a change minus with random signs of 4/255",
            below=5,
        ),
        about(
            "pgd-ruins",
            "PGD with 4/255 leaves less than 20% right",
            f"{LEFT} after ten steps of PGD with 4/255",
            "%",
            below=20,
        ),
        about(
            "pgd-beats-fgsm",
            "Ten small steps (PGD) leave less than one large one (FGSM)",
            f"{LEFT}: after FGSM with 4/255 minus after ten steps of PGD with 4/255",
            above=0,
        ),
        about(
            "blur-seems-to-help",
            "Against an attack that ignores it, a blur saves more than 10 points",
            f"{LEFT} after PGD with 4/255 on the bare network: with a blur of one pixel minus "
            "without",
            above=10,
        ),
        about(
            "blur-fails",
            "An attack that knows of the blur undoes most of what it saved",
            f"{LEFT}: what the blur loses when PGD with 4/255 takes its gradient through it, as a "
            "share of what it saves (at least a point) against PGD on the bare network",
            "%",
            above=50,
            resolution=0.0,
        ),
    ),
)

hardening = Experiment(
    "hardening",
    simulate=harden_networks,
    measure=compare_trainings,
    claims=(
        about(
            "hardening-helps",
            "Adversarial training saves more than 10 points against PGD with 4/255",
            f"{LEFT} after PGD with 4/255 on it: trained against attacks minus trained as usual, "
            "same seed",
            above=10,
        ),
        about(
            "hardening-costs",
            "Adversarial training lowers the accuracy on pictures that nobody attacks",
            f"{LEFT} without a change: trained against attacks minus trained as usual, same seed",
            below=0,
        ),
    ),
)
