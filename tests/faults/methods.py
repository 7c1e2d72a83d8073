"""Every public function of `lib` that takes images, called with as little as it needs."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lib import augmentation as a
from lib import preprocessing as p
from lib import regularization as r
from lib import visualization as v
from lib.visualization import objectives, parametrizations

CLASSES, CHANNELS, HEIGHT, WIDTH = 4, 3, 20, 18
LAYER = "0"


def generator(seed: int = 0) -> torch.Generator:
    """A CPU generator."""
    return torch.Generator().manual_seed(seed)


def make_images(count: int = 3, *, height: int = HEIGHT, width: int = WIDTH) -> Tensor:
    """Color images in [0, 1], the same each time."""
    return torch.rand(count, CHANNELS, height, width, generator=generator(1))


def random_rows(count: int, size: int) -> Tensor:
    """Vectors (count, size), the same each time."""
    return torch.rand(count, size, generator=generator(2))


def make_model() -> nn.Sequential:
    """A small network with a ReLU that works in place, which takes images of any size."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(CHANNELS, 6, 3, padding=1), nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, CLASSES),
        )  # fmt: skip


class Method(NamedTuple):
    """A function of images.

    Attributes:
        call: of (model, images); most augmentations ignore the model.
        rows: whether row i of the result depends on image i alone, so that batches can be split.
    """

    call: Callable[[nn.Module, Tensor], object]
    rows: bool = True


def _mixup(model: nn.Module, x: Tensor) -> object:
    return a.mixup(x, _numbers(x, len(x), value=0).long(), generator(), classes=2)


def _blend(model: nn.Module, x: Tensor) -> object:
    labels = _numbers(x, len(x), 2, value=0.5)
    return a.blend(x, labels, lam=0.3, partner=torch.arange(len(x)))


def _per_channel(function: Callable, *values: float) -> Callable[[nn.Module, Tensor], object]:
    return lambda model, x: function(x, *(_numbers(x, CHANNELS, value=value) for value in values))


def _numbers(x: Tensor, *shape: int, value: float) -> Tensor:
    """Equal numbers on the device of x, or on the CPU if x is no tensor."""
    return x.new_full(shape, value) if isinstance(x, Tensor) else torch.full(shape, value)


