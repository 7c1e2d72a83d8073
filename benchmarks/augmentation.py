"""Crop, flip, color jitter and cutout of small pictures, against torchvision in three ways."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, TypeVar

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.v2 import functional as tv

from benchmarks.compare import CORES, Comparison
from benchmarks.networks import generator, pictures
from lib import augmentation

TITLE = "Augmentation"
PEERS = ("torchvision", "pillow")
ABOUT = (
    "2048 pictures of 32 × 32 pixels, in batches of 256: a crop of 32 pixels behind a padding of "
    "4, a flip, a jitter of brightness, contrast, saturation and hue, a cutout of 8 pixels. Both "
    "sides are handed the same random numbers, so they compute the same (Pillow within its 8 "
    "bits). Pillow is driven by torchvision's functions and a `DataLoader`. torchvision's "
    "functions on tensors take one picture at a time, or a batch with *one* draw for all of its "
    "pictures; that is less work, since ours has a draw for each."
)
COUNT, BATCH, SIDE, PADDING, HOLE = 2048, 256, 32, 4, 8
GRAY, BITS = 0.5, 0.01
Picture = TypeVar("Picture", Tensor, Image.Image)


class Numbers(NamedTuple):
    """The random draws: corners, flips, color factors and hue, a hole; numbers or (batch,)."""

    top: Tensor | int
    left: Tensor | int
    flip: Tensor | bool
    brightness: Tensor | float
    contrast: Tensor | float
    saturation: Tensor | float
    hue: Tensor | float
    hole_top: Tensor | int
    hole_left: Tensor | int


def comparisons() -> Iterator[Comparison]:
    """The three ways, and Pillow's with one process per core."""
    images = (255 * pictures(COUNT, SIDE)).round() / 255  # as Pillow holds them
    numbers = draw(COUNT)
    ours = partial(in_batches, batch_of_ours, images, numbers)
    for threads, workers in ((1, 0), (CORES, CORES)):
        yield Comparison(
            "crop, flip, jitter, cutout",
            "DataLoader and Pillow" + (f", {workers} workers" if workers else ""),
            ours,
            partial(all_batches, loader(images, numbers, workers)),
            threads=threads,
            same=assert_close_in_bits,
            rounds=5,
        )
    yield Comparison(
        "crop, flip, jitter, cutout",
        "torchvision, one picture at a time",
        ours,
        partial(in_batches, one_by_one, images, numbers),
        target=1.5,
        rounds=5,
    )
    one = Numbers(3, 6, True, 1.2, 0.7, 1.3, 0.05, 11, 20)
    alike = Numbers(*(torch.tensor(number).expand(COUNT) for number in one))
    yield Comparison(
        "crop, flip, jitter, cutout",
        "torchvision, one draw for the batch",
        partial(in_batches, batch_of_ours, images, alike),
        partial(in_batches, batch_of_theirs, images, one),
    )


def draw(count: int) -> Numbers:
    """Random draws for `count` pictures; the hole lies inside the picture."""
    g = generator()
    corners = torch.randint(2 * PADDING + 1, (2, count), generator=g)
    holes = torch.randint(SIDE - HOLE + 1, (2, count), generator=g)
    factors = 0.6 + 0.8 * torch.rand(3, count, generator=g)
    hue = 0.2 * torch.rand(count, generator=g) - 0.1
    return Numbers(*corners, torch.rand(count, generator=g) < 0.5, *factors, hue, *holes)


def in_batches(
    work: Callable[[Tensor, Numbers], Tensor], images: Tensor, numbers: Numbers
) -> Tensor:
    """Augment all pictures, one batch at a time."""
    parts = []
    for start in range(0, len(images), BATCH):
        rows = slice(start, start + BATCH)
        mine = Numbers(*(x[rows] if isinstance(x, Tensor) else x for x in numbers))
        parts.append(work(images[rows], mine))
    return torch.cat(parts)


def batch_of_ours(images: Tensor, numbers: Numbers) -> Tensor:
    """Augment a batch, each picture with its own numbers."""
    padded = functional.pad(images, [PADDING] * 4)
    images = augmentation.crop(padded, numbers.top, numbers.left, size=SIDE)
    images = augmentation.horizontal_flip(images, numbers.flip)
    images = augmentation.adjust_brightness(images, numbers.brightness)
    images = augmentation.adjust_contrast(images, numbers.contrast)
    images = augmentation.adjust_saturation(images, numbers.saturation)
    images = augmentation.adjust_hue(images, numbers.hue)
    return augmentation.erase(
        images, top=numbers.hole_top, left=numbers.hole_left, size=HOLE, fill=GRAY
    )


def batch_of_theirs(images: Tensor, numbers: Numbers) -> Tensor:
    """Augment a batch or a picture, all with the same numbers."""
    hole = (numbers.hole_top, numbers.hole_left, HOLE, HOLE, torch.full((3, 1, 1), GRAY))
    return tv.erase(moved_and_lit(images, numbers), *hole)


def one_by_one(images: Tensor, numbers: Numbers) -> Tensor:
    """Augment a batch, one picture after another."""
    rows = zip(images, *(x.tolist() for x in numbers), strict=True)
    return torch.stack([batch_of_theirs(image, Numbers(*mine)) for image, *mine in rows])


def moved_and_lit(picture: Picture, numbers: Numbers) -> Picture:
    """Apply everything except cutout, which torchvision has for tensors only."""
    picture = tv.crop(tv.pad(picture, [PADDING]), numbers.top, numbers.left, SIDE, SIDE)
    picture = tv.horizontal_flip(picture) if numbers.flip else picture
    picture = tv.adjust_brightness(picture, numbers.brightness)
    picture = tv.adjust_contrast(picture, numbers.contrast)
    picture = tv.adjust_saturation(picture, numbers.saturation)
    return tv.adjust_hue(picture, numbers.hue)


class Pictures(Dataset):
    """Pillow's pictures, augmented when they are read."""

    def __init__(self, images: Tensor, numbers: Numbers) -> None:
        self.pictures = [tv.to_pil_image(image) for image in images]
        self.numbers = [Numbers(*mine) for mine in zip(*(x.tolist() for x in numbers), strict=True)]

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, row: int) -> Tensor:
        numbers = self.numbers[row]
        image = tv.pil_to_tensor(moved_and_lit(self.pictures[row], numbers)).float() / 255
        hole = (numbers.hole_top, numbers.hole_left, HOLE, HOLE, torch.full((3, 1, 1), GRAY))
        return tv.erase(image, *hole)


def loader(images: Tensor, numbers: Numbers, workers: int) -> DataLoader:
    """A loader of the pictures, in this process or in persistent workers."""
    return DataLoader(
        Pictures(images, numbers), BATCH, num_workers=workers, persistent_workers=workers > 0
    )


def all_batches(batches: DataLoader) -> Tensor:
    """The pictures of one epoch."""
    return torch.cat(list(batches))


def assert_close_in_bits(ours: Tensor, theirs: Tensor) -> None:
    """Raise if pictures differ by more than rounding to 8 bits after each step explains."""
    difference = (ours - theirs).abs().mean()
    assert difference < BITS, f"pictures differ by {difference:.4f} in the mean"
