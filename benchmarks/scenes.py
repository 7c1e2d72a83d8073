"""Scenes rendered as one batch, against two peers that render one after another.

The first peer renders the same pictures. The second, Pillow, draws less: the main object and its
mask on a uniform background, with no texture, clutter, light or noise.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image, ImageDraw
from skimage.measure import find_contours

from benchmarks.compare import Comparison
from benchmarks.networks import generator
from lib.datasets.scene_rendering import render
from lib.datasets.scene_sampling import SceneNumbers, draw_scenes
from lib.datasets.scene_shapes import DISTANCES
from lib.datasets.scenes import Scene, SceneDataset, caption, load_scenes

TITLE = "Scenes"
PEERS = ("pillow", "scikit-image")
ABOUT = (
    "The data set of rendered scenes: pictures of 32 × 32 pixels with masks and captions. Nobody "
    "else makes them, so there is no target. One peer is the same renderer, a scene at a time; "
    "the other, Pillow, draws less: the main object and its mask on an even ground, with no "
    "texture, clutter, light or noise."
)
COUNT, FEW, SIZE, FINER, CORNERS = 10_000, 1000, 32, 4, 72


def comparisons() -> Iterator[Comparison]:
    """Both peers."""
    numbers = draw_scenes(FEW, objects=(1, 1), bias=0.0, generator=generator())
    yield Comparison(
        f"{FEW} pictures",
        "one scene at a time",
        lambda: render(numbers, SIZE)[0],
        lambda: one_by_one(numbers),
        rounds=3,
        images=FEW,
    )
    scenes = ours().scenes
    yield Comparison(
        f"{COUNT:,} pictures, masks and captions",
        "Pillow, which draws less",
        ours,
        lambda: pillow(scenes),
        same=assert_same_masks,
        rounds=3,
        images=COUNT,
    )


def ours() -> SceneDataset:
    """The data set with everything that belongs to it."""
    return load_scenes(COUNT, generator=generator(), size=SIZE)


def one_by_one(numbers: SceneNumbers) -> torch.Tensor:
    """Pictures (n, 3, size, size), each rendered alone."""
    cpu = torch.device("cpu")
    rows = (numbers.rows(row, row + 1, cpu) for row in range(len(numbers.light)))
    return torch.cat([render(row, SIZE)[0] for row in rows])


def pillow(scenes: tuple[Scene, ...]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Images (n, size, size, 3), masks (n, size, size) and captions of the same scenes."""
    outlines = {name: outline(name) for name in DISTANCES}
    images = np.empty((len(scenes), SIZE, SIZE, 3), np.float32)
    masks = np.empty((len(scenes), SIZE, SIZE), bool)
    for row, scene in enumerate(scenes):
        picture, cover = draw(scene, outlines[scene.objects[0].shape])
        images[row], masks[row] = np.asarray(picture) / 255, np.asarray(cover) >= 128
    return images, masks, [caption(scene) for scene in scenes]


def draw(scene: Scene, loops: list[np.ndarray]) -> tuple[Image.Image, Image.Image]:
    """The picture and the main object's mask, drawn larger and downscaled for anti-aliasing."""
    thing = scene.objects[0]
    side, turn = SIZE * FINER, math.radians(thing.angle)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    cover = Image.new("L", (side, side))
    pen = ImageDraw.Draw(cover)
    for fill, loop in zip((255, 0), loops, strict=False):
        points = (loop @ rotation * thing.size / 2 + (thing.x, thing.y)) * side
        pen.polygon([tuple(point) for point in points], fill=fill)
    cover = cover.resize((SIZE, SIZE), Image.Resampling.BOX)
    picture = Image.new("RGB", (SIZE, SIZE), (200, 190, 180))
    picture.paste((220, 40, 40), mask=cover)
    return picture, cover


def outline(name: str) -> list[np.ndarray]:
    """A shape as loops of points (n, 2) where its distance is zero; the second loop is a hole."""
    line = torch.linspace(-1.2, 1.2, 241, dtype=torch.float64)
    y, x = torch.meshgrid(line, line, indexing="ij")
    loops = find_contours(DISTANCES[name](x, y).numpy(), 0.0)
    return [
        loop[:: max(1, len(loop) // CORNERS), ::-1] / 100 - 1.2
        for loop in sorted(loops, key=len, reverse=True)
    ]


def assert_same_masks(
    dataset: SceneDataset, drawn: tuple[np.ndarray, np.ndarray, list[str]]
) -> None:
    """Raise unless both sides show the same objects at the same places, with the same captions."""
    masks = dataset.masks[:, 0].numpy()
    overlap = (masks & drawn[1]).sum() / (masks | drawn[1]).sum()
    assert overlap > 0.95, f"masks overlap by {overlap:.3f}"
    assert list(dataset.captions) == drawn[2]
