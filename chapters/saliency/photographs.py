"""Photographs, and how their maps change when the network's last layer is shuffled."""

import torch
from torch import Tensor, nn

from lib import augmentation, visualization
from lib.datasets.photos import load_photo
from lib.models.pretrained import load_photo_classifier
from lib.runtime import Run

NAMES = ("motorcycle", "coffee", "chelsea")
SHIFTS = ((0, 0), (5, 2), (1, 4), (4, 6))  # pixels down and to the right


def square(name: str, size: int = 224) -> Tensor:
    """The middle of a photograph, (1, 3, size, size)."""
    photo = augmentation.resize_short_side(load_photo(name)[None], size)
    top, left = ((side - size) // 2 for side in photo.shape[-2:])
    return augmentation.crop(photo, top, left, size=size)


def one_channel(maps: Tensor) -> Tensor:
    """Maps (n, height, width); of maps with colors, each pixel's largest absolute value."""
    return visualization.channel_maximum(maps) if maps.ndim == 4 else maps


def shuffled(classifier: nn.Module, part: float, run: Run) -> nn.Module:
    """The network with the weights of its topmost layers shuffled, each within itself.

    Args:
        part: a whole number of layers, or a float, the fraction of those that have weights.
    """
    layers = [n for n, m in classifier.named_modules() if list(m.parameters(recurse=False))]
    count = part if isinstance(part, int) else int(part * len(layers))
    if not count:
        return classifier
    generator = run.generator("shuffle")
    return visualization.randomize_layers(classifier, layers[::-1][:count], generator=generator)


def compare_after_shuffle(run: Run, model: str = "efficientnet_lite0") -> dict[str, list[float]]:
    """How similar a photograph's maps are before and after the last layer is shuffled.

    Rank correlations over pixels, one for each photograph, by method.
    """
    classifier = load_photo_classifier(model).to(run.device)
    damaged = shuffled(classifier, 1, run)
    found = {"guided backprop": [], "saliency": []}
    rules = (visualization.guided_backprop, visualization.saliency)
    for name in NAMES[: run.pick(quick=1, standard=3)]:
        x = square(name).to(run.device)
        with torch.no_grad():
            target = int(classifier(x).argmax())
        for kept, rule in zip(found.values(), rules, strict=True):
            maps = [one_channel(rule(network, x, target)) for network in (classifier, damaged)]
            kept.append(float(visualization.rank_correlation(*maps)))
    return found
