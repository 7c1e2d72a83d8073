"""Every augmentation of `lib` and of the chapters' rooms, called with images of any size."""

import ast
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from chapters.augmentation.controls import mirror_as_new_classes
from chapters.augmentation.training import AUGMENTATIONS
from chapters.features.spaces import shifted
from chapters.hyperparameters import ward
from chapters.regularization import contest
from chapters.regularization.combining import combine
from lib import augmentation as a
from tools.chapters import ROOT

Call = Callable[[Tensor, torch.Generator], object]
CLASSES = 5


def amounts(images: Tensor, generator: torch.Generator, low: float, high: float) -> Tensor:
    """A float32 number for each image, the same for images of any dtype."""
    return low + (high - low) * torch.rand(len(images), generator=generator)


def pairs(images: Tensor, generator: torch.Generator, low: float, high: float) -> Tensor:
    return torch.stack([amounts(images, generator, low, high) for _ in range(2)], -1)


def labels_of(images: Tensor) -> Tensor:
    return torch.arange(len(images)) % CLASSES


def short(images: Tensor) -> int:
    """Half of the short side."""
    return min(images.shape[-2:]) // 2


def corners(images: Tensor, generator: torch.Generator, size: int) -> list[Tensor]:
    return [
        torch.randint(side - size + 1, (len(images),), generator=generator)
        for side in images.shape[-2:]
    ]


class FirstPixel(nn.Module):
    """Logits that are two channels of the first pixel, in any dtype."""

    def forward(self, images: Tensor) -> Tensor:
        return images[:, :2, 0, 0]


def _crop(x: Tensor, g: torch.Generator) -> object:
    return a.crop(x, *corners(x, g, short(x)), size=short(x))


def _erase(x: Tensor, g: torch.Generator) -> object:
    top, left = corners(x, g, 1)
    return a.erase(x, top=top, left=left, size=short(x), fill=0.3)


def _resized_crop(x: Tensor, g: torch.Generator) -> object:
    height, width = x.shape[-2:]
    box = {"top": 0.3 * height, "left": 0.2 * width, "height": 0.6 * height, "width": 0.7 * width}
    return a.resized_crop(x, **box, size=29)


def _random_scale_crop(x: Tensor, g: torch.Generator) -> object:
    return a.random_scale_crop(x, g, short_side=(2 * short(x), 2 * short(x) + 3), size=short(x))


def _sample(x: Tensor, g: torch.Generator) -> object:
    reach = torch.tensor([x.shape[-1], x.shape[-2]]) / 2
    return a.sample(x, reach * (2 * torch.rand(1, 20, 20, 2, generator=g) - 1))


def _blend(x: Tensor, g: torch.Generator) -> object:
    rows = torch.rand(len(x), CLASSES, generator=g).softmax(1)
    return a.blend(x, rows, lam=amounts(x, g, 0, 1), partner=torch.arange(len(x)).flip(0))


def _light(amount: float) -> dict[str, float]:
    return dict.fromkeys(("brightness", "contrast", "saturation"), amount)


WIDE = {"degrees": 40, "translate": 0.2, "scale": (0.6, 1.6), "stretch": 0.3, "shear": 15}


def _combined(x: Tensor, g: torch.Generator) -> object:
    both = [{"transform": contest.augmented(0.1)}, {"transform": contest.mixed(0.3)}]
    return combine(*both)["transform"](x, labels_of(x), g)


