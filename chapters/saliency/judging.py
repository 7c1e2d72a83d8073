"""Maps judged on scenes: by the object's mask, and by how they change when layers are shuffled."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from chapters.saliency.photographs import one_channel
from lib import visualization
from lib.datasets.scenes import SceneDataset, load_scenes
from lib.models import ConvNet
from lib.runtime import Run
from lib.training.classifiers import SCENE_SIZE, scene_classifiers

METHODS = (
    "occlusion",
    "saliency",
    "gradient × input",
    "SmoothGrad",
    "integrated gradients",
    "deconvnet",
    "guided backprop",
    "Grad-CAM",
    "blob in the middle",
)
FORGETTERS = ("guided backprop", "occlusion", "saliency", "Grad-CAM")
SHUFFLES = 3  # of each network's layers
TOPS = ("logits", "hidden", "branches.1", "branches.0", "widen", "stem")  # the last layer first
DEPTHS = (0, 1, 2, 4, 6)  # numbers of layers of TOPS that are shuffled
TWO = DEPTHS.index(2)


def repeats(run: Run) -> range:
    """The seeds of the small networks."""
    return range(run.pick(quick=1, standard=1, full=5))


@functools.lru_cache(maxsize=1)
def networks(run: Run) -> list[ConvNet]:
    """Networks trained on shapes with independent backgrounds."""
    return scene_classifiers(run, seeds=repeats(run))


@functools.lru_cache(maxsize=1)
def judged(run: Run) -> SceneDataset:
    """The scenes whose maps are scored."""
    count = run.pick(quick=8, standard=80)
    generator = run.generator("judged")
    return load_scenes(count, generator=generator, size=SCENE_SIZE, device=run.device)


def blob(images: Tensor, width: float = 0.19) -> Tensor:
    """A map for each image (n, …, size, size): a centered Gaussian; `width` is relative to size."""
    n, size = len(images), images.shape[-1]
    i = torch.arange(size, device=images.device) - (size - 1) / 2
    return torch.exp(-(i[:, None] ** 2 + i**2) / (2 * (width * size) ** 2)).expand(n, -1, -1)


def method(name: str, run: Run) -> Callable[[nn.Module, Tensor, Tensor], Tensor]:
    """One of METHODS, as a function from (network, images, labels) to maps."""
    few = run.pick(quick=2, standard=16)
    if name == "occlusion":
        stride = run.pick(quick=12, standard=8)
        return partial(visualization.occlusion_saliency, window=12, stride=stride, baseline=0.5)
    if name == "SmoothGrad":
        noise = run.generator("smooth")
        return partial(visualization.smoothgrad, samples=few, generator=noise)
    return {
        "saliency": visualization.saliency,
        "gradient × input": visualization.input_gradient_times_input,
        "integrated gradients": partial(visualization.integrated_gradients, steps=few),
        "deconvnet": visualization.deconvnet,
        "guided backprop": visualization.guided_backprop,
        "Grad-CAM": partial(visualization.grad_cam, layer="branches.1", upsample=True),
        "blob in the middle": lambda network, images, labels: blob(images),
    }[name]


def map_of(name: str, network: nn.Module, part: SceneDataset, run: Run) -> Tensor:
    """The maps (n, height, width) of scenes by one of METHODS."""
    return one_channel(method(name, run)(network, part.images, part.labels))


def percent_right(network: nn.Module, part: SceneDataset) -> float:
    """The network's accuracy on scenes, in percent."""
    with torch.no_grad():
        return 100 * float((network(part.images).argmax(1) == part.labels).float().mean())


