"""Scenes: rendered color images of objects, with masks, descriptions and captions.

The data is generated, not collected, so everything about a picture is known (datasheets.md says
more). `scene_sampling` defines what varies, and by how much.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lib.datasets.images import ImageDataset
from lib.datasets.scene_captions import (
    BACKGROUNDS,
    COLORS,
    SHAPES,
    TEXTURES,
    Scene,
    SceneObject,
    caption,
    mirror,
    vocabulary,
)
from lib.datasets.scene_rendering import NOISE, render
from lib.datasets.scene_sampling import MAIN, SHIFTS, SceneNumbers, draw_scenes, shift_scenes

__all__ = [
    "CLASSES",
    "SHIFTS",
    "Scene",
    "SceneDataset",
    "SceneObject",
    "caption",
    "load_scenes",
    "vocabulary",
]

CLASSES = SHAPES
MOST_OBJECTS = max(MAIN)
CHUNK = 512 * 32 * 32  # pixels rendered at once


@dataclass(frozen=True, eq=False)
class SceneDataset(ImageDataset):
    """Images of scenes, labeled with the main object's shape.

    Attributes:
        masks: (n, 1, size, size) bool, the main object's visible pixels.
        object_masks: (n, size, size) int8, 0 for the background, k for the k-th object.
        scenes: what is in each picture; its first object has the true class.
        captions: a sentence about each picture.
    """

    masks: Tensor
    object_masks: Tensor
    scenes: tuple[Scene, ...]
    captions: tuple[str, ...]

    def subset(self, indices: Tensor | slice) -> "SceneDataset":
        """The rows at these indices, in the order given."""
        rows = torch.arange(len(self))[indices.cpu() if isinstance(indices, Tensor) else indices]
        return SceneDataset(
            self.images[indices],
            self.labels[indices],
            self.classes,
            self.masks[indices],
            self.object_masks[indices],
            tuple(self.scenes[row] for row in rows.tolist()),
            tuple(self.captions[row] for row in rows.tolist()),
        )


def load_scenes(
    count: int,
    *,
    generator: torch.Generator,
    size: int = 32,
    objects: tuple[int, int] = (1, 1),
    shift: str | None = None,
    shift_strength: float = 1.0,
    bias: float = 0.0,
    label_noise: float = 0.0,
    device: str | torch.device = "cpu",
) -> SceneDataset:
    """Newly rendered scenes (count, 3, size, size) with labels, masks, descriptions and captions.

    In the training distribution (`shift=None`) a single object is near the middle and nearly
    upright; arrows, crescents, flags and fish face one way; light comes from the upper left. A
    shift changes one of these; with the same generator state the scenes are otherwise the same, so
    results are paired. Scenes depend on `count`, too: with another count, the first rows differ.

    Args:
        count: number of scenes, at least 1.
        generator: a CPU generator; the same state gives the same scenes on every device, and also
            at every `size`, except for the sensor noise.
        size: pixels on a side, at least 16.
        objects: lowest and highest number of objects; the first, largest one gives the label.
        shift: "mirrored" (the whole picture), "moved" (off the middle), "rescaled" (smaller or
            larger), "relit" (from the other side, dimmer, warmer), "rotated" (by 45 to 135°).
        shift_strength: 1 for these shifts, less for milder ones; "mirrored" ignores it.
        bias: probability that the background is the one tied to the class (class k to background
            k); otherwise it is drawn from all.
        label_noise: fraction of the labels that are replaced by another class; `scenes` keeps the
            true class.
        device: where scenes are rendered and stay.

    Raises:
        ValueError: a number out of range, or an unknown shift.

    Cost: at 32 × 32, about 0.2 ms and 14 kB per scene on one core.
    """
    _check(count, size, objects, shift, shift_strength, bias, label_noise)
    numbers = draw_scenes(count, objects=objects, bias=bias, generator=generator)
    numbers = shift_scenes(numbers, shift, shift_strength, generator=generator)
    labels = _labels(numbers.shape[:, 0], label_noise, generator)
    images, owners = _render_in_chunks(numbers, size, torch.device(device), generator)
    scenes = tuple(_describe(numbers))
    captions = tuple(caption(scene) for scene in scenes)
    masks = (owners == 1).unsqueeze(1)
    return SceneDataset(images, labels.to(device), CLASSES, masks, owners, scenes, captions)


def _check(count, size, objects, shift, shift_strength, bias, label_noise) -> None:
    if count < 1 or size < 16:
        raise ValueError(f"expected a count from 1 and a size from 16; got {count} and {size}")
    if not (1 <= objects[0] <= objects[1] <= MOST_OBJECTS):
        raise ValueError(
            f"objects must be (lowest, highest) between 1 and {MOST_OBJECTS}; got {objects}"
        )
    if shift is not None and shift not in SHIFTS:
        raise ValueError(f"shift must be None or one of {', '.join(SHIFTS)}; got {shift!r}")
    if not shift_strength >= 0:
        raise ValueError(f"shift_strength must be at least 0; got {shift_strength}")
    for name, value in {"bias": bias, "label_noise": label_noise}.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be between 0 and 1; got {value}")


def _labels(truth: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """The labels, with a fraction replaced by another class."""
    order = torch.randperm(len(truth), generator=generator)
    other = torch.randint(1, len(CLASSES), truth.shape, generator=generator)
    wrong = order[: round(noise * len(truth))]
    labels = truth.clone()
    labels[wrong] = (truth[wrong] + other[wrong]) % len(CLASSES)
    return labels


def _render_in_chunks(
    numbers: SceneNumbers, size: int, device: torch.device, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Images and object masks of all scenes, with noise; chunks bound the memory."""
    count, step = len(numbers.light), max(1, CHUNK // size**2)
    images = torch.empty(count, 3, size, size, device=device)
    owners = torch.empty(count, size, size, dtype=torch.int8, device=device)
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        images[part], owners[part] = render(numbers.rows(part.start, part.stop, device), size)
        noise = torch.randn(images[part].shape, generator=generator).to(device)
        images[part] += NOISE * noise
    return images.clamp_(0, 1), owners


def _describe(numbers: SceneNumbers) -> list[Scene]:
    """One description per scene, as seen in its picture."""
    columns = ("shape", "color", "texture", "size", "x", "y", "angle")
    per_object = [getattr(numbers, name).tolist() for name in columns]
    counts = numbers.present.sum(dim=1).tolist()
    rest = (numbers.background, numbers.light, numbers.brightness, numbers.mirrored)
    scenes = []
    for row, (ground, light, brightness, mirrored) in enumerate(
        zip(*(part.tolist() for part in rest), strict=True)
    ):
        objects = []
        for k in range(counts[row]):
            shape, color, texture, *where = (values[row][k] for values in per_object)
            objects.append(SceneObject(SHAPES[shape], COLORS[color], TEXTURES[texture], *where))
        scene = Scene(tuple(objects), BACKGROUNDS[ground], light, brightness)
        scenes.append(mirror(scene) if mirrored else scene)
    return scenes
