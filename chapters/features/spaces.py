"""Neighbors in pixel and feature spaces, for shifted pictures, and on two-dimensional maps."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from chapters.features.networks import galleries, trained, untrained
from lib import visualization
from lib.models.pretrained import load_photo_classifier
from lib.runtime import Run

NEIGHBORS = 5
PERPLEXITY = 15
MOVES = (0, 4, 8, 16)  # pixels of 64, to the right
SPACES = ("pixels", "untrained", "features", "ImageNet", "averaged")


def nearest(F: Tensor, queries: Tensor | None = None) -> Tensor:
    """The rows of F nearest to each query, excluding itself, (n, NEIGHBORS).

    Args:
        queries: (n, d), the rows of F, possibly changed; None means F itself.
    """
    queries = F if queries is None else queries
    return visualization.nearest_neighbors(F, queries, NEIGHBORS, exclude_self=True).indices


def share(labels: Tensor, F: Tensor, queries: Tensor | None = None) -> float:
    """Percent of the nearest neighbors that have the query's label."""
    near = nearest(F, queries)
    return 100 * (labels[near] == labels[:, None]).float().mean().item()


def kept(F: Tensor, Y: Tensor) -> float:
    """Percent of the nearest neighbors in F that are among the nearest on the map Y."""
    in_space, on_map = nearest(F), nearest(Y)
    return 100 * (in_space[:, :, None] == on_map[:, None]).any(dim=2).float().mean().item()


def shifted(images: Tensor, by: int) -> Tensor:
    """Images moved to the right; their left edge is repeated."""
    padded = functional.pad(images, (by, 0, 0, 0), mode="replicate")
    return padded[..., : images.shape[-1]].to(images.dtype)  # autocast pads in float32


def vectors(space: str, images: Tensor, s: int, photo_net: nn.Module, run: Run) -> Tensor:
    """The vectors (n, d) of images in one of SPACES, with the s-th small network."""
    if space == "pixels":
        return images.flatten(1)
    if space == "averaged":  # the last maps, each averaged over all places
        return visualization.feature_vectors(trained(run)[s], images, layer="pools.1")
    if space == "ImageNet":
        return visualization.feature_vectors(photo_net, images)
    network = (untrained if space == "untrained" else trained)(run)[s]
    return visualization.feature_vectors(network, images)


def move_scenes(run: Run, model: str = "efficientnet_lite0") -> dict[str, np.ndarray]:
    """The share of neighbors of one class for each space, in percent, (networks, MOVES).

    Queries are shifted; the searched pictures are not.
    """
    photo_net = load_photo_classifier(model).to(run.device)
    shares = {name: np.empty((len(galleries(run)), len(MOVES))) for name in SPACES}
    for name, values in shares.items():
        for s, gallery in enumerate(galleries(run)):
            F = vectors(name, gallery.images, s, photo_net, run)
            for m, by in enumerate(MOVES):
                images = shifted(gallery.images, by)
                moved = vectors(name, images, s, photo_net, run) if by else F
                values[s, m] = share(gallery.labels, F, moved)
    return shares


def flatten_features(run: Run) -> dict[str, np.ndarray]:
    """Percent of the nearest neighbors in feature space that a map keeps, one for each network."""
    found = {"PCA": [], "t-SNE": []}
    for s, gallery in enumerate(galleries(run)):
        F = visualization.feature_vectors(trained(run)[s], gallery.images).cpu()
        g = run.generator("t-SNE", s)
        places = visualization.tsne_layout(F, perplexity=PERPLEXITY, generator=g)
        found["PCA"].append(kept(F, visualization.principal_components(F).coordinates))
        found["t-SNE"].append(kept(F, places))
    return {name: np.array(values) for name, values in found.items()}


def clouds(kind: str, g: torch.Generator, n: int = 50) -> tuple[Tensor, Tensor]:
    """Points (3 n, 10) and the group of each."""
    points, groups = torch.randn(3 * n, 10, generator=g), torch.arange(3).repeat_interleave(n)
    if kind == "far and near":
        points[:, 0] += torch.tensor([0.0, 20, 120])[groups]
    elif kind == "tight and wide":
        points *= torch.tensor([0.3, 1.0, 3.0])[groups][:, None]
        points[:, 0] += torch.tensor([0.0, 15, 40])[groups]
    elif kind == "one cloud":
        groups = torch.zeros(3 * n, dtype=torch.int64)
    else:  # a curve
        t = torch.linspace(0, 2 * torch.pi, 3 * n)
        points = 0.1 * points
        points[:, :2] += 4 * torch.stack([t.cos(), (2 * t).sin()], dim=1)
    return points, groups


def draw_clouds(run: Run) -> dict[str, np.ndarray]:
    """How t-SNE changes gaps and sizes, one value for each draw of the clouds.

    "gaps": B to C over A to B, truly 5; "sizes": the widest cloud over the tightest, truly 10.
    """
    gaps, sizes = [], []
    for s in range(run.pick(quick=3, standard=5)):
        g = run.generator("clouds", s)
        points, groups = clouds("far and near", g)
        y = visualization.tsne_layout(points, perplexity=20, generator=g)
        A, B, C = (y[groups == i].mean(dim=0) for i in range(3))
        gaps.append(float((C - B).norm() / (B - A).norm()))
        points, groups = clouds("tight and wide", g)
        y = visualization.tsne_layout(points, perplexity=20, generator=g)
        spread = [y[groups == i].std(dim=0).norm() for i in range(3)]
        sizes.append(float(spread[2] / spread[0]))
    return {"gaps": np.array(gaps), "sizes": np.array(sizes)}
