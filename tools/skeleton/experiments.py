"""What the chapter on skeleton measures: the noise of means of several measurements."""

from dataclasses import dataclass

import torch

from lib.evidence import Claim, Experiment
from lib.runtime import Run

NUMBERS = (1, 4, 16, 64)  # how many measurements are averaged


@dataclass(frozen=True)
class Averages:
    """The noise of means.

    Attributes:
        numbers: how many measurements each mean averages.
        noise: the standard deviation of many such means, (seeds, numbers).
    """

    numbers: tuple[int, ...]
    noise: torch.Tensor


def measure_noise(run: Run) -> Averages:
    """Draw means of different numbers of measurements and compute their standard deviations."""
    means = run.pick(quick=2000, standard=20_000)
    seeds = run.pick(quick=1, standard=3, full=5)
    noise = torch.empty(seeds, len(NUMBERS))
    for row in range(seeds):
        g = run.generator("averaging", row)
        for column, n in enumerate(NUMBERS):
            noise[row, column] = torch.randn(means, n, generator=g).mean(dim=1).std()
    return Averages(NUMBERS, noise)


averaging = Experiment(
    "averaging",
    simulate=measure_noise,
    measure=lambda found: {"CLAIM": (found.noise[:, 0] / found.noise[:, 1]).tolist()},
    claims=(
        Claim(
            id="CLAIM",
            statement="Averaging four measurements halves their noise",
            estimand="standard deviation of one measurement divided by that of the mean of four",
            between=(1.9, 2.1),
            rows=("ROW",),
        ),
    ),
)