LIB: dict[str, Call] = {
    "adjust_brightness": lambda x, g: a.adjust_brightness(x, amounts(x, g, 0, 2)),
    "adjust_contrast": lambda x, g: a.adjust_contrast(x, amounts(x, g, 0, 2)),
    "adjust_hue": lambda x, g: a.adjust_hue(x, amounts(x, g, -0.5, 0.5)),
    "adjust_saturation": lambda x, g: a.adjust_saturation(x, amounts(x, g, 0, 2)),
    "affine": lambda x, g: a.affine(
        x,
        angle=amounts(x, g, -180, 180),
        translate=pairs(x, g, -9, 9),
        scale=amounts(x, g, 0.5, 2),
        stretch=pairs(x, g, 0.5, 2),
        shear=pairs(x, g, -30, 30),
        padding="reflection",
    ),
    "affine_matrix": lambda x, g: a.affine_matrix(
        x, angle=amounts(x, g, -180, 180), scale=1.3, stretch=(1.1, 0.9), shear=(10, 5)
    ),
    "blend": _blend,
    "color_jitter": lambda x, g: a.color_jitter(x, g, hue=0.2, **_light(0.6)),
    "crop": _crop,
    "crop_probabilities": lambda x, g: a.crop_probabilities(
        FirstPixel(), [a.ten_crops(x, short(x))]
    ),
    "cutout": lambda x, g: a.cutout(x, g, size=short(x)),
    "erase": _erase,
    "gray": lambda x, g: a.gray(x),
    "horizontal_flip": lambda x, g: a.horizontal_flip(x, torch.arange(len(x)) % 2 == 0),
    "label_preserving": lambda x, g: a.label_preserving(
        partial(a.random_affine, **WIDE), a.random_horizontal_flip
    )(x, labels_of(x), g),
    "lens_distortion": lambda x, g: a.lens_distortion(x, amounts(x, g, -0.3, 0.6)),
    "mixup": lambda x, g: a.mixup(x, labels_of(x), g, alpha=1.0, classes=CLASSES),
    "multi_scale_crops": lambda x, g: a.multi_scale_crops(
        x, scales=(short(x), short(x) + 3), size=short(x)
    ),
    "random_affine": lambda x, g: a.random_affine(x, g, **WIDE),
    "random_horizontal_flip": lambda x, g: a.random_horizontal_flip(x, g, p=0.7),
    "random_scale_crop": _random_scale_crop,
    "resize_short_side": lambda x, g: a.resize_short_side(x, short(x) + 1),
    "resized_crop": _resized_crop,
    "rotate": lambda x, g: a.rotate(x, amounts(x, g, -180, 180)),
    "sample": _sample,
    "shear": lambda x, g: a.shear(x, pairs(x, g, -40, 40)),
    "stretch": lambda x, g: a.stretch(x, pairs(x, g, 0.5, 2)),
    "ten_crops": lambda x, g: a.ten_crops(x, short(x)),
    "translate": lambda x, g: a.translate(x, pairs(x, g, -9, 9), padding="border"),
    "shift_images": lambda x, g: [
        a.shift_images(x, shift, generator=g)
        for shift in ("mirrored", "moved", "rescaled", "relit", "rotated")
    ],
}
ROOMS: dict[str, Call] = {
    "augmentation.training": lambda x, g: [
        a.label_preserving(*parts)(x, labels_of(x), g)[0] for parts in AUGMENTATIONS.values()
    ],
    "augmentation.controls.mirror_as_new_classes": lambda x, g: mirror_as_new_classes(
        x, labels_of(x), g
    )[0],
    "features.spaces.shifted": lambda x, g: shifted(x, 3),
    "hyperparameters.ward._moved": ward._moved,
    "regularization.contest.erased": lambda x, g: contest.erased(6)(x, labels_of(x), g),
    "regularization.contest.mixed": lambda x, g: contest.mixed(0.3)(x, labels_of(x), g),
    "regularization.contest.augmented": lambda x, g: contest.augmented(0.1)(x, labels_of(x), g),
    "regularization.combining._chained": _combined,
}
TRANSFORMS = LIB | ROOMS
NO_AUGMENTATIONS = {  # functions of images in rooms that do something else
    "captioning.pictures.see": "a network's features",
    "features.spaces.vectors": "a network's features",
    "preprocessing.leaks._standardized": "statistics of a data set",
    "preprocessing.leaks.mistakes": "statistics of a data set",
    "preprocessing.mistakes.scaled": "statistics of a data set",
    "saliency.edges.edges": "a map beside the images",
    "saliency.judging.blob": "a map beside the images, in float32",
    "synthesis.checks._swap": "the answer to an exercise",
}


def functions_of_images() -> set[str]:
    """Functions of the rooms that take `images: Tensor` and return tensors, as room.module.name."""
    found = set()
    for path in (ROOT / "chapters").glob("*/*.py"):
        if path.parent.name == "hidden":
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.returns:
                given = {n.arg for n in node.args.args if n.annotation}
                if "images" in given and "Tensor" in ast.unparse(node.returns):
                    found.add(f"{path.parent.name}.{path.stem}.{node.name}")
    return found


def results(name: str, images: Tensor, seed: int = 0) -> list[Tensor]:
    """What a transform returns, with its generator in the same state each time."""
    found = TRANSFORMS[name](images, torch.Generator().manual_seed(seed))
    return [found] if isinstance(found, Tensor) else [*found]
