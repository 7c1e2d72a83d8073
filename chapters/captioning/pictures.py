"""The pictures of chapter 10 as a frozen network sees them, with their captions."""

import functools
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lib.datasets import captions
from lib.datasets.captions import Captions
from lib.datasets.scene_captions import KINDS, Scene
from lib.datasets.scenes import SceneDataset, load_scenes
from lib.models.pretrained import load_efficientnet_lite0
from lib.runtime import Run
from lib.visualization.activations import record_activations
from lib.workers import spread, worker_count

LAYER = "network.blocks.4"  # the last layer whose maps have enough rows and columns
SIZE, OBJECTS = 96, (1, 3)  # image size in pixels; fewest and most things in a picture
PART = 500  # number of pictures rendered at a time


@dataclass(frozen=True, eq=False)
class Pictures:
    """The training and test pictures of the captioners.

    Attributes:
        z: (n, D, H, W), standardized features of the training pictures, on the run's device.
        target: (n, longest), their captions, on the same device.
        test: the test pictures.
        z_test: their features, on the CPU.
        known: their captions, and the thing that each word refers to.
    """

    z: Tensor
    target: Tensor
    test: SceneDataset
    z_test: Tensor
    known: Captions

    @property
    def things(self) -> Tensor:
        """How many things each test picture holds."""
        return torch.tensor([len(scene.objects) for scene in self.test.scenes])

    @property
    def said(self) -> Tensor:
        """Mask of the words in the test captions, including the end token."""
        return self.known.target != 0

    def words_of(self, kind: str) -> Tensor:
        """Mask of the words of one kind of `KINDS` in the test captions."""
        return captions.words_of(self.known.target, KINDS[kind], captions.caption_vocabulary())

    def words_about(self, *words: str) -> Tensor:
        """Mask of these words in the test captions."""
        return captions.words_of(self.known.target, words, captions.caption_vocabulary())


@functools.lru_cache(maxsize=2)
def frozen_network(device: torch.device) -> nn.Module:
    """EfficientNet-Lite0, trained on photographs."""
    return load_efficientnet_lite0().to(device).to(memory_format=torch.channels_last)


def see(images: Tensor, device: torch.device) -> Tensor:
    """The features (n, D, H, W) of images (n, 3, height, width), on the device."""
    images = images.to(device).contiguous(memory_format=torch.channels_last)
    network = frozen_network(device)
    return record_activations(network, images, [LAYER], batch_size=50)[LAYER].contiguous()


def render(run: Run, part: int) -> tuple[Tensor, tuple[Scene, ...]]:
    """The features of one part of the training pictures, on the CPU, and their scenes."""
    g = run.generator("train", part)
    scenes = load_scenes(PART, generator=g, size=SIZE, objects=OBJECTS)
    return see(scenes.images, run.device).cpu(), scenes.scenes


def load_test(run: Run) -> SceneDataset:
    """The test pictures."""
    count = run.pick(quick=60, standard=500)
    return load_scenes(count, generator=run.generator("test"), size=SIZE, objects=OBJECTS)


@functools.lru_cache(maxsize=2)
def pictures(run: Run) -> Pictures:
    """The pictures of a run; features are standardized with the training pictures' statistics."""
    made = spread(
        functools.partial(render, run),
        range(run.pick(quick=1, standard=5, full=10)),
        workers=run.pick(quick=1, standard=worker_count(run)),
        progress="features",
    )
    described = captions.as_captions([scene for _, scenes in made for scene in scenes])
    z = torch.cat([features for features, _ in made]).to(run.device)
    mean, std = (f(z, dim=(0, 2, 3), keepdim=True) for f in (torch.mean, torch.std))
    test = load_test(run)
    return Pictures(
        (z - mean) / std,
        described.target.to(run.device),
        test,
        ((see(test.images, run.device) - mean) / std).cpu(),
        captions.as_captions(test.scenes),
    )
