"""The wolf and the snow: networks that learn the background, their repair, and three suspects."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from chapters.saliency.judging import map_of, networks, percent_right, repeats
from lib import visualization
from lib.datasets.images import ImageDataset
from lib.datasets.scenes import SceneDataset, load_scenes
from lib.runtime import Run
from lib.training import Trial, run_trials
from lib.training.classifiers import NETWORK, SCENE_SIZE


@dataclass(frozen=True)
class Grounds:
    """Scenes with tied grounds, where class k is on ground k, and with free grounds.

    Attributes:
        tied, free: training scenes.
        tied_test, free_test: new scenes.
    """

    tied: SceneDataset
    free: SceneDataset
    tied_test: SceneDataset
    free_test: SceneDataset


@functools.lru_cache(maxsize=1)
def grounds(run: Run) -> Grounds:
    """The scenes for all experiments with grounds."""
    size, test = run.pick(quick=200, standard=1500), run.pick(quick=50, standard=300)

    def make(count: int, stream: str, bias: float) -> SceneDataset:
        generator = run.generator(stream)
        return load_scenes(
            count, generator=generator, size=SCENE_SIZE, bias=bias, device=run.device
        )

    return Grounds(
        make(size, "tied", 1.0),
        make(size, "free", 0.0),
        make(test, "tied test", 1.0),
        make(test, "free test", 0.0),
    )


@dataclass(frozen=True)
class Readers:
    """Networks that learned from the same scenes.

    Attributes:
        models: the networks in eval mode, on the run's device.
        inside: the energy of their occlusion maps inside the object, mean over new tied scenes.
        tied, free: their accuracy on new scenes of either kind, in percent.
    """

    models: Sequence[nn.Module]
    inside: np.ndarray
    tied: np.ndarray
    free: np.ndarray


def examine(models: Sequence[nn.Module], run: Run) -> Readers:
    """Measure what networks look at, and how often they are right."""
    data = grounds(run)
    part = data.tied_test.subset(slice(0, run.pick(quick=4, standard=40)))
    maps = [map_of("occlusion", model, part, run) for model in models]
    inside = [float(visualization.energy_inside(M, part.masks[:, 0]).mean()) for M in maps]
    tied, free = (
        np.array([percent_right(model, test) for model in models])
        for test in (data.tied_test, data.free_test)
    )
    return Readers(models, np.array(inside), tied, free)


def trained_on(
    train: ImageDataset, seeds: range, run: Run, *, updates: int = 300
) -> list[nn.Module]:
    """Networks trained on these images, one per seed."""
    steps = run.pick(quick=20, standard=updates)
    trials = [Trial(k, steps, network=NETWORK) for k in seeds]
    outcomes = run_trials(trials, train, {}, run=run, keep_models=True)
    return [outcome.network.to(run.device).eval() for outcome in outcomes]


@functools.lru_cache(maxsize=1)
def learn_tied(run: Run) -> dict[str, Readers]:
    """Networks trained on tied scenes, and the earlier ones, trained on free scenes."""
    return {
        "tied": examine(trained_on(grounds(run).tied, repeats(run), run), run),
        "free, longer": examine(networks(run), run),
    }


def learn_both(run: Run) -> dict[str, Readers]:
    """Networks trained on tied scenes, and on the same number of free ones in addition."""
    tied, free = grounds(run).tied, grounds(run).free
    together = ImageDataset(
        torch.cat([tied.images, free.images]), torch.cat([tied.labels, free.labels]), tied.classes
    )
    return {
        "tied": learn_tied(run)["tied"],
        "tied and free": examine(trained_on(together, repeats(run), run), run),
    }


@dataclass(frozen=True)
class Lineup:
    """Three networks, and the pictures on which a detective tells what each of them reads.

    Attributes:
        suspects: "A" learned from free scenes with a mark, "B" from free ones, "C" from tied ones.
        evidence: new tied scenes with a mark.
        regions: for each name, a mask for every picture, (n, size, size) bool.
    """

    suspects: dict[str, nn.Module]
    evidence: ImageDataset
    regions: dict[str, Tensor]


def line_up(run: Run) -> Lineup:
    """Train the network that relies on a mark, and line it up with two others."""
    data = grounds(run)
    (bribed,) = trained_on(marked(data.free, run), range(1), run, updates=100)
    mark = torch.zeros_like(data.tied_test.masks[:, 0])
    mark[:, :10, :10] = True
    body = data.tied_test.masks[:, 0] & ~mark
    return Lineup(
        {"A": bribed, "B": networks(run)[-1], "C": learn_tied(run)["tied"].models[-1]},
        marked(data.tied_test, run),
        {"object": body, "background": ~(body | mark), "mark": mark},
    )


def marked(part: SceneDataset, run: Run) -> ImageDataset:
    """The scenes with a mark in the corner, colored by the label."""
    colors = torch.rand(10, 3, generator=run.generator("marks")).to(run.device)
    images = part.images.clone()
    images[:, :, :10, :10] = colors[part.labels][:, :, None, None]
    return ImageDataset(images, part.labels, part.classes)
