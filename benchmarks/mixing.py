"""Mixup and cutout of a batch, against timm and torchvision."""

from collections.abc import Iterator

import numpy as np
import torch
from timm.data.mixup import Mixup
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from benchmarks.compare import Comparison
from benchmarks.networks import CLASSES, generator, pictures
from lib.augmentation import blend, erase

TITLE = "Mixup and cutout"
PEERS = ("timm", "torchvision")
ABOUT = (
    "A batch of 256 pictures of 32 × 32 pixels and their labels. Both sides mix the same pairs by "
    "the same λ, and cut the same squares of 8 pixels. Ours can take a λ for each pair: so can "
    "timm, one pair after another. With *one* λ for the batch timm and torchvision have less to "
    "do, and timm writes into the batch it was given, which ours leaves as it was: no target there."
)
BATCH, SIDE, HOLE, ALPHA, GRAY = 256, 32, 8, 0.2, 0.5


def comparisons() -> Iterator[Comparison]:
    """Mixup in three ways, then cutout."""
    images, labels = pictures(BATCH, SIDE), torch.arange(BATCH) % CLASSES
    reverse, previous = torch.arange(BATCH).flip(0), torch.arange(BATCH).roll(1)
    each = torch.from_numpy(np.random.RandomState(0).beta(ALPHA, ALPHA, BATCH))
    one = 0.3
    theirs = Torchvision(one)

    def ours(lam: Tensor | float, partner: Tensor) -> tuple[Tensor, Tensor]:
        return blend(images, functional.one_hot(labels, CLASSES).float(), lam=lam, partner=partner)

    yield Comparison(
        "mixup, a λ for each pair",
        "timm, elementwise",
        lambda: ours(each, reverse),
        Timm(images, labels, each).mix,
        target=1.0,
    )
    yield Comparison(
        "mixup, one λ",
        "timm",
        lambda: ours(one, reverse),
        Timm(images, labels, one).mix,
    )
    yield Comparison(
        "mixup, one λ",
        "torchvision",
        lambda: ours(one, previous),
        lambda: theirs(images, labels),
    )
    top, left = torch.randint(SIDE - HOLE + 1, (2, BATCH), generator=generator())
    yield Comparison(
        "cutout",
        "torchvision",
        lambda: erase(images, top=top, left=left, size=HOLE, fill=GRAY),
        lambda: erased_by_torchvision(images, top, left),
        target=1.0,
    )


def erased_by_torchvision(images: Tensor, top: Tensor, left: Tensor) -> Tensor:
    """The pictures with a square erased from each, one after another."""
    corners, gray = zip(top.tolist(), left.tolist(), strict=True), torch.full((3, 1, 1), GRAY)
    erased = [
        tv.erase(image, *corner, HOLE, HOLE, gray)
        for image, corner in zip(images, corners, strict=True)
    ]
    return torch.stack(erased)


class Torchvision(v2.MixUp):
    """torchvision's mixup with a given λ."""

    def __init__(self, lam: float) -> None:
        super().__init__(num_classes=CLASSES)
        self.lam = lam

    def make_params(self, flat_inputs: list[Tensor]) -> dict[str, float]:
        return {"lam": self.lam}


class Timm(Mixup):
    """timm's mixup of its own batch with a given λ, which mixes its earlier result again."""

    def __init__(self, images: Tensor, labels: Tensor, lam: Tensor | float) -> None:
        mode = "elem" if isinstance(lam, Tensor) else "batch"
        super().__init__(ALPHA, mode=mode, label_smoothing=0, num_classes=CLASSES)
        self.images, self.labels, self.lam = images.clone(), labels, lam

    def mix(self) -> tuple[Tensor, Tensor]:
        """The mixed images and labels."""
        return self(self.images, self.labels)

    def _params_per_elem(self, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        return self.lam.float().numpy(), np.zeros(batch_size, dtype=bool)

    def _params_per_batch(self) -> tuple[float, bool]:
        return self.lam, False
