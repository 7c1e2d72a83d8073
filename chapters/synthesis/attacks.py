"""Attacks on small networks: trained as usual, adversarially trained, and behind a blur."""

from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np
import torch
from torch import Tensor, nn

from lib import models, visualization
from lib.datasets.scenes import SceneDataset, load_scenes
from lib.runtime import Run
from lib.training import SGD, accuracy, fit, minibatches, predict
from lib.visualization import transforms
from lib.workers import spread, worker_count

EPSILON = 4  # in 1/255, the size that claims refer to
ATTACKS = ("random signs", "FGSM", "PGD")
BLUR = ("attacked", "blurred, the same attack", "blurred, adaptive attack", "blurred, no attack")


@dataclass(frozen=True)
class Attacked:
    """Accuracy in percent of networks trained as usual.

    Attributes:
        sizes: the largest change of a pixel, in 1/255; 0 is no attack.
        accuracy: by attack, (seeds, sizes).
        blurred: by case of `BLUR`, one number per seed.
    """

    sizes: tuple[float, ...]
    accuracy: dict[str, np.ndarray]
    blurred: dict[str, np.ndarray]


@dataclass(frozen=True)
class Hardened:
    """Accuracy in percent under PGD, (seeds, sizes), of networks trained in two ways.

    Attributes:
        sizes: the largest change of a pixel, in 1/255; 0 is no attack.
        plain: trained as usual.
        hard: trained against one step of PGD.
    """

    sizes: tuple[float, ...]
    plain: np.ndarray
    hard: np.ndarray


class Blurred(nn.Module):
    """A network that sees its images blurred.

    Args:
        network: the network to protect.
        sigma: standard deviation of the blur, in pixels.
    """

    def __init__(self, network: nn.Module, sigma: float = 1.0):
        super().__init__()
        self.network, self.sigma = network, sigma

    def forward(self, images: Tensor) -> Tensor:
        """The network's scores for the blurred images."""
        return self.network(transforms.gaussian_blur(images, self.sigma))


def attack_networks(run: Run) -> Attacked:
    """Train small networks as usual; attack them, bare and with a blur in front."""
    seeds = seeds_of(run)
    done = spread(partial(_attack_plain, run), seeds, workers=worker_count(run))
    return Attacked(
        sizes_of(run),
        {attack: np.array([accuracy[attack] for accuracy, _ in done]) for attack in ATTACKS},
        {case: np.array([blurred[case] for _, blurred in done]) for case in BLUR},
    )


def harden_networks(run: Run) -> Hardened:
    """Train small networks as usual and against PGD, and attack both by PGD."""
    jobs = [(hard, seed) for seed in seeds_of(run) for hard in (False, True)]
    done = np.array(spread(partial(_attack_by_pgd, run), jobs, workers=worker_count(run)))
    return Hardened(sizes_of(run), done[::2], done[1::2])


def seeds_of(run: Run) -> range:
    """The seeds: one network for the page's figure, three for the evidence."""
    return range(run.pick(quick=1, standard=1, full=3))


def sizes_of(run: Run) -> tuple[float, ...]:
    """The sizes of the attacks, in 1/255."""
    return run.pick(quick=(0, EPSILON), standard=(0, 1, 2, EPSILON, 8))


def scenes_of(run: Run) -> tuple[SceneDataset, SceneDataset]:
    """The scenes for training the small networks, and the scenes to attack."""
    sizes = {"train": run.pick(quick=500, standard=3000), "test": run.pick(quick=50, standard=200)}
    train, test = (
        load_scenes(n, generator=run.generator(part), device=run.device)
        for part, n in sizes.items()
    )
    return train, test


def train(
    scenes: SceneDataset, seed: int, run: Run, *, hard: bool = False, epsilon: float = 8 / 255
) -> nn.Module:
    """Train a small network; if `hard`, against one random step of PGD whose size ramps up."""
    updates = run.pick(quick=20, standard=400)
    net = models.ConvNet(3, 10, generator=run.generator("net", seed)).to(run.device)
    noise, done = run.generator("attack", seed), count(1)

    def harden(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        e = epsilon * max(0, next(done) / updates - 0.25) / 0.75
        step = {"steps": 1, "step_size": 1.25 * e, "generator": noise}
        return visualization.pgd(net, x, y, epsilon=e, **step), y

    fit(
        net,
        scenes.images,
        scenes.labels,
        optimizer=SGD(net.parameters(), lr=0.05, momentum=0.9, decay_steps=updates),
        batches=minibatches(len(scenes), 64, updates, [run.generator("order", seed)]),
        transform=harden if hard else None,
    )
    return net


def attack_by(name: str, net: nn.Module, scenes: SceneDataset, epsilon: float, run: Run) -> Tensor:
    """The images of the scenes after an attack on the network."""
    x, y = scenes.images, scenes.labels
    if not epsilon:
        return x
    if name == "random signs":
        signs = torch.randn(x.shape, generator=run.generator("signs")).sign().to(x)
        return (x + epsilon * signs).clamp(0, 1)
    if name == "FGSM":
        return visualization.fgsm(net, x, y, epsilon=epsilon)
    small = {"steps": run.pick(quick=2, standard=10), "step_size": epsilon / 4}
    return visualization.pgd(net, x, y, epsilon=epsilon, **small)


def _right(net: nn.Module, x: Tensor, test: SceneDataset) -> float:
    """Accuracy in percent with the test pictures replaced by x."""
    return 100 * float(accuracy(predict(net, x), test.labels))


def _attack_plain(run: Run, seed: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Accuracy of one network by attack, at each size; and by case of `BLUR`."""
    scenes, test = scenes_of(run)
    net = train(scenes, seed, run)
    left = {attack: _by_size(attack, net, test, run) for attack in ATTACKS}
    shielded = Blurred(net)
    unaware, adaptive = (attack_by("PGD", f, test, EPSILON / 255, run) for f in (net, shielded))
    cases = ((net, unaware), (shielded, unaware), (shielded, adaptive), (shielded, test.images))
    return left, {case: _right(*pair, test) for case, pair in zip(BLUR, cases, strict=True)}


def _attack_by_pgd(run: Run, job: tuple[bool, int]) -> list[float]:
    """Accuracy of one network under PGD at each size."""
    scenes, test = scenes_of(run)
    hard, seed = job
    return _by_size("PGD", train(scenes, seed, run, hard=hard), test, run)


def _by_size(attack: str, net: nn.Module, test: SceneDataset, run: Run) -> list[float]:
    return [_right(net, attack_by(attack, net, test, e / 255, run), test) for e in sizes_of(run)]
