"""What channels look for: rough first filters, and the purity of a channel's best pictures."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from chapters.features.networks import searched, trained, untrained
from lib import visualization
from lib.runtime import Run

LAYERS = {
    "stem": "stem",
    "widen": "widen",
    "branches.0.0": "block 1",
    "branches.1.0": "block 2",
    "hidden": "hidden",
}
BEST = 9  # number of pictures per channel


def roughness(run: Run) -> dict[str, list[Tensor]]:
    """The roughness of each first filter, (filters,) for every network, by kind of network."""
    kinds = {"untrained": untrained(run), "trained": trained(run)}
    return {
        kind: [
            visualization.roughness(visualization.first_layer_filters(network)).cpu()
            for network in networks
        ]
        for kind, networks in kinds.items()
    }


@dataclass(frozen=True)
class Purity:
    """How pure a channel's nine best pictures are, layer by layer.

    Attributes:
        trained, untrained: purity in percent, averaged over channels, (networks, LAYERS).
        chance: purity of nine random pictures, in percent.
    """

    trained: np.ndarray
    untrained: np.ndarray
    chance: float


def purity(labels: Tensor) -> float:
    """Mean share, in percent, of the most frequent of ten classes in labels (9, channels)."""
    counts = functional.one_hot(labels, 10).sum(dim=0)
    return 100 * (counts.amax(dim=1) / len(labels)).mean().item()


def measure_purity(run: Run) -> Purity:
    """The purity of every network's layers, and that of random pictures."""
    guess = torch.randint(10, (BEST, 20_000), generator=run.generator("guess"))
    return Purity(
        np.array([purities(network, run) for network in trained(run)]),
        np.array([purities(network, run) for network in untrained(run)]),
        purity(guess),
    )


def purities(network: nn.Module, run: Run) -> list[float]:
    """The purity of each layer's channels, averaged."""
    data = searched(run)
    recorded = visualization.record_activations(network, data.images, list(LAYERS))
    peaks = [z.flatten(2).amax(dim=2) if z.ndim == 4 else z for z in recorded.values()]
    # Sorted, since topk leaves open which of equals it takes; many pictures leave a channel at 0.
    orders = [peak.sort(dim=0, descending=True, stable=True).indices for peak in peaks]
    return [purity(data.labels[order[:BEST]]) for order in orders]
