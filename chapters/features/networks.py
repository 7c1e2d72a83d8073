"""The small networks of chapter 6, and the scenes shown to them."""

import functools

from lib.datasets.scenes import SceneDataset, load_scenes
from lib.models import ConvNet
from lib.runtime import Run
from lib.training.classifiers import NETWORK, SCENE_SIZE, scene_classifiers


def repeats(run: Run) -> range:
    """The seeds of the small networks."""
    return range(run.pick(quick=1, standard=1, full=4))


@functools.lru_cache(maxsize=1)
def trained(run: Run) -> list[ConvNet]:
    """Networks trained to name the shape in scenes."""
    return scene_classifiers(run, seeds=repeats(run))


@functools.lru_cache(maxsize=1)
def untrained(run: Run) -> list[ConvNet]:
    """The same networks before any update."""
    return [
        ConvNet(3, 10, generator=run.generator("init", s), **NETWORK).to(run.device).eval()
        for s in repeats(run)
    ]


@functools.lru_cache(maxsize=1)
def galleries(run: Run) -> list[SceneDataset]:
    """Scenes that no network was trained on, different ones for each network."""
    count = run.pick(quick=80, standard=160)
    return [scenes(count, run, "gallery", s) for s in repeats(run)]


@functools.lru_cache(maxsize=1)
def searched(run: Run) -> SceneDataset:
    """The scenes searched for a channel's best pictures."""
    return scenes(run.pick(quick=200, standard=1000), run, "search")


def scenes(count: int, run: Run, *stream: str | int) -> SceneDataset:
    """New scenes from a stream of random numbers."""
    generator = run.generator(*stream)
    return load_scenes(count, generator=generator, size=SCENE_SIZE, device=run.device)