AUGMENTATIONS = {
    "adjust_brightness": Method(lambda _, x: a.adjust_brightness(x, 0.5)),
    "adjust_contrast": Method(lambda _, x: a.adjust_contrast(x, 0.5)),
    "adjust_hue": Method(lambda _, x: a.adjust_hue(x, 0.2)),
    "adjust_saturation": Method(lambda _, x: a.adjust_saturation(x, 0.5)),
    "affine": Method(lambda _, x: a.affine(x, angle=20, translate=(1, 2), scale=1.2)),
    "blend": Method(_blend),
    "color_jitter": Method(
        lambda _, x: a.color_jitter(x, generator(), contrast=0.3, hue=0.1), False
    ),
    "crop": Method(lambda _, x: a.crop(x, 1, 2, size=8)),
    "cutout": Method(lambda _, x: a.cutout(x, generator(), size=5), False),
    "erase": Method(lambda _, x: a.erase(x, top=1, left=2, size=5)),
    "gray": Method(lambda _, x: a.gray(x)),
    "horizontal_flip": Method(lambda _, x: a.horizontal_flip(x)),
    "lens_distortion": Method(lambda _, x: a.lens_distortion(x, 0.1)),
    "mixup": Method(_mixup, False),
    "multi_scale_crops": Method(lambda _, x: [*a.multi_scale_crops(x, scales=(9, 12), size=8)]),
    "random_affine": Method(lambda _, x: a.random_affine(x, generator(), degrees=9), False),
    "random_horizontal_flip": Method(lambda _, x: a.random_horizontal_flip(x, generator()), False),
    "random_scale_crop": Method(
        lambda _, x: a.random_scale_crop(x, generator(), short_side=(9, 12), size=8), False
    ),
    "resize_short_side": Method(lambda _, x: a.resize_short_side(x, 9)),
    "resized_crop": Method(
        lambda _, x: a.resized_crop(x, top=1, left=1, height=9, width=7, size=8)
    ),
    "rotate": Method(lambda _, x: a.rotate(x, 30)),
    "shear": Method(lambda _, x: a.shear(x, (10, 5))),
    "shift_images": Method(lambda _, x: a.shift_images(x, "relit", generator=generator())),
    "stretch": Method(lambda _, x: a.stretch(x, (1.2, 0.9))),
    "ten_crops": Method(lambda _, x: a.ten_crops(x, 8)),
    "translate": Method(lambda _, x: a.translate(x, (2, 1))),
}
FITS = {
    "fit_channel_mean": Method(lambda _, x: p.fit_channel_mean(x).mean, False),
    "fit_mean_image": Method(lambda _, x: p.fit_mean_image(x).mean, False),
    "fit_principal_components": Method(lambda _, x: p.fit_principal_components(x).variances, False),
    "fit_standardization": Method(lambda _, x: p.fit_standardization(x).std, False),
}
POOLINGS = {
    "batch_norm": Method(_per_channel(r.batch_norm, 1, 0), False),
    "batch_norm_inference": Method(_per_channel(r.batch_norm_inference, 1, 0, 0.5, 2)),
    "fractional_max_pool2d": Method(
        lambda _, x: r.fractional_max_pool2d(x, output_size=(12, 12), generator=generator()), False
    ),
}
EXPLANATIONS = {
    "deconvnet": Method(lambda m, x: v.deconvnet(m, x, 1)),
    "feature_vectors": Method(lambda m, x: v.feature_vectors(m, x)),
    "fgsm": Method(lambda m, x: v.fgsm(m, x, 1, epsilon=0.1)),
    "grad_cam": Method(lambda m, x: v.grad_cam(m, x, 1, LAYER)),
    "guided_backprop": Method(lambda m, x: v.guided_backprop(m, x, 1)),
    "input_gradient": Method(lambda m, x: v.input_gradient(m, x, 1)),
    "input_gradient_times_input": Method(lambda m, x: v.input_gradient_times_input(m, x, 1)),
    "integrated_gradients": Method(lambda m, x: v.integrated_gradients(m, x, 1, steps=2)),
    "maximally_activating_patches": Method(
        lambda m, x: v.maximally_activating_patches(m, x, LAYER, 1, count=2).images, False
    ),
    "occlusion_saliency": Method(lambda m, x: v.occlusion_saliency(m, x, 1, window=9, stride=9)),
    "patches_by_channel": Method(
        lambda m, x: v.patches_by_channel(m, x, LAYER, [0])[0].values, False
    ),
    "pgd": Method(lambda m, x: v.pgd(m, x, 1, epsilon=0.1, steps=2, step_size=0.05)),
    "record_activations": Method(lambda m, x: v.record_activations(m, x, [LAYER])[LAYER]),
    "saliency": Method(lambda m, x: v.saliency(m, x, 1)),
    "slide_window": Method(lambda m, x: v.slide_window(m, x, 1, window=9, stride=9).scores),
    "smoothgrad": Method(
        lambda m, x: v.smoothgrad(m, x, 1, samples=2, generator=generator()), False
    ),
    "style_grams": Method(lambda m, x: v.style_grams(m, x, [LAYER])[LAYER]),
}
SYNTHESES = {
    "deep_dream": Method(
        lambda m, x: v.deep_dream(
            m, x, objectives.layer_energy(LAYER), octaves=1, steps=1, generator=generator()
        )[-1],
        False,
    ),
    "gradient_ascent": Method(
        lambda m, x: v.gradient_ascent(m, 1, size=x.shape[1:], lam=0.1, lr=0.1, steps=2).images,
        False,
    ),
    "invert_features": Method(
        lambda m, x: (
            v.invert_features(
                m, x, LAYER, parametrization=parametrizations.pixels(x.detach()), steps=2
            ).images
        ),
        False,
    ),
    "receptive_field": Method(
        lambda m, x: torch.tensor(v.receptive_field(m, LAYER, image_size=20).size), False
    ),
    "style_transfer": Method(
        lambda m, x: (
            v.style_transfer(
                m,
                x[:1],
                x[1:2],
                content_layer=LAYER,
                style_layers=[LAYER],
                style_weights=[1.0],
                steps=2,
            ).images
        ),
        False,
    ),
    "synthesize": Method(
        lambda m, x: (
            v.synthesize(
                m, objectives.class_score(1), parametrization=parametrizations.pixels(x), steps=2
            ).images
        ),
        False,
    ),
    "synthesize_texture": Method(
        lambda m, x: (
            v.synthesize_texture(
                m, x, layers=[LAYER], parametrization=parametrizations.pixels(x.detach()), steps=2
            ).images
        ),
        False,
    ),
}
SEEING = AUGMENTATIONS | FITS | POOLINGS | EXPLANATIONS


def tensors(result: object) -> list[Tensor]:
    """The tensors that a function returned."""
    return [result] if isinstance(result, Tensor) else [*result]