@dataclass(frozen=True)
class Scores:
    """Maps of scenes, scored against the masks.

    Attributes:
        energy: energy inside the mask by method, one number per network: the mean over scenes.
        points: scores in the pointing game, in the same form.
        share: mean share of the picture inside the masks.
        accuracy: accuracy of the networks, in percent.
        scene: the first scene, (3, size, size).
        mask: the mask of its object, (size, size).
        maps: the first network's maps of this scene, by method.
    """

    energy: dict[str, np.ndarray]
    points: dict[str, np.ndarray]
    share: float
    accuracy: list[float]
    scene: Tensor
    mask: Tensor
    maps: dict[str, Tensor]

    def lead(self, score: str, name: str, other: str) -> np.ndarray:
        """By how much one method's score exceeds another's, for each network."""
        scores = getattr(self, score)
        return scores[name] - scores[other]


def score_methods(run: Run) -> Scores:
    """Score the maps of every method and network."""
    part, nets = judged(run), networks(run)
    masks = part.masks[:, 0]
    energy, points, maps = {}, {}, {}
    for name in METHODS:
        each = [map_of(name, network, part, run) for network in nets]
        energy[name] = _means(visualization.energy_inside, each, masks)
        points[name] = _means(visualization.pointing_game, each, masks)
        maps[name] = each[0][0]
    share = float(masks.float().mean())
    accuracy = [percent_right(network, part) for network in nets]
    return Scores(energy, points, share, accuracy, part.images[0], masks[0], maps)


def _means(score: Callable, each: list[Tensor], masks: Tensor) -> np.ndarray:
    return np.array([float(score(maps, masks).mean()) for maps in each])


@dataclass(frozen=True)
class Forgetting:
    """How maps change while layers are shuffled, from the top downwards.

    Some methods' maps have signs and others' have none, so all are compared by absolute values.

    Attributes:
        energy: energy inside the mask for each of FORGETTERS, (networks, DEPTHS), mean over
            several shuffles.
        ranks: rank correlation of the maps with two layers shuffled and with none, (networks,).
        share: mean share of the picture inside the masks.
    """

    energy: dict[str, np.ndarray]
    ranks: dict[str, np.ndarray]
    share: float

    def left_over(self, name: str) -> np.ndarray:
        """The fraction of a method's lead over the share that remains with two shuffled layers."""
        lead = self.energy[name] - self.share
        return lead[:, TWO] / lead[:, 0]


def shuffle_layers(run: Run) -> Forgetting:
    """Shuffle each network from the top, and score the maps each time."""
    part = judged(run).subset(slice(0, run.pick(quick=4, standard=20)))
    masks = part.masks[:, 0]
    energy, ranks = {}, {}
    for name in FORGETTERS:
        each = [_forget_step_by_step(name, k, part, run) for k in range(len(networks(run)))]
        energy[name], ranks[name] = (np.array(values) for values in zip(*each, strict=True))
    return Forgetting(energy, ranks, float(masks.float().mean()))


def _forget_step_by_step(
    name: str, k: int, part: SceneDataset, run: Run
) -> tuple[np.ndarray, float]:
    """One network's energies (DEPTHS,) and rank correlation, each a mean over the shuffles."""
    network, masks = networks(run)[k], part.masks[:, 0]
    whole = map_of(name, network, part, run).abs()
    energies, alike = [], []
    for shuffle in range(run.pick(quick=1, standard=1, full=SHUFFLES)):
        damaged = (forget(network, depth, (k, shuffle), run) for depth in DEPTHS[1:])
        maps = [whole, *(map_of(name, changed, part, run).abs() for changed in damaged)]
        energies.append(_means(visualization.energy_inside, maps, masks))
        alike.append(float(visualization.rank_correlation(whole, maps[TWO]).mean()))
    return np.mean(energies, axis=0), float(np.mean(alike))


def forget(network: nn.Module, depth: int, stream: tuple[int, int], run: Run) -> nn.Module:
    """A network with its `depth` topmost parts shuffled; `stream` numbers the random order."""
    if not depth:
        return network
    shuffle = run.generator("forget", *stream)
    return visualization.randomize_layers(network, TOPS[:depth], generator=shuffle)
